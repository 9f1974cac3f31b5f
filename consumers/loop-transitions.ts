/** What each happening does to one partition of the loop. The table that says when: `loop-step.ts`. */
import { backOff } from '../schemas/back-off.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { Batch, Position } from '../schemas/ports.ts';
import { cut, isRecordsOwn, relieve, suspect, UNSUSPICIOUS } from './loop-suspicion.ts';
import type { Effect, InHand, LoopRules, Partition, PartitionHappening, Work } from './loop-state.ts';
import { GroupError } from './membership.ts';

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

const FRESH = { owed: -1, failures: 0, next: 0, armedAtMs: 0, waitMs: 0 } as const;

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

/** Closes the writer, if there is one: nothing of its open transaction takes effect. */
export const close = ({ writer }: Partition): Effect[] =>
  writer === undefined ? [] : [{ do: 'close', writer }];

/** Ends deliveries that wait behind the one in hand. */
export const settleQueued = ({ work }: Partition): Effect[] =>
  work.slice(1).map(({ delivery: inHand }) => ({ do: 'settle', inHand }));

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

/** Nothing is in hand: the delivery is taken up at once. */
export const takeUp: Transition<'delivered'> = (p, { work, nowMs }, around) => {
  const failures = isSound(p, nowMs) ? 0 : p.failures;
  return nextBatch({ ...p, failures, work: [work] }, around, []);
};

/** One at a time: after a leader moved, a second fetch of a partition can come while the first is in hand. */
export const queue: Transition<'delivered'> = (p, { work }) => [{ ...p, work: [...p.work, work] }, []];

/** The next batch of what was delivered, or a rest. */
function nextBatch(p: Partition, around: Around, before: readonly Effect[]): Moved {
  const effects = [...before];
  let work: readonly Work[] = p.work;
  for (;;) {
    const [first, ...rest] = work;
    if (first === undefined) return [{ ...p, phase: 'idle', work }, effects];
    const { delivery: inHand } = first;
    const fresh = from(p.next, first);
    if (fresh.length > 0 && !around.stopping) {
      const records = cut(fresh, around.rules.maxBatchRecords, p.suspicion);
      const batch = { topic: around.rules.topic, partition: p.partition, records };
      effects.push(decide(p, batch, inHand));
      return [{ ...p, phase: 'deciding', batch, work: [{ ...first, records: fresh }, ...rest] }, effects];
    }
    // Fetched before a seek, and processed already.
    if (first.records.length > 0 && !around.stopping)
      effects.push({ do: 'resolve', partition: p.partition, turn: p.turn, inHand, offset: p.next - 1 });
    effects.push({ do: 'settle', inHand });
    work = rest;
  }
}

/** The role decides; about a condemned record, its rejection. */
function decide(
  { partition, turn, writer, role, suspicion }: Partition,
  batch: Batch,
  inHand: InHand,
): Effect {
  const condemned = suspicion.condemned.get(batch.records[0]!.offset);
  const at = { partition, turn, batch, inHand };
  if (condemned !== undefined) return { do: 'reject', ...at, condemned };
  return { do: 'decide', ...at, writer: writer!, role: role! };
}

const from = (next: number, { records }: Work): Work['records'] =>
  records.length === 0 || records[0]!.offset >= next
    ? records
    : records.filter(({ offset }) => offset >= next);

export const decided: Transition<'decided'> = (p, { batch, decision, decideMs, inHand }) => {
  const { partition, turn, writer } = p;
  const write = { partition, turn, writer: writer!, batch, decision, decideMs, inHand };
  return [{ ...p, phase: 'writing' }, [{ do: 'write', ...write }]];
};

/** Outputs and offset are committed: only now the fetch position moves. */
export const written: Transition<'written'> = (p, { batch, decision, stageMs, inHand }, around) => {
  const last = batch.records[batch.records.length - 1]!.offset;
  const [first, ...rest] = p.work;
  const records = first!.records.slice(batch.records.length);
  const { partition, turn } = p;
  const done: Effect[] = [
    { do: 'resolve', partition, turn, inHand, offset: last },
    { do: 'report-committed', batch, decision, stageMs },
  ];
  const suspicion = relieve(p.suspicion, batch);
  const after = { ...p, failures: 0, next: last + 1, batch: undefined, suspicion };
  if (records.length > 0)
    return nextBatch({ ...after, work: [{ ...first!, records }, ...rest] }, around, done);
  return nextBatch({ ...after, work: rest }, around, [...done, { do: 'settle', inHand }]);
};

