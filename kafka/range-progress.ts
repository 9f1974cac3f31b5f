/** How far a reading of offset ranges has come. */
import type { SourceRecord } from '../schemas/ports.ts';
import type { OffsetRange } from './port.ts';

export interface RangeProgress {
  /** Whether a range of this partition was asked for. */
  isWanted(partition: number): boolean;
  /** Of some fetched records those that are in the range and were not taken yet: a fetch may bring others, and some twice. */
  take(partition: number, records: readonly SourceRecord[]): SourceRecord[];
  /** All up to this offset has been read. */
  passed(partition: number, lastOffset: number): void;
  /** Whether all ranges are read to their ends. */
  isComplete(): boolean;
}

export function createRangeProgress(ranges: readonly OffsetRange[]): RangeProgress {
  const open = new Map(ranges.filter(({ from, to }) => to > from).map((range) => [range.partition, range]));
  const next = new Map(ranges.map(({ partition, from }) => [partition, from]));
  return {
    isWanted: (partition) => next.has(partition),
    take: (partition, records) => {
      const range = open.get(partition);
      if (range === undefined) return [];
      const from = next.get(partition)!;
      const fresh = records.filter(({ offset }) => offset >= from && offset < range.to);
      if (fresh.length > 0) next.set(partition, fresh[fresh.length - 1]!.offset + 1);
      return fresh;
    },
    passed: (partition, lastOffset) => {
      const range = open.get(partition);
      if (range !== undefined && lastOffset >= range.to - 1) open.delete(partition);
    },
    isComplete: () => open.size === 0,
  };
}
