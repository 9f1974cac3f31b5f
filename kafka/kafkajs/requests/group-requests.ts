/** Requests of a group's members (https://kafka.apache.org/protocol): join, sync, heartbeat, leave. */
import type { Generation, GroupMember, MemberAssignment } from '../../group/ports.ts';
import { requestOf, type WireRequest } from './request.ts';
import { createReader, createWriter } from './wire.ts';

/**
 * How the members of our groups agree on who has which partition. Members that know another way alone (an older release) are
 * refused by the broker, and refuse us.
 */
export const PROTOCOL = 'bankchurn-1';
const PROTOCOL_TYPE = 'consumer';
/** Of subscriptions and assignments, as Kafka's tools read them. */
const LAYOUT = 0;

/** What a join needs to know of the group. */
export interface Joining {
  readonly groupId: string;
  readonly topic: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
}

export interface Joined extends Generation {
  /** 0: joined. MEMBER_ID_REQUIRED: join again as `memberId`. */
  readonly code: number;
  readonly isLeader: boolean;
  readonly members: readonly GroupMember[];
}

/** Version 5 (Kafka 2.3). The broker waits with its answer until the group agrees. */
export const joinRequest = (of: Joining, memberId: string, writerId: string): WireRequest<Joined> =>
  requestOf(
    { apiName: 'JoinGroup', apiKey: 11, apiVersion: 5, waitMs: of.rebalanceTimeoutMs },
    (into) =>
      into
        .text(of.groupId)
        .int32(of.sessionTimeoutMs)
        .int32(of.rebalanceTimeoutMs)
        .text(memberId)
        .text(null) // not a static member
        .text(PROTOCOL_TYPE)
        .array([PROTOCOL], (name) => into.text(name).bytes(encodeSubscription(of.topic, writerId))),
    (answer) => {
      const code = answer.int16();
      const generationId = answer.int32();
      answer.text(); // the protocol: there is one
      const leaderId = answer.text();
      const joinedAs = answer.text() ?? '';
      const members = answer.array(() => {
        const member = answer.text() ?? '';
        answer.text(); // not a static member
        return { memberId: member, writerId: decodeWriter(answer.bytes()) };
      });
      return { code, generationId, memberId: joinedAs, isLeader: leaderId === joinedAs, members };
    },
  );

export interface Synced extends Omit<MemberAssignment, 'memberId'> {
  readonly code: number;
}

/** Version 3 (Kafka 2.3). The broker waits with its answer until the leader has sent the assignments. */
export const syncRequest = (
  of: Joining,
  { generationId, memberId }: Generation,
  assignments: readonly MemberAssignment[],
): WireRequest<Synced> =>
  requestOf(
    { apiName: 'SyncGroup', apiKey: 14, apiVersion: 3, waitMs: of.rebalanceTimeoutMs },
    (into) =>
      into
        .text(of.groupId)
        .int32(generationId)
        .text(memberId)
        .text(null)
        .array(assignments, (of1) => into.text(of1.memberId).bytes(encodeAssignment(of.topic, of1))),
    (answer) => ({ code: answer.int16(), ...decodeAssignment(of.topic, answer.bytes()) }),
  );

/** Version 3 (Kafka 2.3). Answers with an error code. */
export const heartbeatRequest = (
  groupId: string,
  { generationId, memberId }: Generation,
): WireRequest<number> =>
  requestOf(
    { apiName: 'Heartbeat', apiKey: 12, apiVersion: 3 },
    (into) => into.text(groupId).int32(generationId).text(memberId).text(null),
    (answer) => answer.int16(),
  );

/** Version 3 (Kafka 2.4). Answers with an error code. */
export const leaveRequest = (groupId: string, memberId: string): WireRequest<number> =>
  requestOf(
    { apiName: 'LeaveGroup', apiKey: 13, apiVersion: 3 },
    (into) => into.text(groupId).array([memberId], (member) => into.text(member).text(null)),
    (answer) => {
      const code = answer.int16();
      const codes = answer.array(() => {
        answer.text(); // the member: there is one
        answer.text();
        return answer.int16();
      });
      return code === 0 ? (codes[0] ?? 0) : code;
    },
  );

/** `ConsumerProtocolSubscription`; the name of the member's writer is the part of it that is ours. */
const encodeSubscription = (topic: string, writerId: string): Buffer => {
  const into = createWriter();
  return into.int16(LAYOUT).array([topic], into.text).bytes(Buffer.from(writerId)).done();
};

/** '' where the bytes are not what we write. */
function decodeWriter(subscription: Buffer): string {
  try {
    const from = createReader(subscription);
    from.int16(); // the layout: what follows is the same in all
    from.array(from.text);
    return from.bytes().toString();
  } catch (error) {
    if (error instanceof RangeError) return '';
    throw error;
  }
}

/** `ConsumerProtocolAssignment`; the names of all live writers are the part of it that is ours. */
const encodeAssignment = (topic: string, { partitions, goneWriters }: MemberAssignment): Buffer => {
  const into = createWriter();
  return into
    .int16(LAYOUT)
    .array([partitions], (of) => into.text(topic).array(of, into.int32))
    .bytes(Buffer.from(goneWriters.join(',')))
    .done();
};

/** A member that the leader has given nothing gets no bytes. */
function decodeAssignment(topic: string, assignment: Buffer): Omit<MemberAssignment, 'memberId'> {
  if (assignment.length === 0) return { partitions: [], goneWriters: [] };
  const from = createReader(assignment);
  from.int16();
  const given = from.array(() => [from.text(), from.array(from.int32)] as const);
  const writers = from.bytes().toString();
  return {
    partitions: given.filter(([name]) => name === topic).flatMap(([, partitions]) => partitions),
    goneWriters: writers === '' ? [] : writers.split(','),
  };
}
