/** Writing to the model log: one writer at a time, which reads to the end before it decides. */
import { setTimeout as sleep } from 'node:timers/promises';
import { splitEmission } from '../consumers/split-emission.ts';
import { KafkaError } from '../kafka/errors.ts';
import { messageLimits } from '../kafka/message-limits.ts';
import { artifactChunks } from '../models/artifacts.ts';
import { isChange, type LogChange } from '../models/log-decisions.ts';
import { changeRecords, type ChangeContext } from '../models/log-records.ts';
import type { ModelLog } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import type { ModelOrigin } from '../schemas/generated.ts';
import type { ExclusiveTransaction } from '../kafka/port.ts';
import type { OutputRecord } from '../schemas/ports.ts';
import { readLog, type Scan } from './model-log-read.io.ts';
import type { ModelLogSettings, Written } from './model-log-port.ts';

/** Tries of one write; it is fenced by every other writer. */
const ATTEMPTS = 8;
/** Of one send of artifacts. */
const SEND_BYTES = 700_000;

/** Writes what `decide` says of the whole log; starts over if another writer fences it. */
export async function writeLog(
  settings: ModelLogSettings,
  scan: Scan,
  decide: (log: ModelLog) => LogChange,
  origin: ModelOrigin,
  release: Release | undefined,
): Promise<Written> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(settings, scan, decide, origin, release);
    } catch (error) {
      // Fenced by another writer, most likely: start over, not all at once. A missing right is reported at once.
      if (tries >= ATTEMPTS || !(error instanceof KafkaError) || error.kind === 'unauthorized') throw error;
      await sleep(100 + Math.random() * 400 * tries);
    }
  }
}

async function attempt(
  settings: ModelLogSettings,
  scan: Scan,
  decide: (log: ModelLog) => LogChange,
  origin: ModelOrigin,
  release: Release | undefined,
): Promise<Written> {
  const { kafka, topics, group, actor } = settings;
  const outputs = [topics.churnModels, topics.modelArtifacts].map((topic) => ({ topic, partition: 0 }));
  const writer = await kafka.openFencedWriter(`${group}.models`, { outputs, groupId: undefined });
  try {
    const { log } = await readLog(scan);
    const change = decide(log);
    if (!isChange(change)) return { log, change, offset: undefined };
    const transaction = await writer.begin();
    const brought = change.release ? await sendRelease(settings, transaction, release) : undefined;
    const records = changeRecords(change, { origin, actor, recordedAt: Date.now(), brought });
    const encode = await settings.encode();
    const values = records.map((record) => ({ key: record.modelVersion, ...encode(record) }));
    const first = await transaction.send({ topic: topics.churnModels, partition: 0, records: values });
    await transaction.commit();
    const before = records.length - change.kinds.length;
    return { log, change, offset: change.kinds.length === 0 ? undefined : first + before };
  } finally {
    await writer.close().catch(() => undefined);
  }
}

async function sendRelease(
  { kafka, topics: { modelArtifacts: topic } }: ModelLogSettings,
  transaction: ExclusiveTransaction,
  release: Release | undefined,
): Promise<ChangeContext['brought']> {
  if (release === undefined) throw new Error('a release is to be written and none was given');
  const maxBytes = (await messageLimits(kafka, [topic])).get(topic)!;
  const records = artifactChunks(release, maxBytes);
  const offset = await sendAll(transaction, topic, records, maxBytes);
  return { manifest: JSON.stringify(release.manifest), artifact: { offset, chunks: records.length } };
}

/** Sends records in parts that the topic takes. Returns the offset of the first. */
async function sendAll(
  transaction: ExclusiveTransaction,
  topic: string,
  records: readonly OutputRecord[],
  maxBytes: number,
): Promise<number> {
  let first: number | undefined;
  for (const part of splitEmission(
    { topic, partition: 0, records },
    records.length,
    Math.min(maxBytes, SEND_BYTES),
  )) {
    const offset = await transaction.send(part);
    first ??= offset;
  }
  return first!;
}
