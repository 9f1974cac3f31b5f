/** Fetched batches as the loop is given them, and where the next fetch of each partition begins. */
import type { EachBatchPayload } from 'kafkajs';
import type { ConsumerEvents } from '../port.ts';
import { toSourceRecord } from './records.ts';

/** Where the next fetch of each partition begins. */
export type Positions = Map<number, number>;

/** Hands a batch to the loop. Its `heartbeat` and what the loop rejects with are kafkajs's own errors, and stay so. */
export async function deliver(
  { batch, heartbeat, resolveOffset }: EachBatchPayload,
  events: Pick<ConsumerEvents, 'deliver' | 'lag'>,
  positions: Positions,
  now: () => number,
): Promise<void> {
  const { fetchedOffset } = batch as unknown as { fetchedOffset: string };
  // Fetched before a seek that went back: to hand it on would skip what lies between.
  if (Number(fetchedOffset) > (positions.get(batch.partition) ?? 0)) return;
  const records = batch.messages.map(toSourceRecord);
  await events.deliver(batch.partition, records, {
    heartbeat,
    resolve: (offset) => {
      resolveOffset(String(offset));
      const isLast = offset === records[records.length - 1]?.offset;
      positions.set(batch.partition, (isLast ? Number(batch.lastOffset()) : offset) + 1);
      const waiting = Math.max(0, Number(batch.highWatermark) - 1 - offset);
      const processed = records.findLast((record) => record.offset === offset);
      const ageMs = waiting === 0 || processed === undefined ? 0 : Math.max(0, now() - processed.timestampMs);
      events.lag(batch.partition, waiting, ageMs);
    },
  });
}
