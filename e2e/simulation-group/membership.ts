/** The group side of a consumer: it joins, sends heartbeats, and joins again when the group has changed. */
import {
  GroupRefusal,
  type Generation,
  type GroupMember,
  type GroupPort,
  type MemberAssignment,
} from '../../kafka/group/ports.ts';
import type { MemberContext } from './member-context.ts';

export interface Membership {
  /** A heartbeat of a delivery. @throws GroupRefusal */
  heartbeat(): Promise<void>;
  /** Joins, if it does not already. */
  rejoin(): void;
  generation(): Generation | undefined;
  liveWriters(): readonly string[];
  assigned(): readonly number[];
  /** Never joins again. */
  stop(): void;
  leave(): Promise<void>;
}

interface Events {
  assigned(partitions: readonly number[]): void;
  /** The group has taken a heartbeat. */
  heard(): void;
  /** Before the group is joined again. */
  leaving(): Promise<void>;
}

export function joinGroup(context: MemberContext, port: GroupPort, events: Events): Membership {
  const { id, process, kafka, random } = context;
  let memberId = '';
  let present: Generation | undefined;
  let assigned: Omit<MemberAssignment, 'memberId'> = { partitions: [], liveWriters: [] };
  let isJoining = false;
  let isStopping = false;

  const heartbeat = async (): Promise<void> => {
    if (present !== undefined) await port.heartbeat(present);
  };

  async function agree(): Promise<void> {
    const joined = await port.join(memberId, id);
    memberId = joined.memberId;
    const assignments = joined.isLeader ? divide(joined.members, kafka.partitions, random.int(4)) : [];
    const got = await port.sync(joined, assignments);
    present = { generationId: joined.generationId, memberId };
    assigned = got;
    context.say(
      `generation ${String(joined.generationId)}: ${got.partitions.join()} of ${got.liveWriters.join()}`,
    );
  }

  async function join(): Promise<void> {
    await events.leaving();
    while (!isStopping) {
      try {
        await agree();
        break;
      } catch (error) {
        if (error instanceof GroupRefusal && error.kind === 'unknown-member') memberId = '';
        else if (!(error instanceof GroupRefusal)) await process.sleep(10);
      }
    }
    await process.sleep(random.int(20));
    isJoining = false;
    if (!isStopping) events.assigned(assigned.partitions);
  }

  function rejoin(): void {
    if (isJoining || isStopping) return;
    isJoining = true;
    void join();
  }

  async function beat(): Promise<void> {
    while (!isStopping) {
      try {
        if (!isJoining) await heartbeat().then(() => !isJoining && events.heard());
      } catch (error) {
        if (error instanceof GroupRefusal) rejoin();
      }
      await process.sleep(40);
    }
  }

  rejoin();
  void beat();
  return {
    heartbeat,
    rejoin,
    generation: () => present,
    liveWriters: () => assigned.liveWriters,
    assigned: () => assigned.partitions,
    stop: () => (isStopping = true),
    leave: () => port.leave(memberId).catch(() => undefined),
  };
}

function divide(members: readonly GroupMember[], partitions: number, turned: number): MemberAssignment[] {
  const liveWriters = members.map(({ writerId }) => writerId);
  return members.map(({ memberId }, i) => ({
    memberId,
    liveWriters,
    partitions: Array.from({ length: partitions }, (_, p) => p).filter(
      (p) => (p + turned) % members.length === i,
    ),
  }));
}
