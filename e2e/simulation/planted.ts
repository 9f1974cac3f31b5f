/** Bugs that the simulation must find: each bends a port of the loop the way a wrong implementation would. */
import type { Writer, Transaction } from '../../schemas/ports.ts';
import type { Bent, MemberContext } from './member-context.ts';
import { openWriter } from './writer.ts';
import type { LoopPorts } from '../../consumers/loop-ports.ts';
import type { Effect } from '../../consumers/loop-state.ts';
import { step } from '../../consumers/loop-step.ts';

/** Another writer under every input partition. */
const writers =
  (
    open: (ports: LoopPorts, member: MemberContext, partition: number) => Promise<Writer>,
  ): NonNullable<Bent['ports']> =>
  (ports, member) => ({ ...ports, openWriter: (_, partition) => open(ports, member, partition) });

/** The offsets in a transaction of their own, before that of the records. */
function offsetsFirst(writer: Writer): Writer {
  const begin = async (): Promise<Transaction> => {
    const inner = await writer.begin();
    const sends: (() => Promise<unknown>)[] = [];
    return {
      ...inner,
      send: (emission) => Promise.resolve(sends.push(() => inner.send(emission))),
      commit: async () => {
        await inner.commit();
        for (const send of sends) await send();
        await inner.commit();
      },
    };
  };
  return { ...writer, begin };
}

/** What is known of a partition from earlier is believed. */
function positionsBefore(ports: LoopPorts): LoopPorts {
  const { source, openWriter: open } = ports;
  const read = new Map<number, ReturnType<typeof source.position>>();
  return {
    ...ports,
    openWriter: async (topic, partition) => {
      const position = source.position(partition);
      await position;
      read.set(partition, position);
      return open(topic, partition);
    },
    source: { ...source, position: (partition) => read.get(partition)! },
  };
}

/** The writer of a batch that failed is used again. */
function writersKept(ports: LoopPorts): LoopPorts {
  const kept = new Map<number, Promise<Writer>>();
  return {
    ...ports,
    openWriter: (topic, partition) => {
      const writer = kept.get(partition) ?? ports.openWriter(topic, partition);
      kept.set(partition, writer);
      writer.catch(() => kept.delete(partition));
      return writer;
    },
  };
}

/** The fetch position is moved first, and a partition is armed again from there. */
function resolveFirst(): Bent {
  const resolved = new Map<string, number>();
  return {
    ports: (ports, { id }) => ({
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
  ['commit before publish', () => ({ ports: writers(async ({ openWriter: open }, _, p) => offsetsFirst(await open('in', p))) })],
  ['no fence: a transactional id for each member', () => ({ ports: writers((_, member, p) => openWriter(member, `${member.id}-${String(p)}`)) })],
  ['markers that were lost are not written again', () => ({ ports: writers((_, member, p) => openWriter(member, `writer-${String(p)}`, { renewsNot: true })) })],
  ['a renewal that was interrupted is forgotten', () => ({ ports: writers((_, member, p) => openWriter(member, `writer-${String(p)}`, { forgetsRenewals: true })) })],
  ['a writer goes on over new connections', () => ({ ports: writers((_, member, p) => openWriter(member, `writer-${String(p)}`, { trustsConnections: true })) })],
  ['no re-read after the fence', () => ({ ports: positionsBefore })],
  ['no heartbeat', () => ({ delivery: (delivery) => ({ ...delivery, heartbeat: () => Promise.resolve() }) })],
  ['resolve before commit', resolveFirst],
  ['a writer in doubt is kept', () => ({ ports: writersKept })],
  ['a fetch from before a seek is handed on', () => ({ staleFetches: true })],
  ['an answer that comes too late is believed', () => ({ step: lateIsBelieved })],
  ['a writer goes on after a batch that failed', () => ({ step: goesOnAfterFailure })],
  ['output outside of the transaction', () => ({ ports: writers(async ({ openWriter: open }, _, p) => sentAtOnce(await open('in', p))) })],
]; // prettier-ignore

/** Each send is committed by itself. */
function sentAtOnce(writer: Writer): Writer {
  const begin = async (): Promise<Transaction> => {
    const inner = await writer.begin();
    return {
      ...inner,
      send: async (emission) => {
        const offset = await inner.send(emission);
        await inner.commit();
        return offset;
      },
    };
  };
  return { ...writer, begin };
}
