/** The group coordinator (classic protocol): sessions that expire, rebalances that wait for members, a leader that assigns. */
import {
  GroupRefusal,
  type Generation,
  type JoinedGroup,
  type MemberAssignment,
} from '../../kafka/group/ports.ts';
import type { Scheduler } from './scheduler.ts';

export const SESSION_MS = 200;
const REBALANCE_MS = 300;

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

interface Member {
  readonly memberId: string;
  writerId: string;
  seenAt: number;
  joining: Waiter<JoinedGroup> | undefined;
  syncing: Waiter<Assigned> | undefined;
  assigned: Assigned | undefined;
}

type Assigned = Omit<MemberAssignment, 'memberId'>;
const NOTHING: Assigned = { partitions: [], goneWriters: [] };

export interface SimulatedGroup {
  join(memberId: string, writerId: string): Promise<JoinedGroup>;
  sync(of: Generation, assignments: readonly MemberAssignment[]): Promise<Assigned>;
  heartbeat(of: Generation): void;
  leave(memberId: string): void;
  /** Whether offsets are taken of this member and generation. @throws GroupRefusal */
  admit(of: Generation, inTransaction: boolean): void;
  generation(): number;
  /** Whatever makes a group rebalance. */
  disturb(): void;
  /** The coordinator comes back: who waits in it is refused. */
  restart(): void;
}

interface Group {
  readonly time: Scheduler;
  readonly members: Map<string, Member>;
  state: 'empty' | 'preparing' | 'completing' | 'stable';
  generationId: number;
  leader: string;
  /** Members that were ever named. */
  named: number;
  /** Rises with each phase of a rebalance. */
  phase: number;
}

export function createGroup(time: Scheduler): SimulatedGroup {
  const g: Group = {
    ...{ time, members: new Map<string, Member>(), state: 'empty' },
    ...{ generationId: 0, leader: '', named: 0, phase: 0 },
  };
  expire(g);
  return {
    join: (memberId, writerId) => join(g, memberId, writerId),
    sync: (of, assignments) => sync(g, of, assignments),
    heartbeat: (of) => {
      memberAt(g, of).seenAt = time.now();
      if (g.state === 'preparing') throw rebalancing();
    },
    leave: (memberId) => remove(g, memberId),
    admit: (of, inTransaction) => {
      if (of.generationId === -1 && inTransaction) return; // of a client without a group
      memberAt(g, of);
      if (g.state === 'completing' && !inTransaction) throw rebalancing();
    },
    generation: () => g.generationId,
    disturb: () => {
      if (g.state === 'stable') prepare(g);
    },
    restart: () => restart(g),
  };
}

const rebalancing = (): GroupRefusal => new GroupRefusal('rebalancing', 'REBALANCE_IN_PROGRESS');
const unknown = (): GroupRefusal => new GroupRefusal('unknown-member', 'UNKNOWN_MEMBER_ID');

function memberOf({ members }: Group, memberId: string): Member {
  const member = members.get(memberId);
  if (member === undefined) throw unknown();
  return member;
}

function memberAt(g: Group, of: Generation): Member {
  const member = memberOf(g, of.memberId);
  if (of.generationId !== g.generationId) throw new GroupRefusal('stale', 'ILLEGAL_GENERATION');
  return member;
}

const joinedOf = ({ generationId, leader, members }: Group, memberId: string): JoinedGroup => ({
  generationId,
  memberId,
  isLeader: memberId === leader,
  members: memberId === leader ? [...members.values()] : [],
});

/** A phase of a rebalance lasts so long at most. */
function enter(g: Group, next: Group['state'], whenOver: () => void): void {
  g.state = next;
  const mine = ++g.phase;
  g.time.after(REBALANCE_MS, () => {
    if (mine === g.phase && g.state === next) whenOver();
  });
}

