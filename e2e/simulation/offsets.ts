/** The group's committed offsets, and those that wait for the marker of a transaction. */
import type { NotedOffset, OffsetCommit } from '../../kafka/group/ports.ts';

/** `at`: its place in the log of offsets. */
interface Entry extends NotedOffset {
  readonly at: number;
}

export interface Offsets {
  commit(offsets: readonly OffsetCommit[]): void;
  /** Committed with the next marker of that producer. */
  pend(producerId: number, offsets: readonly OffsetCommit[]): void;
  /** Of what was written to the log before and after each other, the later counts (as in Kafka). */
  mark(producerId: number, commits: boolean): void;
  read(partition: number, stable: boolean): NotedOffset | 'unstable';
}

const NONE: NotedOffset = { offset: undefined, note: '' };

export function createOffsets(): Offsets {
  const committed = new Map<number, Entry>();
  const pending = new Map<number, Map<number, Entry>>();
  let end = 0;
  const entry = ({ offset, note }: OffsetCommit): Entry => ({ offset, note, at: end++ });
  return {
    commit: (offsets) => offsets.forEach((one) => committed.set(one.partition, entry(one))),
    pend: (producerId, offsets) => {
      const open = pending.get(producerId) ?? new Map<number, Entry>();
      pending.set(producerId, open);
      offsets.forEach((one) => open.set(one.partition, entry(one)));
    },
    mark: (producerId, commits) => {
      const open = pending.get(producerId);
      pending.delete(producerId);
      if (!commits || open === undefined) return;
      for (const [partition, one] of open)
        if (one.at > (committed.get(partition)?.at ?? -1)) committed.set(partition, one);
    },
    read: (partition, stable) => {
      if (stable && [...pending.values()].some((open) => open.has(partition))) return 'unstable';
      const { offset, note } = committed.get(partition) ?? NONE;
      return { offset, note };
    },
  };
}
