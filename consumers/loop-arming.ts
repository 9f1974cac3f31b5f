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

export const located: Transition<'located'> = (p, { position }, around) => {
  if (around.stopping) return end(p);
  const { committed, start, low, high } = position;
  if (committed === undefined && start === low) return prepare(p, start);
  if (committed === undefined) return fix(p, start);
  if (committed >= low && committed <= high) return prepare(p, committed);
  return fail(p, outOfRange(around.rules.topic, p.partition, position), around);
};

/** Commits a start position that moves with time, so that a crash cannot skip records. */
const fix = (p: Partition, offset: number): Moved => {
  const { partition, turn, writer } = p;
  return [{ ...p, phase: 'fixing', next: offset }, [{ do: 'fix', partition, turn, writer: writer!, offset }]];
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

const outOfRange = (topic: string, partition: number, { committed, low, high }: Position): BankChurnError =>
  new BankChurnError(
    'OFFSET_OUT_OF_RANGE',
    `committed offset ${String(committed)} of ${topic}/${String(partition)} is outside of what the broker holds ` +
      `(${String(low)}..${String(high)}): records were deleted before they were processed, or the topic was created anew. ` +
      `Set the group's offset on purpose (kafka-consumer-groups --reset-offsets), then start again.`,
  );
