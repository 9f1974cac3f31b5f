/** The group side of a consumer: it joins, sends heartbeats while it is idle, and joins again when the group has changed. */
import type { Loop } from '../../consumers/loop-ports.ts';
import { GroupChanged } from './group.ts';
import type { MemberContext } from './member-context.ts';

export interface GroupMember {
  /** A heartbeat of a delivery. Rejects with `GroupChanged`. */
  heartbeat(): Promise<void>;
  /** Joins, if it does not already. */
  rejoin(): void;
  assigned(): readonly number[];
  /** Never joins again. */
  stop(): void;
  leave(): Promise<void>;
}

/** Joins the group; from then on the loop hears of its partitions and heartbeats. */
export function joinGroup(context: MemberContext, loop: Loop, isIdle: () => boolean): GroupMember {
  const { id, group, process, random } = context;
  const membership = { id, generation: -1 };
  let assigned: readonly number[] = [];
  let isJoining = false;
  let isStopping = false;

  const heartbeat = (): Promise<void> => process.call(() => group.heartbeat(membership));

  function assign(generation: number, partitions: number[]): void {
    context.time.after(1 + random.int(20), () =>
      process.wake(() => {
        isJoining = false;
        membership.generation = generation;
        assigned = partitions;
        if (!isStopping) loop.assigned(partitions);
      }),
    );
  }

  function rejoin(): void {
    if (isJoining || isStopping) return;
    isJoining = true;
    process
      .call(() => group.join(id, assign))
      .catch(() => {
        isJoining = false;
        rejoin();
      });
  }

  /** As the client: only while nothing is in hand. */
  function beat(): void {
    if (isStopping) return;
    const beats = isIdle() && !isJoining;
    void (beats ? heartbeat() : Promise.resolve())
      .then(() => {
        if (beats && !isJoining) loop.beat();
      })
      .catch((error: unknown) => {
        if (error instanceof GroupChanged) rejoin();
      })
      .then(() => process.sleep(40))
      .then(beat);
  }

  rejoin();
  beat();
  return {
    heartbeat,
    rejoin,
    assigned: () => assigned,
    stop: () => (isStopping = true),
    leave: () => process.call(() => group.leave(id)).catch(() => undefined),
  };
}
