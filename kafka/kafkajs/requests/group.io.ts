/** Membership of a group, over a connection of its own: a join waits in the broker, and what comes behind it waits with it. */
import type { GroupPort, JoinedGroup } from '../../group/ports.ts';
import { reading, translated } from '../translate-errors.ts';
import { followCoordinator, type Directory } from './directory.io.ts';
import {
  heartbeatRequest,
  joinRequest,
  leaveRequest,
  syncRequest,
  type Joined,
  type Joining,
} from './group-requests.ts';
import type { Lines } from './lines.io.ts';
import { CODES, errorOf, persist, throwGroupCode } from './refusals.io.ts';
import type { WireRequest } from './request.ts';

/** An id that the broker gives, and one that it has forgotten: two more joins. */
const JOINS = 3;

export function createGroupPort(directory: Directory, of: Joining): GroupPort {
  const { groupId, topic } = of;
  const waiting = directory.openLines();
  const coordinator = followCoordinator(directory, 'group', groupId);
  const needs = reading([topic], groupId);
  /** The id that the broker has given a member which has not joined with it yet: the group waits for that one. */
  let given = '';

  /** @param codeOf the group's word, of which the passing ones are tried again, and those in `taken` are the caller's. */
  const ask = <T>(
    lines: Lines,
    request: WireRequest<T>,
    codeOf: (answer: T) => number,
    taken: readonly number[] = [],
  ): Promise<T> =>
    persist(
      async () => {
        const answer = await (await coordinator.line(lines)).ask(request);
        const code = codeOf(answer);
        if (!taken.includes(code)) throwGroupCode(code);
        return answer;
      },
      { forget: coordinator.forget, isOver: directory.isClosed },
    );

  const joinAs = (memberId: string, writerId: string): Promise<Joined> =>
    ask(waiting, joinRequest(of, memberId, writerId), ({ code }) => code, [
      CODES.MEMBER_ID_REQUIRED,
      ...(memberId === given && given !== '' ? [CODES.UNKNOWN_MEMBER_ID] : []),
    ]);

  async function join(memberId: string, writerId: string): Promise<JoinedGroup> {
    for (let left = JOINS; left > 0; left--) {
      const { code, ...joined } = await joinAs(memberId === '' ? given : memberId, writerId);
      given = code === CODES.MEMBER_ID_REQUIRED ? joined.memberId : '';
      if (code === 0) return joined;
    }
    throw errorOf(CODES.MEMBER_ID_REQUIRED);
  }

  return {
    join: (memberId, writerId) => translated(() => join(memberId, writerId), needs),
    sync: (generation, assignments) =>
      translated(async () => {
        const request = syncRequest(of, generation, assignments);
        const { partitions, goneWriters } = await ask(waiting, request, ({ code }) => code);
        return { partitions, goneWriters };
      }, needs),
    heartbeat: (generation) =>
      translated(async () => {
        await ask(waiting, heartbeatRequest(groupId, generation), (code) => code);
      }, needs),
    // Not behind a join that waits.
    leave: (memberId) =>
      translated(async () => {
        const request = leaveRequest(groupId, memberId);
        await ask(directory.general, request, (code) => code, [CODES.UNKNOWN_MEMBER_ID]);
      }, needs),
    partitions: () =>
      translated(async () => (await directory.leaders([topic], 0))[0]!.partitions.length, needs),
  };
}
