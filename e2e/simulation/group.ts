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

export function createGroup(time: Scheduler): SimulatedGroup {
  const members = new Map<string, Member>();
  let state: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty';
  let generationId = 0;
  let leader = '';
  let named = 0;
  let phase = 0;

  const memberOf = (memberId: string): Member => {
    const member = members.get(memberId);
    if (member === undefined) throw new GroupRefusal('unknown-member', 'UNKNOWN_MEMBER_ID');
    return member;
  };
  const memberAt = (of: Generation): Member => {
    const member = memberOf(of.memberId);
    if (of.generationId !== generationId) throw new GroupRefusal('stale', 'ILLEGAL_GENERATION');
    return member;
  };
  const rebalancing = (): GroupRefusal => new GroupRefusal('rebalancing', 'REBALANCE_IN_PROGRESS');
  const joinedOf = (memberId: string): JoinedGroup => ({
    generationId,
    memberId,
    isLeader: memberId === leader,
    members: memberId === leader ? [...members.values()] : [],
  });

  /** A phase of a rebalance lasts so long at most. */
  function enter(next: typeof state, whenOver: () => void): void {
    state = next;
    const mine = ++phase;
    time.after(REBALANCE_MS, () => {
      if (mine === phase && state === next) whenOver();
    });
  }

  function prepare(): void {
    if (state === 'preparing') return;
    for (const member of members.values()) {
      member.syncing?.reject(rebalancing());
      member.syncing = undefined;
    }
    enter('preparing', agree);
  }

  const agreeIfAll = (): void => {
    if (state === 'preparing' && [...members.values()].every(({ joining }) => joining !== undefined)) agree();
  };

  function agree(): void {
    for (const { memberId, joining } of members.values()) if (joining === undefined) members.delete(memberId);
    generationId += 1;
    if (members.size === 0) {
      phase += 1;
      state = 'empty';
      return;
    }
    if (!members.has(leader)) leader = members.keys().next().value!;
    enter('completing', () => {
      for (const { memberId, syncing } of members.values())
        if (syncing === undefined) members.delete(memberId);
      prepare();
    });
    for (const member of members.values()) {
      member.assigned = undefined;
      member.seenAt = time.now();
      member.joining?.resolve(joinedOf(member.memberId));
      member.joining = undefined;
    }
  }

  function join(memberId: string, writerId: string): Promise<JoinedGroup> {
    const member = memberId === '' ? newMember(`m${String(named++)}`) : memberOf(memberId);
    const isKnown = members.has(member.memberId) && member.writerId === writerId;
    member.seenAt = time.now();
    // Its answer was lost, or it asks without need.
    if (isKnown && (state === 'completing' || (state === 'stable' && member.memberId !== leader)))
      return Promise.resolve(joinedOf(member.memberId));
    member.writerId = writerId;
    members.set(member.memberId, member);
    return new Promise((resolve, reject) => {
      member.joining?.reject(rebalancing());
      member.joining = { resolve, reject };
      prepare();
      agreeIfAll();
    });
  }

  const newMember = (memberId: string): Member => ({
    memberId,
    ...{ writerId: '', seenAt: 0, joining: undefined, syncing: undefined, assigned: undefined },
  });

  function sync(of: Generation, assignments: readonly MemberAssignment[]): Promise<Assigned> {
    const member = memberAt(of);
    if (state === 'preparing') throw rebalancing();
    member.seenAt = time.now();
    if (state === 'stable') return Promise.resolve(member.assigned ?? NOTHING);
    return new Promise((resolve, reject) => {
      member.syncing?.reject(rebalancing());
      member.syncing = { resolve, reject };
      if (member.memberId !== leader) return;
      state = 'stable';
      phase += 1;
      for (const one of members.values()) {
        one.assigned = assignments.find(({ memberId }) => memberId === one.memberId) ?? NOTHING;
        one.seenAt = time.now();
        one.syncing?.resolve(one.assigned);
        one.syncing = undefined;
      }
    });
  }

  function remove(memberId: string): void {
    const member = members.get(memberId);
    if (member === undefined) return;
    members.delete(memberId);
    member.joining?.reject(new GroupRefusal('unknown-member', 'UNKNOWN_MEMBER_ID'));
    member.syncing?.reject(new GroupRefusal('unknown-member', 'UNKNOWN_MEMBER_ID'));
    if (state === 'stable' || state === 'completing') prepare();
    agreeIfAll();
  }

  function expire(): void {
    for (const { memberId, seenAt, joining, syncing } of members.values())
      if (time.now() - seenAt > SESSION_MS && joining === undefined && syncing === undefined)
        remove(memberId);
    time.after(20, expire);
  }
  expire();

  return {
    join,
    sync,
    heartbeat: (of) => {
      memberAt(of).seenAt = time.now();
      if (state === 'preparing') throw rebalancing();
    },
    leave: remove,
    admit: (of, inTransaction) => {
      if (of.generationId === -1 && inTransaction) return; // of a client without a group
      memberAt(of);
      if (state === 'completing' && !inTransaction) throw rebalancing();
    },
    generation: () => generationId,
    disturb: () => {
      if (state === 'stable') prepare();
    },
    restart: () => {
      for (const member of members.values()) {
        const lost = new GroupRefusal('rebalancing', 'NOT_COORDINATOR');
        member.joining?.reject(lost);
        member.syncing?.reject(lost);
        member.joining = undefined;
        member.syncing = undefined;
        member.seenAt = time.now();
      }
      if (state === 'completing') prepare();
    },
  };
}