function prepare(g: Group): void {
  if (g.state === 'preparing') return;
  for (const member of g.members.values()) {
    member.syncing?.reject(rebalancing());
    member.syncing = undefined;
  }
  enter(g, 'preparing', () => agree(g));
}

function agreeIfAll(g: Group): void {
  const isAll = [...g.members.values()].every(({ joining }) => joining !== undefined);
  if (g.state === 'preparing' && isAll) agree(g);
}

function agree(g: Group): void {
  const { members } = g;
  for (const { memberId, joining } of members.values()) if (joining === undefined) members.delete(memberId);
  g.generationId += 1;
  if (members.size === 0) {
    g.phase += 1;
    g.state = 'empty';
    return;
  }
  if (!members.has(g.leader)) g.leader = members.keys().next().value!;
  enter(g, 'completing', () => {
    for (const { memberId, syncing } of members.values()) if (syncing === undefined) members.delete(memberId);
    prepare(g);
  });
  for (const member of members.values()) {
    member.assigned = undefined;
    member.seenAt = g.time.now();
    member.joining?.resolve(joinedOf(g, member.memberId));
    member.joining = undefined;
  }
}

const newMember = (memberId: string): Member => ({
  memberId,
  ...{ writerId: '', seenAt: 0, joining: undefined, syncing: undefined, assigned: undefined },
});

function join(g: Group, memberId: string, writerId: string): Promise<JoinedGroup> {
  const { members, state, leader } = g;
  const member = memberId === '' ? newMember(`m${String(g.named++)}`) : memberOf(g, memberId);
  const isKnown = members.has(member.memberId) && member.writerId === writerId;
  member.seenAt = g.time.now();
  // Its answer was lost, or it asks without need.
  if (isKnown && (state === 'completing' || (state === 'stable' && member.memberId !== leader)))
    return Promise.resolve(joinedOf(g, member.memberId));
  member.writerId = writerId;
  members.set(member.memberId, member);
  return new Promise((resolve, reject) => {
    member.joining?.reject(rebalancing());
    member.joining = { resolve, reject };
    prepare(g);
    agreeIfAll(g);
  });
}

function sync(g: Group, of: Generation, assignments: readonly MemberAssignment[]): Promise<Assigned> {
  const member = memberAt(g, of);
  if (g.state === 'preparing') throw rebalancing();
  member.seenAt = g.time.now();
  if (g.state === 'stable') return Promise.resolve(member.assigned ?? NOTHING);
  return new Promise((resolve, reject) => {
    member.syncing?.reject(rebalancing());
    member.syncing = { resolve, reject };
    if (member.memberId === g.leader) assign(g, assignments);
  });
}

function assign(g: Group, assignments: readonly MemberAssignment[]): void {
  g.state = 'stable';
  g.phase += 1;
  for (const one of g.members.values()) {
    one.assigned = assignments.find(({ memberId }) => memberId === one.memberId) ?? NOTHING;
    one.seenAt = g.time.now();
    one.syncing?.resolve(one.assigned);
    one.syncing = undefined;
  }
}

function remove(g: Group, memberId: string): void {
  const member = g.members.get(memberId);
  if (member === undefined) return;
  g.members.delete(memberId);
  member.joining?.reject(unknown());
  member.syncing?.reject(unknown());
  if (g.state === 'stable' || g.state === 'completing') prepare(g);
  agreeIfAll(g);
}

function expire(g: Group): void {
  for (const { memberId, seenAt, joining, syncing } of g.members.values())
    if (g.time.now() - seenAt > SESSION_MS && joining === undefined && syncing === undefined)
      remove(g, memberId);
  g.time.after(20, () => expire(g));
}

function restart(g: Group): void {
  for (const member of g.members.values()) {
    const lost = new GroupRefusal('rebalancing', 'NOT_COORDINATOR');
    member.joining?.reject(lost);
    member.syncing?.reject(lost);
    member.joining = undefined;
    member.syncing = undefined;
    member.seenAt = g.time.now();
  }
  if (g.state === 'completing') prepare(g);
}
