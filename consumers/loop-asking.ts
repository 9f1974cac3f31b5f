/** After a batch failed: is the partition still ours, and how does it go on? */
import { end, fail, open, settleAll, type Around, type Moved, type Transition } from './loop-partition.ts';
import type { Effect, Partition } from './loop-state.ts';
import { isRecordsOwn, suspect } from './loop-suspicion.ts';
import { GroupError } from './membership.ts';

/** The partition is still ours. */
export const heard: Transition<'heard'> = (p, _, around) => {
  const settled = settleAll(p);
  const [moved, effects] = p.error === undefined ? open(p, around) : goOn({ ...p, work: [] }, around);
  return [moved, [...effects, ...settled]];
};

/** After a failed batch: what a record may have caused is looked into, anything else is waited out. */
function goOn(p: Partition, around: Around): Moved {
  const { partition, error, batch } = p;
  if (batch === undefined || !isRecordsOwn(error)) return fail(p, error, around);
  const { suspicion, waits } = suspect(p.suspicion, batch, error, around.rules.maxSendBytes);
  const wary = { ...p, suspicion, batch: undefined };
  if (waits || around.stopping) return fail(wary, error, around);
  const [opening, effects] = open({ ...wary, failures: p.failures + 1 }, around);
  return [opening, [{ do: 'report-disarmed', partition, error, retryInMs: 0 }, ...effects]];
}

/** The consumer must hear of it: it joins again. Until then the partition stays as it is. */
export const unheard: Transition<'unheard'> = (p, { cause }, { rules, stopping }) => {
  const { partition, turn, error } = p;
  const { first: ms } = rules.backOffMs;
  const reason = (cause as { cause?: unknown }).cause;
  const effects: Effect[] = [];
  if (error !== undefined && !(error instanceof GroupError))
    effects.push({ do: 'report-disarmed', partition, error, retryInMs: ms });
  effects.push(...settleAll(p, reason));
  if (stopping) return [{ ...p, phase: 'ended', work: [] }, effects];
  const asks = p.work[0]!.delivery;
  effects.push({ do: 'wait', partition, turn, ms });
  return [{ ...p, phase: 'unheard', work: [], waitMs: ms, asks }, effects];
};

/**
 * A lost membership comes back as a new assignment, which ends this. A heartbeat that failed because the broker was away
 * brings none: the first one that succeeds says that the partition is still ours.
 */
export const askAgain: Transition<'waited'> = (p, _, { stopping }) => {
  const { partition, turn, asks } = p;
  if (stopping) return end(p);
  return [p, [{ do: 'ask', partition, turn, delivery: asks!, inHand: undefined }]];
};

export const stillUnheard: Transition<'unheard'> = (p, _, { rules }) => {
  const { partition, turn } = p;
  const waitMs = Math.min(p.waitMs * 2, rules.backOffMs.longest);
  return [{ ...p, waitMs }, [{ do: 'wait', partition, turn, ms: waitMs }]];
};
