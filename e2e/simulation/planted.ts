/** Bugs that the simulation must find: each bends a port of the loop the way a wrong implementation would. */
import type { Lane, Transaction } from '../../schemas/ports.ts';
import { openLane, type Bent, type MemberContext } from './member.ts';
import type { LoopPorts } from '../../consumers/loop-ports.ts';

/** Another lane under every input partition. */
const lanes =
  (
    open: (ports: LoopPorts, member: MemberContext, partition: number) => Promise<Lane>,
  ): NonNullable<Bent['ports']> =>
  (ports, member) => ({ ...ports, openLane: (_, partition) => open(ports, member, partition) });

/** The offsets in a transaction of their own, before that of the records. */
function offsetsFirst(lane: Lane): Lane {
  const begin = async (): Promise<Transaction> => {
    const inner = await lane.begin();
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
  return { ...lane, begin };
}

/** What is known of a partition from earlier is believed. */
function positionsBefore(ports: LoopPorts): LoopPorts {
  const { source, openLane: open } = ports;
  const read = new Map<number, ReturnType<typeof source.position>>();
  return {
    ...ports,
    openLane: async (topic, partition) => {
      const position = source.position(partition);
      await position;
      read.set(partition, position);
      return open(topic, partition);
    },
    source: { ...source, position: (partition) => read.get(partition)! },
  };
}

/** The lane of a batch that failed is used again. */
function lanesKept(ports: LoopPorts): LoopPorts {
  const kept = new Map<number, Promise<Lane>>();
  return {
    ...ports,
    openLane: (topic, partition) => {
      const lane = kept.get(partition) ?? ports.openLane(topic, partition);
      kept.set(partition, lane);
      lane.catch(() => kept.delete(partition));
      return lane;
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

export const PLANTED: readonly [bug: string, bend: () => Bent][] = [
  ['commit before publish', () => ({ ports: lanes(async ({ openLane: open }, _, p) => offsetsFirst(await open('in', p))) })],
  ['no fence: a transactional id for each member', () => ({ ports: lanes((_, member, p) => openLane(member, `${member.id}-${String(p)}`)) })],
  ['markers that were lost are not written again', () => ({ ports: lanes((_, member, p) => openLane(member, `lane-${String(p)}`, { renewsNot: true })) })],
  ['a renewal that was interrupted is forgotten', () => ({ ports: lanes((_, member, p) => openLane(member, `lane-${String(p)}`, { forgetsRenewals: true })) })],
  ['a lane goes on over new connections', () => ({ ports: lanes((_, member, p) => openLane(member, `lane-${String(p)}`, { trustsConnections: true })) })],
  ['no re-read after the fence', () => ({ ports: positionsBefore })],
  ['no heartbeat', () => ({ delivery: (delivery) => ({ ...delivery, heartbeat: () => Promise.resolve() }) })],
  ['resolve before commit', resolveFirst],
  ['a lane in doubt is kept', () => ({ ports: lanesKept })],
  ['a fetch from before a seek is handed on', () => ({ staleFetches: true })],
  ['output outside of the transaction', () => ({ ports: lanes(async ({ openLane: open }, _, p) => sentAtOnce(await open('in', p))) })],
]; // prettier-ignore

/** Each send is committed by itself. */
function sentAtOnce(lane: Lane): Lane {
  const begin = async (): Promise<Transaction> => {
    const inner = await lane.begin();
    return {
      ...inner,
      send: async (emission) => {
        const offset = await inner.send(emission);
        await inner.commit();
        return offset;
      },
    };
  };
  return { ...lane, begin };
}
