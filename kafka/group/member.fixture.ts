/** A coordinator in memory and members of its group, in virtual time. */
import { createScheduler } from '../../e2e/simulation/scheduler.ts';
import { KafkaError } from '../errors.ts';
import { createMember, type Member, type MemberSettings } from './member.ts';
import { GroupRefusal, type Generation, type GroupMember, type GroupPort, type MemberAssignment } from './ports.ts'; // prettier-ignore
import type { Membership } from './term.ts';

export const SESSION_MS = 10_000;
export const away = (): KafkaError => new KafkaError('transient', 'the broker is away');
type Refusal = GroupRefusal['kind'];

/** A coordinator as Kafka's: a rebalance waits for all members, and ends without those that do not come. */
function createCoordinator(time: ReturnType<typeof createScheduler>) {
  interface Seen {
    readonly writerId: string;
    heardMs: number;
    joined: (() => void) | undefined;
  }
  const members = new Map<string, Seen>();
  let [generationId, round, lastId, partitions] = [0, 0, 0, 4];
  let isStable = true;
  let leader = '';
  let given: ((member: string) => MemberAssignment | undefined) | undefined;
  const asked: string[] = [];
  /** What the next requests answer, by name; `hang`: nothing. */
  const faults = new Map<string, (Error | 'hang')[]>();
  let isAway = false;

  const answer = <T>(what: string, of: () => T | Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      asked.push(`${String(time.now())} ${what}`);
      const [name = ''] = what.split(' ');
      const fault = isAway ? away() : faults.get(name)?.shift();
      if (fault === 'hang') return;
      time.after(1, () => {
        if (fault !== undefined) reject(fault);
        else
          new Promise<T>((settle) => settle(of())).then(
            (value) => time.after(1, () => resolve(value)),
            reject,
          );
      });
    });
  const refuse = (kind: Refusal): never => {
    throw new GroupRefusal(kind, kind);
  };

  function rebalance(): void {
    if (!isStable) return;
    isStable = false;
    given = undefined;
    const mine = ++round;
    time.after(30_000, () => {
      if (mine !== round || isStable) return;
      for (const [id, { joined }] of members) if (joined === undefined) members.delete(id);
      agree();
    });
  }
  function agree(): void {
    if (isStable || [...members.values()].some(({ joined }) => joined === undefined)) return;
    isStable = true;
    generationId += 1;
    [leader = ''] = members.keys();
    for (const seen of members.values()) {
      seen.joined?.();
      seen.joined = undefined;
      seen.heardMs = time.now();
    }
  }
  function expire(): void {
    for (const [id, { heardMs, joined }] of members)
      if (joined === undefined && time.now() - heardMs > SESSION_MS) {
        members.delete(id);
        rebalance();
      }
    agree();
    time.after(500, expire);
  }
  expire();

  const check = ({ generationId: of, memberId }: Generation): Seen => {
    const seen = members.get(memberId) ?? refuse('unknown-member');
    if (of !== generationId) refuse('stale');
    return seen;
  };
  const port: GroupPort = {
    partitions: () => answer('partitions', () => partitions),
    join: (memberId, writerId) =>
      answer(`join ${memberId}`, async () => {
        if (memberId !== '' && !members.has(memberId)) refuse('unknown-member');
        const id = memberId === '' ? `m${String(++lastId)}` : memberId;
        rebalance();
        await new Promise<void>((joined) => {
          members.set(id, { writerId, heardMs: time.now(), joined });
          agree();
        });
        const all: GroupMember[] = [...members].map(([each, seen]) => ({
          memberId: each,
          writerId: seen.writerId,
        }));
        return { generationId, memberId: id, isLeader: leader === id, members: leader === id ? all : [] };
      }),
    sync: (of, assignments) =>
      answer('sync', async () => {
        check(of);
        if (assignments.length > 0) given = (id) => assignments.find(({ memberId }) => memberId === id);
        while (given === undefined) {
          if (!isStable || of.generationId !== generationId) refuse('rebalancing');
          await new Promise<void>((resolve) => time.after(1, resolve));
        }
        return given(of.memberId)!;
      }),
    heartbeat: (of) =>
      answer('heartbeat', () => {
        const seen = check(of);
        seen.heardMs = time.now();
        if (!isStable) refuse('rebalancing');
      }),
    leave: (memberId) =>
      answer(`leave ${memberId}`, () => {
        members.delete(memberId);
        rebalance();
        agree();
      }),
  };
  return {
    port,
    asked,
    fail: (name: string, ...errors: (Error | 'hang')[]) => faults.set(name, errors),
    away: (is: boolean) => (isAway = is),
    grow: (to: number) => (partitions = to),
    forget: (id: string) => members.delete(id),
    disturb: rebalance,
    members: () => [...members.keys()],
  };
}

export function setUpGroup() {
  const time = createScheduler();
  const group = createCoordinator(time);
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => time.after(ms, resolve));
  const until = async (isDone: () => boolean, ms = 120_000): Promise<void> => {
    if (!(await time.run(isDone, time.now() + ms))) throw new Error(`not within ${String(ms)} ms`);
  };
  const pass = async (ms: number): Promise<void> => {
    let isOver = false;
    time.after(ms, () => (isOver = true));
    await until(() => isOver);
  };
  /** With which members the leader fenced, each time. */
  const fenced: string[] = [];
  /** `log`: what it says, with the time. */
  function open(name: string, more: Partial<MemberSettings> = {}) {
    const log: string[] = [];
    const errors: unknown[] = [];
    let given: Membership | undefined;
    const say = (what: string): void => void log.push(what);
    const member: Member = createMember({
      group: group.port,
      groupId: 'g',
      clock: { now: time.now, sleep },
      random: () => 0.5,
      sessionTimeoutMs: SESSION_MS,
      writerId: `w-${name}`,
      quiesce: () => Promise.resolve(),
      fenceGone: (live) => {
        fenced.push(live.join());
        return Promise.resolve(live.length === 1 ? ['w-gone'] : []);
      },
      events: {
        assigned: (membership) => {
          given = membership;
          say(`assigned ${membership.partitions.join()}`);
        },
        heard: () => undefined,
        left: () => say('left'),
        failed: (error) => {
          errors.push(error);
          if (log.at(-1) !== 'failed') say('failed');
        },
        crashed: (error) => say(`crashed ${error.message}`),
      },
      ...more,
    });
    return { member, log, errors, given: () => given! };
  }
  const joined = async (name = 'a', more: Partial<MemberSettings> = {}) => {
    const opened = open(name, more);
    opened.member.start();
    await until(() => opened.member.generation() !== undefined);
    return opened;
  };
  return { time, group, until, pass, open, joined, fenced };
}
