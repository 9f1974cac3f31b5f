/** The bytes of a release, as far as the log says where they are. */
import { setTimeout as sleep } from 'node:timers/promises';
import { boundsOf } from '../kafka/offsets.ts';
import { assembleRelease } from '../models/artifacts.ts';
import { LIMITS } from '../models/limits.ts';
import type { LoggedRelease } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import { BankChurnError, isTransient } from '../schemas/errors.ts';
import type { ModelLogAccess, ModelLogSettings } from './model-log-port.ts';

/** The two topics show a transaction at slightly different times: the end is looked at again. */
const LOOKS = 3;
const LOOK_MS = 200;

/**
 * Fetches a release. An error of the log is kept apart from an outage: beyond the end of a topic no record ever comes, and
 * a reader would wait for it.
 *
 * @throws BankChurnError MODEL_CORRUPT if bytes are missing or others than the log says; what Kafka is the reason of.
 */
export async function fetchRelease(settings: ModelLogSettings, logged: LoggedRelease): Promise<Release> {
  const { kafka, topics } = settings;
  const { artifactOffset: from, artifactChunks: chunks } = logged;
  const to = from + chunks;
  const topic = topics.modelArtifacts;
  const corrupt = (fault: string): BankChurnError =>
    new BankChurnError('MODEL_CORRUPT', `release ${logged.version} in the log: ${fault}`);
  await assertThere(settings, from, to, corrupt);
  const parts: Buffer[] = [];
  let bytes = 0;
  await kafka.readRanges(topic, [{ partition: 0, from, to }], (records, enough) => {
    for (const { value } of records) {
      if (value !== null) parts.push(value);
      bytes += value?.length ?? 0;
    }
    if (bytes > LIMITS.releaseBytes) enough();
  });
  if (bytes > LIMITS.releaseBytes) throw corrupt(`more than ${String(LIMITS.releaseBytes)} bytes`);
  if (parts.length !== chunks)
    throw corrupt(`${String(chunks - parts.length)} of its ${String(chunks)} chunks are missing in ${topic}`);
  return assembleRelease(logged, Buffer.concat(parts));
}

async function assertThere(
  { kafka, topics }: ModelLogSettings,
  from: number,
  to: number,
  corrupt: (fault: string) => BankChurnError,
): Promise<void> {
  for (let looks = 1; ; looks++) {
    const [bounds] = await boundsOf(kafka, topics.modelArtifacts);
    const held = bounds ?? { from: 0, to: 0 };
    if (from >= held.from && to <= held.to) return;
    const range = `${String(from)} to ${String(to - 1)}`;
    if (from < held.from || looks >= LOOKS)
      throw corrupt(`its bytes are missing: offsets ${range}, the topic has ${String(held.from)} to ${String(held.to - 1)}`); // prettier-ignore
    await sleep(LOOK_MS);
  }
}

/** The first of some releases that is whole. Throws the error of the last one, or what may pass. */
export async function fetchFirst(
  { fetch }: Pick<ModelLogAccess, 'fetch'>,
  candidates: readonly LoggedRelease[],
): Promise<Release> {
  let last: unknown = new BankChurnError('MODEL_UNAVAILABLE', 'the log has no release of the model');
  for (const candidate of candidates) {
    try {
      return await fetch(candidate);
    } catch (error) {
      if (isTransient(error)) throw error;
      last = error;
    }
  }
  throw last;
}
