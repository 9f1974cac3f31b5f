import { verdictFault } from '../drift/checks.ts';
import { UNTESTED } from '../drift/verdict-records.ts';
import { boundsOf } from '../kafka/offsets.ts';
import { BankChurnError, isPoisonError } from '../schemas/errors.ts';
import type { DriftVerdict } from '../schemas/generated.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import { decodeOwn } from './codecs.ts';
import type { OnSkipped } from './own-records.ts';
import type { Clients } from './wiring.io.ts';

/** Offsets looked at from the end, at first and then: a verdict behind more garbage than that is not found. */
const WINDOWS = [200, 10_000];

/**
 * The newest verdict of the monitor that is wanted, if there is one. What cannot be read is skipped; `onSkipped` is called
 * with what lies behind the verdict that is found.
 *
 * @throws BankChurnError if Kafka or the registry is in the way.
 */
export async function findVerdict(
  clients: Clients,
  onSkipped: OnSkipped = () => undefined,
  isWanted: (verdict: DriftVerdict) => boolean = () => true,
): Promise<DriftVerdict | undefined> {
  const { config, kafka } = clients;
  const topic = config.topics.names.driftVerdicts;
  const [bounds] = await boundsOf(kafka, topic);
  if (bounds === undefined) return undefined;
  const { from: low, to: high } = bounds;
  let found: DriftVerdict | undefined;
  const skipped: Parameters<OnSkipped>[] = [];
  let to = high;
  for (const window of WINDOWS) {
    const from = Math.max(low, high - window);
    const behind = skipped.splice(0);
    // Decoded as it comes: garbage is large at will, and only the newest verdict is kept.
    await kafka.readRanges(topic, [{ partition: 0, from, to }], async (records) => {
      for (const record of records) {
        const verdict = await readVerdict(clients, record, (...skip) => void skipped.push(skip));
        if (verdict === undefined || !isWanted(verdict)) continue;
        found = verdict;
        skipped.length = 0;
      }
    });
    skipped.push(...behind);
    to = from;
    if (found !== undefined || from === low) break;
  }
  for (const skip of skipped) onSkipped(...skip);
  return found;
}

async function readVerdict(
  { registry }: Clients,
  record: SourceRecord,
  onSkipped: OnSkipped,
): Promise<DriftVerdict | undefined> {
  try {
    const read = (await decodeOwn(record, registry, 'DriftVerdict')) as Partial<DriftVerdict>;
    const verdict = { ...UNTESTED, ...read } as DriftVerdict;
    const fault = verdictFault(verdict);
    if (fault === undefined) return verdict;
    throw new BankChurnError('RECORD_INVALID', `no DriftVerdict: ${fault} cannot be`);
  } catch (error) {
    if (!isPoisonError(error)) throw error;
    onSkipped(record.offset, error);
    return undefined;
  }
}
