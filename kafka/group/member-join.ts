/** How a member joins the group, its part in the division of the partitions, and how it leaves. */
import type { Clock } from '../../schemas/ports.ts';
import { assignPartitions } from './assignor.ts';
import { unheard } from './member-errors.ts';
import type { GroupMember, GroupPort, MemberAssignment } from './ports.ts';
import type { Opening } from './term.ts';

/** The leader must answer within its session. */
const FENCE_SHARE = 0.6;

export interface JoinSettings {
  readonly group: GroupPort;
  /** For messages. */
  readonly groupId: string;
  readonly clock: Clock;
  readonly sessionTimeoutMs: number;
  /** Name of the transactional writer that this process uses. */
  readonly writerId: string;
  /**
   * The leader's part before it divides the partitions: fences the writers that are gone. Returns them.
   *
   * @param live writers of all members.
   */
  readonly fenceGone: (live: readonly string[], partitions: number) => Promise<readonly string[]>;
}

/** Whom the group knows it as. */
export interface Seat {
  /** Empty: nobody yet, or nobody any more. */
  memberId: string;
  /** Resolves when the former member has left. */
  leaving: Promise<void>;
  /** It is to leave the group for good. */
  isStopping(): boolean;
}

/** @returns undefined if it was to stop meanwhile: then it has left again. */
export async function joinGroup(settings: JoinSettings, seat: Seat): Promise<Opening | undefined> {
  const { group, clock } = settings;
  await seat.leaving; // else the group would wait for the former member's session to end
  const partitions = await group.partitions();
  const joined = await group.join(seat.memberId, settings.writerId);
  seat.memberId = joined.memberId;
  if (seat.isStopping()) {
    await leaveGroup(settings, seat);
    return undefined;
  }
  const { generationId, memberId, isLeader } = joined;
  const generation = { generationId, memberId };
  const askedMs = clock.now();
  const assignments = isLeader ? await divide(settings, joined.members, partitions) : [];
  const given = await group.sync(generation, assignments);
  return { generation, given, divided: isLeader ? partitions : undefined, askedMs };
}

async function divide(
  settings: JoinSettings,
  members: readonly GroupMember[],
  partitions: number,
): Promise<MemberAssignment[]> {
  const { groupId, clock, sessionTimeoutMs } = settings;
  const live = members.map(({ writerId }) => writerId);
  const late = clock.sleep(sessionTimeoutMs * FENCE_SHARE).then(() => {
    throw unheard(groupId, sessionTimeoutMs);
  });
  const gone = await Promise.race([settings.fenceGone(live, partitions), late]);
  return assignPartitions(members, partitions, gone);
}

/** Joins as a new member the next time: what the former one has sent takes no effect any more. */
export function forget(settings: Pick<JoinSettings, 'group'>, seat: Seat): void {
  seat.leaving = leaveGroup(settings, seat);
}

/** It may fail: then the session ends by itself. */
export async function leaveGroup({ group }: Pick<JoinSettings, 'group'>, seat: Seat): Promise<void> {
  const leaving = seat.memberId;
  seat.memberId = '';
  if (leaving !== '') await group.leave(leaving).catch(() => undefined);
}
