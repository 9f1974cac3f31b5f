/** What every transition of the loop is made of. The table of transitions: `loop-step.ts`. */
import { backOff } from '../schemas/back-off.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { UNSUSPICIOUS } from './loop-suspicion.ts';
import type { Effect, LoopRules, Partition, PartitionHappening } from './loop-state.ts';

type Kind = PartitionHappening['kind'];

export type Of<K extends Kind> = Extract<PartitionHappening, { readonly kind: K }>;

/** Around a transition: the rules, whether the loop stops, and the turn of a partition that starts anew. */
export interface Around {
  readonly rules: LoopRules;
  readonly stopping: boolean;
  readonly nextTurn: number;
}

export type Moved = readonly [Partition, readonly Effect[]];

export type Transition<K extends Kind> = (p: Partition, happening: Of<K>, around: Around) => Moved;

/** A partition that is ready again after an error counts as ready when a batch is committed, or after so much quiet, milliseconds. */
const QUIET_MS = 1000;

/** Ready is not enough: while the registry hangs, a partition becomes ready between any two tries. */
export const isSound = ({ failures, owed, next, work, armedAtMs }: Partition, nowMs: number): boolean =>
  failures === 0 || (owed < next && work.length === 0 && nowMs - armedAtMs >= QUIET_MS);

const FRESH = { owed: -1, failures: 0, topicId: undefined, next: 0, armedAtMs: 0, waitMs: 0 } as const;

/** A partition as the group has just assigned it. */
export const newPartition = (partition: number, turn: number): Partition => ({
  ...{ partition, turn, ...FRESH, phase: 'opening', work: [] },
  ...{ writer: undefined, role: undefined, error: undefined, asks: undefined },
  ...{ batch: undefined, suspicion: UNSUSPICIOUS },
});

/** Starts all over: a new turn, and a writer that fences the one before. */
export function open(p: Partition, { stopping, nextTurn }: Omit<Around, 'rules'>): Moved {
  if (stopping) return [{ ...p, phase: 'ended', work: [] }, []];
  const { partition, failures, owed, suspicion } = p;
  const opening = { ...newPartition(partition, nextTurn), failures, owed, suspicion };
  return [opening, [{ do: 'open', partition, turn: nextTurn }]];
}

export const openAgain = (p: Partition, _: unknown, around: Around): Moved => open(p, around);

/** Closes the writer, if there is one: nothing of its open transaction takes effect. */
export const close = ({ writer }: Partition): Effect[] =>
  writer === undefined ? [] : [{ do: 'close', writer }];

/** Ends deliveries that wait behind the one in hand. */
export const settleQueued = ({ work }: Partition): Effect[] =>
  work.slice(1).map(({ delivery: inHand }) => ({ do: 'settle', inHand }));

export const settleAll = ({ work }: Partition, error?: unknown): Effect[] =>
  work.map(({ delivery: inHand }, i) => ({ do: 'settle', inHand, ...(i === 0 ? { error } : {}) }));

/** Closes the writer and tries again after a wait; an error that is final ends the loop. */
export function fail(p: Partition, error: unknown, { rules, stopping }: Around): Moved {
  const { partition, turn } = p;
  const closed = close(p);
  const left = { ...p, writer: undefined, role: undefined };
  if (error instanceof BankChurnError && error.action === 'fatal')
    return [{ ...left, phase: 'ended' }, [...closed, { do: 'report-fatal', error }]];
  if (stopping) return [{ ...left, phase: 'ended' }, closed];
  const retryInMs = backOff(rules.backOffMs, p.failures);
  return [
    { ...left, phase: 'resting', failures: p.failures + 1 },
    [
      ...closed,
      { do: 'report-disarmed', partition, error, retryInMs },
      { do: 'wait', partition, turn, ms: retryInMs },
    ],
  ];
}

/** A try to become ready failed. */
export const failed: Transition<'failed'> = (p, { error }, around) => fail(p, error, around);

/** The loop stops: the partition does not become ready any more. */
export const end = (p: Partition): Moved => [{ ...p, phase: 'ended', writer: undefined }, close(p)];

/** Nobody processes it now: it comes again. */
export const turnAway: Transition<'delivered'> = (p, { work }) => [
  p,
  [{ do: 'settle', inHand: work.delivery }],
];
