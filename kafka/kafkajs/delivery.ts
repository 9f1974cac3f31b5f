/** Fetched batches as the loop is given them, and where the next fetch of each partition begins. */
import type { EachBatchPayload } from 'kafkajs';
import { datedRecords, type LagTracker } from '../lag.ts';
import type { ConsumerEvents } from '../port.ts';
import { toSourceRecord } from './records.ts';

/** Where the next fetch of each partition begins. */
export type Positions = Map<number, number>;

/** Hands a batch to the loop. Its `heartbeat` and what the loop rejects with are kafkajs's own errors, and stay so. */
export async function deliver(
  { batch, heartbeat, resolveOffset }: EachBatchPayload,
  events: Pick<ConsumerEvents, 'deliver'>,
  positions: Positions,
  lag: Pick<LagTracker, 'fetched' | 'processed'>,
): Promise<void> {
  const { partition } = batch;
  const fetchedOffset = Number((batch as unknown as { fetchedOffset: string }).fetchedOffset);
  // Fetched before a seek that went back: to hand it on would skip what lies between.
  if (fetchedOffset > (positions.get(partition) ?? 0)) return;
  const records = batch.messages.map(toSourceRecord);
  const end = Number(batch.lastOffset()) + 1;
  lag.fetched(partition, fetchedOffset, datedRecords(records), end);
  let done = 0; // of `records`
  await events.deliver(partition, records, {
    heartbeat,
    resolve: (offset) => {
      resolveOffset(String(offset));
      while (done < records.length && records[done]!.offset <= offset) done += 1;
      const isLast = offset === records[records.length - 1]?.offset;
      const next = isLast ? end : offset + 1;
      positions.set(partition, next);
      lag.processed(partition, next, records[done - 1], records[done]);
    },
  });
}
