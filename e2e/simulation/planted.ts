/** Bugs that the simulation must find: each bends a port the way a wrong implementation would. */
import type { Effect } from '../../consumers/loop-state.ts';
import { step } from '../../consumers/loop-step.ts';
import type { Bent } from './scorer-context.ts';
import * as group from './planted-group.ts';
import * as producer from './planted-producer.ts';

/** The fetch position is moved first, and a partition is armed again from there. */
function resolveFirst(): Bent {
  const resolved = new Map<string, number>();
  return {
    loop: (ports, id) => ({
      ...ports,
      source: {
        ...ports.source,
        position: async (partition) => {
          const found = await ports.source.position(partition);
          return { ...found, committed: resolved.get(`${id}/${String(partition)}`) ?? found.committed };
        },
      },
    }),
    fetched: (id, partition, last) => resolved.set(`${id}/${String(partition)}`, last + 1),
  };
}

/** What answers a former turn is taken for an answer to this one. */
const lateIsBelieved: typeof step = (state, happening, rules) => {
  if (!('turn' in happening)) return step(state, happening, rules);
  const turn = state.partitions.get(happening.partition)?.turn ?? happening.turn;
  return step(state, { ...happening, turn }, rules);
};

/** A batch that failed is passed over: the partition goes on with the same writer. */
const goesOnAfterFailure: typeof step = (state, happening, rules) => {
  const p = 'partition' in happening ? state.partitions.get(happening.partition) : undefined;
  if (happening.kind !== 'failed' || p?.phase !== 'writing' || p.turn !== happening.turn)
    return step(state, happening, rules);
  const idle = { ...p, phase: 'idle' as const, work: [] };
  const settled: Effect[] = p.work.map(({ delivery: inHand }) => ({ do: 'settle', inHand }));
  return [{ ...state, partitions: new Map(state.partitions).set(p.partition, idle) }, settled];
};

export const PLANTED: readonly [bug: string, bend: () => Bent][] = [
  ['offsets committed before outputs', () => producer.producers(producer.offsetsFirst)],
  ['output outside of the transaction', () => producer.producers(producer.sentAtOnce)],
  ['offsets without the generation', group.generationNotSent],
  ['the generation is read at the commit, not when the partition was armed', group.generationReadLate],
  ['a partition of a former generation is committed with the others', group.formerParticipants],
  ['offsets that are not stable are read', group.unstableRead],
  ['an owner does not name itself before its first transaction', group.nothingClaimed],
  ['former owners are dropped from the note although they are alive', group.formersDropped],
  ['writers that are gone are not fenced', group.nobodyFenced],
  ['a writer that was ever live is taken for live', group.everLive],
  ['the leader answers before it has fenced', group.fencedLater],
  ['each member fences, at the same time as the others', group.eachFences],
  ['markers of a writer that is gone are not written again', () => ({ careless: { renewsNotInFence: true } })],
  ['own markers are not written again', () => ({ careless: { renewsNotInOpen: true } })],
  ['own markers are written again where the process writes now, not where it wrote', () => ({ writer: (ports) => ({ ...ports, openProducer: () => ports.openProducer([]) }) })],
  ['a renewal that was interrupted is forgotten', () => ({ careless: { forgetsRenewals: true } })],
  ['a producer goes on over new connections', () => ({ careless: { trustsConnections: true } })],
  ['a producer in doubt is used again', producer.producersKept],
  ['what a refused partition wrote stays in the transaction', producer.nothingAborted],
  ['a refused batch is taken for written', () => producer.producers(producer.refusalsOverlooked)],
  ['no read after the takeover', () => ({ loop: group.positionsBefore })],
  ['resolve before commit', resolveFirst],
  ['a fetch from before a seek is handed on', () => ({ staleFetches: true })],
  ['an answer that comes too late is believed', () => ({ step: lateIsBelieved })],
  ['a writer goes on after a batch that failed', () => ({ step: goesOnAfterFailure })],
]; // prettier-ignore
