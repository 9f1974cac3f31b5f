/** Who reads which partition: the leader of the group divides them. */
import type { GroupMember, MemberAssignment } from './ports.ts';

/**
 * Partitions 0 to `partitions` - 1 in turns to the members in the order of their ids. No member has two more than another, and the same
 * members and partitions give the same result, whoever asks.
 *
 * @param goneWriters that the leader has fenced; every assignment names them.
 */
export function assignPartitions(
  members: readonly GroupMember[],
  partitions: number,
  goneWriters: readonly string[],
): MemberAssignment[] {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  return sorted.map(({ memberId }, i) => ({
    memberId,
    partitions: every(sorted.length, i, partitions),
    goneWriters,
  }));
}

function every(step: number, from: number, to: number): number[] {
  const found: number[] = [];
  for (let n = from; n < to; n += step) found.push(n);
  return found;
}
