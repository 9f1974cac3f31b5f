/** Bugs in whose offsets are taken, and in what is done about whoever was there before. */
import type { Generation, OffsetCommit } from '../../kafka/group/ports.ts';
import { fenceGone } from '../../kafka/group/takeover.ts';
import type { LoopPorts } from '../../consumers/loop-ports.ts';
import { offsetNote } from '../../kafka/offset-note.ts';
import type { KafkaPorts } from './kafka-ports.ts';
import type { Bent } from './scorer-context.ts';
import { producers } from './planted-producer.ts';

const NO_GROUP: Generation = { generationId: -1, memberId: '' };

/** Offsets in a transaction name no generation, as a client without KIP-447 sends them. */
export const generationNotSent = (): Bent =>
  producers((inner) => ({ ...inner, commitOffsets: (_, offsets) => inner.commitOffsets(NO_GROUP, offsets) }));

/** All generations are alike to the shared writer. */
interface Disguised extends Generation {
  readonly real: Generation;
}
const disguise = (real: Generation): Disguised => ({ generationId: 0, memberId: '', real });

const generationsAlike: NonNullable<Bent['writer']> = (ports) => ({
  ...ports,
  offsets: {
    commit: async (of, offsets) =>
      ports.offsets.commit(ports.generation() ?? (of as Disguised).real, offsets),
  },
  generation: () => {
    const real = ports.generation();
    return real === undefined ? undefined : disguise(real);
  },
});

/** Offsets name the generation of the moment, not that in which their partition was armed. */
export const generationReadLate = (): Bent => ({
  ...producers((inner, present) => ({
    ...inner,
    commitOffsets: (_, offsets) => inner.commitOffsets(present() ?? NO_GROUP, offsets),
  })),
  writer: generationsAlike,
});

/** Partitions of a former generation stay in a transaction that another one commits under its own. */
export const formerParticipants = (): Bent => ({
  ...producers((inner, present) => ({
    ...inner,
    commitOffsets: (of, offsets) => inner.commitOffsets(newest((of as Disguised).real, present()), offsets),
  })),
  writer: generationsAlike,
});

const newest = (armed: Generation, present: Generation | undefined): Generation =>
  present !== undefined && present.generationId > armed.generationId ? present : armed;

const offsetsOf = (bend: (offsets: KafkaPorts['offsets'], id: string) => KafkaPorts['offsets']): Bent => ({
  kafka: (ports, _, id) => ({ ...ports, offsets: bend(ports.offsets, id) }),
});

export const unstableRead = (): Bent =>
  offsetsOf((offsets) => ({ ...offsets, read: (partitions) => offsets.read(partitions, false) }));

export const nothingClaimed = (): Bent =>
  offsetsOf((offsets) => ({ ...offsets, commit: () => Promise.resolve() }));

/** Notes name their owner alone, whoever owned the partition before it. */
export function formersDropped(): Bent {
  const alone = (offsets: readonly OffsetCommit[], id: string): OffsetCommit[] =>
    offsets.map((offset) => ({ ...offset, note: offsetNote(undefined, [id]) }));
  return {
    kafka: ({ offsets, transactions, ...others }, _, id) => ({
      ...others,
      offsets: { ...offsets, commit: (of, commits) => offsets.commit(of, alone(commits, id)) },
      transactions: {
        ...transactions,
        open: async (own, scope) => {
          const inner = await transactions.open(own, scope);
          return { ...inner, commitOffsets: (of, commits) => inner.commitOffsets(of, alone(commits, id)) };
        },
      },
    }),
  };
}

export const nobodyFenced = (): Bent => ({
  kafka: (ports) => ({
    ...ports,
    transactions: { ...ports.transactions, fence: () => Promise.resolve() },
  }),
});

/** The writers of releases before the shared writer are not fenced. */
export const formerReleaseNotFenced = (): Bent => ({
  kafka: (ports) => ({
    ...ports,
    transactions: {
      ...ports.transactions,
      fence: (id, scope) =>
        id.startsWith('g.in.') ? Promise.resolve() : ports.transactions.fence(id, scope),
    },
  }),
});

/** A writer that was live in any generation is taken for live. */
export function everLive(): Bent {
  const ever = new Set<string>();
  return {
    fenceGone: (fence) => (live, partitions) => {
      for (const writer of live) ever.add(writer);
      return fence([...ever], partitions);
    },
  };
}

/** The leader divides the partitions before it has fenced whoever is gone. */
export const fencedLater = (): Bent => ({
  fencing: (ports) => ({
    ...ports,
    transactions: {
      fence: (...what) => {
        ports.transactions.fence(...what).catch(() => undefined);
        return Promise.resolve();
      },
    },
  }),
});

/** Each member fences for itself what it takes over, at the same time as the others. */
export function eachFences(): Bent {
  let members: readonly string[] = [];
  return {
    fenceGone: () => (live) => {
      members = live;
      return Promise.resolve([]);
    },
    takeover: (ports, fencing) => ({
      ...ports,
      offsets: {
        read: async (partitions, stable) => {
          await fenceGone(fencing, members, Math.max(...partitions) + 1);
          return ports.offsets.read(partitions, stable);
        },
      },
    }),
    careless: { fencesAtOnce: true },
  };
}

/** What is known of a partition from before it was taken over is believed. */
export function positionsBefore(ports: LoopPorts): LoopPorts {
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
