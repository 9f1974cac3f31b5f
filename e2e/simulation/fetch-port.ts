/** Fetching from the simulated Kafka: record sets are lists of offsets, and leaders move with each restart. */
import type { FetchedPartition, FetchPort } from '../../kafka/group/ports.ts';
import { recordsOf } from '../../schemas/records.ts';
import type { ReadFetched } from '../../kafka/group/fetch-hands.ts';
import type { Random } from '../../schemas/random.ts';
import type { SourceRecord } from '../../schemas/ports.ts';
import type { SimulatedKafka } from './kafka.ts';
import type { SimulatedProcess } from './process.ts';

export function createFetchPort(kafka: SimulatedKafka, process: SimulatedProcess, random: Random): FetchPort {
  const leaderOf = (partition: number): string => `b${String((partition + kafka.incarnation()) % 2)}`;

  function fetched(leader: string, partition: number, offset: number): FetchedPartition {
    const high = kafka.high(partition);
    const isElsewhere = leaderOf(partition) !== leader;
    const size = 1 + random.int(10);
    const offsets = isElsewhere ? [] : kafka.input[partition]!.filter((at) => at >= offset).slice(0, size);
    return {
      ...{ partition, code: isElsewhere ? 6 : 0, highWatermark: high, lastStableOffset: high, aborted: [] },
      error: isElsewhere ? 'not-leader' : undefined,
      set: Buffer.from(offsets.join(',')),
    };
  }

  return {
    leaders: () =>
      process.call(
        () => new Map(Array.from({ length: kafka.partitions }, (_, p) => [p, leaderOf(p)] as const)),
      ),
    fetch: (leader, from, maxWaitMs) =>
      process.call(async () => {
        const all = (): FetchedPartition[] =>
          from.map(({ partition, offset }) => fetched(leader, partition, offset));
        const now = all();
        if (now.some(({ set, error }) => set.length > 0 || error !== undefined)) return now;
        await kafka.appended(maxWaitMs);
        return all();
      }),
  };
}

export const readFetched: ReadFetched = (_, set, from) => {
  const offsets = set.toString().split(',').map(Number);
  const last = offsets.at(-1)!;
  const next = Math.max(from, last + 1);
  return Promise.resolve({ records: recordsOf(offsets.map(toRecord)), next, bytes: set.length });
};

export const toRecord = (offset: number): SourceRecord => ({
  offset,
  timestampMs: 0,
  key: null,
  value: Buffer.from(String(offset)),
  headers: {},
});