/** A batch failed: nothing of it is committed. Are we still a member? One that is not must not fence the new owner. */
export const giveUp: Transition<'failed'> = (p, { error }, around) => {
  const { partition, turn, next } = p;
  const [first] = p.work;
  const asking: Partition = { ...p, phase: 'asking', writer: undefined, role: undefined, owed: next, error };
  const left: Effect[] = [{ do: 'pause', partitions: [partition] }, ...close(p)];
  const { delivery: inHand } = first!;
  if (!(error instanceof GroupError))
    return [asking, [...left, { do: 'ask', partition, turn, delivery: inHand, inHand }]];
  const lost = { kind: 'unheard', partition, turn, cause: error, inHand } as const;
  const [unheardOf, effects] = unheard(asking, lost, around);
  return [unheardOf, [...left, ...effects]];
};

/** Nothing was tried, and the writer alone is no longer sound: opened again, once the group says that the partition is ours. */
export const giveUpWriter: Transition<'unsound'> = (p) => {
  const { partition, turn } = p;
  const { delivery: inHand } = p.work[0]!;
  return [
    { ...p, phase: 'asking', writer: undefined, role: undefined, error: undefined },
    [
      { do: 'pause', partitions: [partition] },
      ...close(p),
      { do: 'ask', partition, turn, delivery: inHand, inHand },
    ],
  ];
};

/** At rest, and the group has just taken a heartbeat: opened again at once. */
export const renew: Transition<'unsound'> = (p, _, around) => {
  if (around.stopping) return [p, []];
  const [opening, effects] = open(p, around);
  return [opening, [{ do: 'pause', partitions: [p.partition] }, ...close(p), ...effects]];
};

const settleAll = ({ work }: Partition, error?: unknown): Effect[] =>
  work.map(({ delivery: inHand }, i) => ({ do: 'settle', inHand, ...(i === 0 ? { error } : {}) }));

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
  const { suspicion, waits } = suspect(p.suspicion, batch, error);
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

export const openAgain = (p: Partition, _: unknown, around: Around): Moved => open(p, around);

/** A try to become ready failed. */
export const failed: Transition<'failed'> = (p, { error }, around) => fail(p, error, around);

/** Closes the writer and tries again after a wait; an error that is final ends the loop. */
function fail(p: Partition, error: unknown, { rules, stopping }: Around): Moved {
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

/** The loop stops: the partition does not become ready any more. */
const end = (p: Partition): Moved => [{ ...p, phase: 'ended', writer: undefined }, close(p)];

/** Nobody processes it now: it comes again. */
export const turnAway: Transition<'delivered'> = (p, { work }) => [
  p,
  [{ do: 'settle', inHand: work.delivery }],
];

/** What answers a former turn: whatever it holds is closed and ended. A commit that succeeded after all is counted. */
export function tooLate(happening: PartitionHappening): readonly Effect[] {
  switch (happening.kind) {
    case 'opened':
      return [{ do: 'close', writer: happening.writer }];
    case 'delivered':
      return [{ do: 'settle', inHand: happening.work.delivery }];
    case 'written': {
      const { batch, decision, stageMs, inHand } = happening;
      return [
        { do: 'report-committed', batch, decision, stageMs },
        { do: 'settle', inHand },
      ];
    }
    case 'decided':
    case 'failed':
    case 'unsound':
    case 'heard':
      return settleIf(happening.inHand);
    case 'unheard':
      return settleIf(happening.inHand, (happening.cause as { cause?: unknown }).cause);
    case 'located':
    case 'fixed':
    case 'prepared':
    case 'waited':
      return [];
  }
}

const settleIf = (inHand: InHand | undefined, error?: unknown): Effect[] =>
  inHand === undefined ? [] : [{ do: 'settle', inHand, error }];

const outOfRange = (topic: string, partition: number, { committed, low, high }: Position): BankChurnError =>
  new BankChurnError(
    'OFFSET_OUT_OF_RANGE',
    `committed offset ${String(committed)} of ${topic}/${String(partition)} is outside of what the broker holds ` +
      `(${String(low)}..${String(high)}): records were deleted before they were processed, or the topic was created anew. ` +
      `Set the group's offset on purpose (kafka-consumer-groups --reset-offsets), then start again.`,
  );
