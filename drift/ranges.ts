/**
 * Which input each activation has counted: the last offset of every partition. Scorers count in the transaction of their
 * offsets, so the ranges of a partition follow each other; one that does not has counted events twice (ADR 5).
 */

/** The last offset counted: by stream (one topic as one group reads it), then by partition. */
export type Counted = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Some consecutive input of one partition; `lastOffset` included. */
export interface InputRange {
  readonly stream: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/** Streams that are remembered; the oldest is forgotten. More than one: another group counts, or the topic was created anew. */
const MOST_STREAMS = 4;

/** The last offset that was counted of a range's partition, if the range begins at or before it. */
export function overlapOf(
  counted: Counted,
  { stream, partition, firstOffset }: InputRange,
): number | undefined {
  const last = counted[stream]?.[partition];
  return last !== undefined && firstOffset <= last ? last : undefined;
}

/** With a range that was counted. */
export function withRange(counted: Counted, { stream, partition, lastOffset }: InputRange): Counted {
  const { [stream]: former, ...others } = counted;
  const last = Math.max(former?.[partition] ?? -1, lastOffset);
  const kept = Object.entries(others).slice(1 - MOST_STREAMS);
  return { ...Object.fromEntries(kept), [stream]: { ...former, [partition]: last } };
}

/** Without what an operator has said is to be scored again. */
export function withoutPartition(
  counted: Counted,
  { stream, partition }: Pick<InputRange, 'stream' | 'partition'>,
): Counted {
  const former = counted[stream];
  if (former === undefined) return counted;
  const others = Object.entries(former).filter(([name]) => name !== String(partition));
  return { ...counted, [stream]: Object.fromEntries(others) };
}
