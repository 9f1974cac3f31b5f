/** How a partition becomes ready: fence, then read, then fetch. */
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
  const { committed, start, low, topicId } = position;
  const p = { ...unlocated, topicId };
  if (committed === undefined && start === low) return prepare(p, start);
  if (committed === undefined) return fix(p, start);
  const error = rangeError(around.rules.topic, p.partition, position);
  return error === undefined ? prepare(p, committed) : fail(p, error, around);
};

/** Commits a start position that moves with time, so that a crash cannot skip records. */
const fix = (p: Partition, offset: number): Moved => {
  const { partition, turn, writer, topicId } = p;
  const effect = { do: 'fix', partition, turn, writer: writer!, offset, topicId } as const;
  return [{ ...p, phase: 'fixing', next: offset }, [effect]];
};

const prepare = (p: Partition, offset: number): Moved => {
  const { partition, turn } = p;
  return [{ ...p, phase: 'preparing', next: offset }, [{ do: 'prepare', partition, turn, offset }]];
};

export const fixed: Transition<'fixed'> = (p, _, { stopping }) => (stopping ? end(p) : prepare(p, p.next));

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
