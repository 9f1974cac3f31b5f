/** How a partition becomes ready: fence, then read, then claim, then fetch. */
import { BankChurnError } from '../schemas/errors.ts';
import type { Position } from '../schemas/ports.ts';
import { end, fail, type Moved, type Transition } from './loop-partition.ts';
import type { Partition } from './loop-state.ts';

export const opened: Transition<'opened'> = (p, { writer }, { stopping }) => {
  if (stopping) return end({ ...p, writer });
  const { partition, turn } = p;
  return [{ ...p, phase: 'locating', writer }, [{ do: 'locate', partition, turn }]];
};

export const located: Transition<'located'> = (unlocated, { position }, around) => {
  if (around.stopping) return end(unlocated);
  const { committed, start, topicId } = position;
  const p = { ...unlocated, topicId };
  const error = rangeError(around.rules.topic, p.partition, position);
  return error === undefined ? claim(p, committed ?? start) : fail(p, error, around);
};

/**
 * Commits where we go on, in our own name: whoever takes over learns whom to fence, and a crash cannot skip records where the start
 * position moves with time.
 */
const claim = (p: Partition, offset: number): Moved => {
  const { partition, turn, writer, topicId } = p;
  const effect = { do: 'claim', partition, turn, writer: writer!, offset, topicId } as const;
  return [{ ...p, phase: 'claiming', next: offset }, [effect]];
};

const prepare = (p: Partition, offset: number): Moved => {
  const { partition, turn } = p;
  return [{ ...p, phase: 'preparing', next: offset }, [{ do: 'prepare', partition, turn, offset }]];
};

export const claimed: Transition<'claimed'> = (p, _, { stopping }) =>
  stopping ? end(p) : prepare(p, p.next);

export const prepared: Transition<'prepared'> = (p, { role, nowMs }, { stopping }) => {
  if (stopping) return end(p);
  const { partition, turn, next: offset } = p;
  return [
    { ...p, phase: 'idle', role, armedAtMs: nowMs },
    [
      { do: 'start', partition, turn, offset },
      { do: 'report-armed', partition, offset },
    ],
  ];
};

/** What is wrong with a committed offset: the broker does not hold what comes next. */
export function rangeError(
  topic: string,
  partition: number,
  { committed, low, high }: Position,
): BankChurnError | undefined {
  if (committed === undefined || (committed >= low && committed <= high)) return undefined;
  return new BankChurnError(
    'OFFSET_OUT_OF_RANGE',
    `committed offset ${String(committed)} of ${topic}/${String(partition)} is outside of what the broker holds ` +
      `(${String(low)}..${String(high)}): records were deleted before they were processed, or the topic was created anew. ` +
      `Set the group's offset on purpose (bankchurn offsets adopt), then start again.`,
  );
}
