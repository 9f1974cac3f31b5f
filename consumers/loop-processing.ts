/** How what was delivered is processed, batch by batch. */
import type { Batch } from '../schemas/ports.ts';
import { indexFrom, lastOffset } from '../schemas/records.ts';
import { GroupError } from './membership.ts';
import { unheard } from './loop-asking.ts';
import { close, isSound, open, type Around, type Moved, type Transition } from './loop-partition.ts';
import type { Effect, InHand, Partition, Work } from './loop-state.ts';
import { cut, relieve } from './loop-suspicion.ts';

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
      const { topicId, partition } = p;
      const batch = { topic: around.rules.topic, topicId, partition, records };
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
  const condemned = suspicion.condemned.get(batch.records.offsetAt(0));
  const at = { partition, turn, batch, inHand };
  if (condemned !== undefined) return { do: 'reject', ...at, condemned };
  return { do: 'decide', ...at, writer: writer!, role: role! };
}

const from = (next: number, { records }: Work): Work['records'] =>
  records.length === 0 || records.offsetAt(0) >= next ? records : records.slice(indexFrom(records, next));

export const decided: Transition<'decided'> = (p, { batch, decision, decideMs, inHand }, { rules }) => {
  const { partition, turn, writer } = p;
  const maxSendBytes = Math.min(rules.maxSendBytes, p.suspicion.sendBytes);
  const write = { maxSendBytes, partition, turn, writer: writer!, batch, decision, decideMs, inHand };
  return [{ ...p, phase: 'writing' }, [{ do: 'write', ...write }]];
};

/** Outputs and offset are committed: only now the fetch position moves. */
export const written: Transition<'written'> = (p, { batch, decision, stageMs, inHand }, around) => {
  const last = lastOffset(batch.records);
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
