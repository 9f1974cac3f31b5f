/** What waits in each partition: of how far it is processed, what was fetched of it, and where the broker says that it ends. */
import type { SourceRecord } from '../schemas/ports.ts';
import { indexFrom, type Records } from '../schemas/records.ts';
import { addSample, appendedBetween, type EndSamples } from './end-samples.ts';
import { covers, firstCandidate, knownRange, recordsFrom, type KnownRange } from './known-range.ts';
import type { PartitionLag } from './port.ts';

/** A record as far as lag is concerned, and some of them. */
type Dated = Pick<SourceRecord, 'offset' | 'timestampMs'>;
type AllDated = Pick<Records, 'length' | 'offsetAt' | 'timestampAt'>;

/** Records of which no more than offset and time is known, ascending. */
export const datedOf = (list: readonly Dated[]): AllDated => ({
  length: list.length,
  offsetAt: (i) => list[i]!.offset,
  timestampAt: (i) => list[i]!.timestampMs,
});

/** Where somebody has to look, since nobody knows since when something waits there. */
export interface Unclear {
  readonly partition: number;
  readonly from: number;
}

/** Follows the partitions of a consumer. Times are milliseconds since 1970. What is said of a partition that is not assigned is ignored. */
export interface LagTracker {
  assigned(partitions: readonly number[]): void;
  partitions(): number[];
  /** Where processing goes on, as the broker has it or after a seek. */
  located(partition: number, next: number): void;
  /** Partitions of which nobody has said where processing goes on. */
  unlocated(): number[];
  /** `from` <= offset < `to` was fetched: these records, and nothing else that is to be read. */
  fetched(partition: number, from: number, records: AllDated, to: number): void;
  /** All before `next` is processed, `last` the last of it; `following` comes next, if that is fetched already. */
  processed(partition: number, next: number, last?: Dated, following?: Dated): void;
  /** What lies at `offset` cannot be read yet; it was appended then. */
  glimpsed(partition: number, offset: number, timestampMs: number): void;
  /** Where partitions end (the broker's high watermarks). */
  ended(ends: ReadonlyMap<number, number>, nowMs: number): void;
  /** Where to look: something waits since nobody knows when, and has since the last call, so that no fetch is on its way. */
  unclear(): Unclear[];
  /** Of each partition of which both ends are known. */
  lags(nowMs: number): PartitionLag[];
}

interface Tracked {
  next: number | undefined;
  known: KnownRange | undefined;
  /** A record, or what cannot be read yet, whose time is known. */
  dated: (Dated & { readonly isGlimpse: boolean }) | undefined;
  samples: EndSamples;
  /** When the last processed record was appended. */
  processedMs: number | undefined;
  /** Where something waited at the last call of `unclear`. */
  waitedFrom: number | undefined;
}

const untold = (): Tracked => ({
  next: undefined,
  known: undefined,
  dated: undefined,
  samples: [],
  processedMs: undefined,
  waitedFrom: undefined,
});

export function createLagTracker(): LagTracker {
  let tracked = new Map<number, Tracked>();
  return {
    assigned: (partitions) => {
      tracked = new Map(partitions.map((partition) => [partition, tracked.get(partition) ?? untold()]));
    },
    partitions: () => [...tracked.keys()],
    located: (partition, next) => void Object.assign(tracked.get(partition) ?? {}, { next }),
    unlocated: () =>
      [...tracked].filter(([, { next }]) => next === undefined).map(([partition]) => partition),
    fetched: (partition, from, records, to) => {
      const p = tracked.get(partition);
      if (p === undefined) return;
      p.known = knownRange(p.known, from, records, to);
      const first = indexFrom(records, p.next ?? from);
      if (first < records.length)
        p.dated = date({ offset: records.offsetAt(first), timestampMs: records.timestampAt(first) });
    },
    processed: (partition, next, last, following) => {
      const p = tracked.get(partition);
      if (p === undefined) return;
      p.next = next;
      if (last !== undefined) p.processedMs = last.timestampMs;
      if (following !== undefined) p.dated = date(following);
    },
    glimpsed: (partition, offset, timestampMs) =>
      void Object.assign(tracked.get(partition) ?? {}, { dated: date({ offset, timestampMs }, true) }),
    ended: (ends, nowMs) => {
      for (const [partition, end] of ends) {
        const p = tracked.get(partition);
        if (p !== undefined) p.samples = addSample(p.samples, end, nowMs, p.next ?? 0);
      }
    },
    unclear: () => [...tracked].flatMap(([partition, p]) => unclearOf(partition, p)),
    lags: (nowMs) => [...tracked].flatMap(([partition, p]) => lagOf(partition, p, nowMs)),
  };
}

/** Copied: the record itself would keep its bytes in memory. */
const date = ({ offset, timestampMs }: Dated, isGlimpse = false) => ({ offset, timestampMs, isGlimpse });

function unclearOf(partition: number, p: Tracked): Unclear[] {
  const from = p.next === undefined ? undefined : firstCandidate(p.known, p.next);
  const isWaiting = from !== undefined && (waiting(p) ?? 0) > 0;
  const hasWaited = isWaiting && p.waitedFrom === from;
  p.waitedFrom = isWaiting ? from : undefined;
  const isDated = p.dated !== undefined && p.dated.offset === from && !p.dated.isGlimpse;
  return hasWaited && !isDated ? [{ partition, from }] : [];
}

function lagOf(partition: number, p: Tracked, nowMs: number): PartitionLag[] {
  const records = waiting(p);
  if (records === undefined) return [];
  const ageMs = records === 0 ? 0 : Math.max(0, nowMs - oldestMs(p, nowMs));
  return [{ partition, records, ageMs }];
}

/** Records that wait; undefined while position or end is not known. */
function waiting({ next, known, samples }: Tracked): number | undefined {
  const end = samples[samples.length - 1]?.end;
  if (end === undefined || next === undefined) return undefined;
  if (!covers(known, next)) return Math.max(0, end - next);
  return recordsFrom(known, next) + Math.max(0, end - known.to);
}

/** When the oldest of those that wait was appended, as well as it is known. */
function oldestMs({ next, known, dated, samples, processedMs }: Tracked, nowMs: number): number {
  const oldest = firstCandidate(known, next!);
  if (dated?.offset === oldest) return dated.timestampMs;
  const { afterMs, beforeMs } = appendedBetween(samples, oldest) ?? { afterMs: undefined, beforeMs: nowMs };
  if (afterMs !== undefined) return (afterMs + beforeMs) / 2;
  // It waited before the first look: records are about as old as the one before them.
  return Math.min(processedMs ?? beforeMs, beforeMs);
}
