/** What the next fetch from a broker asks for. */
import { backOff, type BackOff } from '../../schemas/back-off.ts';
import { isWanting, type PartitionFetch } from './fetch-partition.ts';

export interface FetchRules {
  /** Of one partition in one fetch, bytes; a larger batch of a producer comes whole. */
  readonly partitionBytes: number;
  /** With less room a partition is not asked for, bytes. */
  readonly leastBytes: number;
  /** All that is fetched and not processed, bytes. */
  readonly totalBytes: number;
  /** Partitions that are processed side by side. */
  readonly concurrent: number;
  /** How long a broker may wait for a first byte, milliseconds. */
  readonly maxWaitMs: number;
  /** The same while partitions of the broker are left out, which may come back at any moment; grows while nothing comes. */
  readonly shortWaitMs: BackOff;
  /** After errors, milliseconds. */
  readonly retryMs: BackOff;
}

export const FETCH_RULES: FetchRules = {
  partitionBytes: 340_000,
  leastBytes: 8192,
  totalBytes: 8_000_000,
  concurrent: 64,
  maxWaitMs: 500,
  shortWaitMs: { first: 10, longest: 100 },
  retryMs: { first: 100, longest: 2000 },
};

export interface Asked {
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
  readonly epoch: number;
}

export interface FetchPlan {
  readonly asked: readonly Asked[];
  readonly maxWaitMs: number;
  /** What it may bring. */
  readonly bytes: number;
}

/**
 * @param led all partitions of the broker.
 * @param freeBytes that the fetch may bring.
 * @param empties fetches from this broker in a row that brought nothing.
 * @returns undefined: nothing to ask for.
 */
export function planFetch(
  led: readonly PartitionFetch[],
  freeBytes: number,
  empties: number,
  { partitionBytes, leastBytes, maxWaitMs, shortWaitMs }: FetchRules,
): FetchPlan | undefined {
  const wanting = led.filter(isWanting).sort(byTurn);
  const least = Math.min(leastBytes, partitionBytes);
  const each = Math.max(least, Math.min(partitionBytes, Math.floor(freeBytes / wanting.length)));
  const asked: Asked[] = [];
  let bytes = 0;
  for (const { partition, fetchFrom, epoch, batchBytes } of wanting) {
    const maxBytes = Math.max(each, batchBytes);
    if (bytes + maxBytes > freeBytes && (bytes > 0 || freeBytes < least)) continue;
    asked.push({ partition, offset: fetchFrom!, maxBytes, epoch });
    bytes += maxBytes;
  }
  if (asked.length === 0) return undefined;
  const isWhole = asked.length === led.length;
  return { asked, bytes, maxWaitMs: isWhole ? maxWaitMs : backOff(shortWaitMs, empties) };
}

/** Whoever has waited longest first. A batch that is larger than what is asked for comes only if it is the first in the answer. */
const byTurn = (a: PartitionFetch, b: PartitionFetch): number => a.order - b.order;
