/** Fetched batches as the loop is given them, and where the next fetch of each partition begins. */
import type { EachBatchPayload } from 'kafkajs';
import { lastOffset, recordsOf, type Records } from '../../schemas/records.ts';
import type { LagTracker } from '../lag.ts';
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
  const records = recordsOf(batch.messages.map(toSourceRecord));
  const end = Number(batch.lastOffset()) + 1;
  lag.fetched(partition, fetchedOffset, records, end);
  let done = 0; // of `records`
  await events.deliver(partition, records, {
    heartbeat,
    resolve: (offset) => {
      resolveOffset(String(offset));
      while (done < records.length && records.offsetAt(done) <= offset) done += 1;
      const isLast = records.length > 0 && offset === lastOffset(records);
      const next = isLast ? end : offset + 1;
      positions.set(partition, next);
      lag.processed(partition, next, dated(records, done - 1), dated(records, done));
    },
  });
}

const dated = (records: Records, i: number): { offset: number; timestampMs: number } | undefined =>
  i < 0 || i >= records.length
    ? undefined
    : { offset: records.offsetAt(i), timestampMs: records.timestampAt(i) };
