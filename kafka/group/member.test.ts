/** A member of a group in memory, in virtual time. */
import { expect, test } from 'vitest';
import { createScheduler } from '../../e2e/simulation/scheduler.ts';
import { KafkaError } from '../errors.ts';
import { createMember, type Member, type MemberSettings } from './member.ts';
import { GroupRefusal, type Generation, type GroupMember, type GroupPort, type MemberAssignment } from './ports.ts'; // prettier-ignore
import type { Membership } from './term.ts';

const SESSION_MS = 10_000;
const away = (): KafkaError => new KafkaError('transient', 'the broker is away');
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

function setUp() {
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
  return { time, group, until, pass, open, joined };
}

test('members divide the partitions, hear of each other within a heartbeat, and know all writers', async () => {
  const { group, until, pass, joined, open, time } = setUp();
  const a = await joined('a');
  expect(a.log).toEqual(['assigned 0,1,2,3']);
  const b = open('b');
  const before = time.now();
  b.member.start();
  await until(() => b.member.generation() !== undefined);
  await pass(10);
  expect(time.now() - before).toBeLessThan(1100);
  expect([a.log, b.log]).toEqual([['assigned 0,1,2,3', 'left', 'assigned 0,2'], ['assigned 1,3']]);
  for (const { member } of [a, b]) expect(member.liveWriters()).toEqual(['w-a', 'w-b']);
  void b.member.stop();
  await pass(2000);
  expect([a.log.at(-1), b.log.at(-1)]).toEqual(['assigned 0,1,2,3', 'left']);
  expect(group.members()).toEqual(['m1']);
  expect(a.member.liveWriters()).toEqual(['w-a']);
  expect(group.asked.filter((line) => line.includes('join'))).toEqual(
    expect.arrayContaining([expect.stringContaining('join m1')]),
  );
});

test('a member that is only asked to join again waits for what is in hand, but not for long', async () => {
  for (const [takesMs, waits] of [
    [700, 700],
    [60_000, 3000],
  ] as const) {
    // prettier-ignore
    const { group, until, pass, joined, time } = setUp();
    let askedMs = 0;
    const quiesce = (): Promise<void> =>
      new Promise((resolve) => {
        askedMs = time.now();
        time.after(takesMs, resolve);
      });
    const { member, log } = await joined('a', { quiesce });
    const before = member.generation()!;
    group.disturb();
    await until(() => log.includes('left'));
    expect(member.generation()).toBeUndefined();
    await expect(member.confirm(before)).rejects.toMatchObject({ kind: 'stale' });
    group.asked.length = 0;
    await until(() => member.generation() !== undefined);
    await pass(1);
    const join = group.asked.find((line) => line.includes('join'));
    expect(join).toBe(`${String(askedMs + waits + 2)} join m1`);
    expect(log).toEqual(['assigned 0,1,2,3', 'left', 'assigned 0,1,2,3']);
  }
});

test('a member that the group has forgotten joins as a new one', async () => {
  const { group, until, joined } = setUp();
  const { member, log, errors } = await joined();
  const { memberId } = member.generation()!;
  group.forget(memberId);
  await until(() => log.length === 3);
  expect(log).toEqual(['assigned 0,1,2,3', 'left', 'assigned 0,1,2,3']);
  expect(member.generation()!.memberId).not.toBe(memberId);
  expect(errors).toEqual([]);
});

test('the coordinator is away: for a session all goes on, then nothing is handed out until it has joined again, as itself', async () => {
  const { group, until, pass, joined, time } = setUp();
  const { member, log, errors } = await joined();
  const first = member.generation()!;
  await pass(3500);
  group.away(true);
  const awayMs = time.now();
  await pass(6000);
  expect([log, errors]).toEqual([['assigned 0,1,2,3'], []]);
  await expectRejects(until, member.confirm(first), { kind: 'transient' });
  await until(() => log.includes('left'));
  expect(time.now() - awayMs).toBeGreaterThan(SESSION_MS - 1000);
  expect(time.now() - awayMs).toBeLessThanOrEqual(SESSION_MS);
  expect(errors[0]).toMatchObject({ code: 'BROKER_UNAVAILABLE', message: 'the broker is away' });
  await pass(20_000);
  const tries = errors.length;
  expect(tries).toBeGreaterThan(8);
  expect(tries).toBeLessThan(20);
  group.away(false);
  const backMs = time.now();
  await until(() => log.length === 4);
  expect(log).toEqual(['assigned 0,1,2,3', 'left', 'failed', 'assigned 0,1,2,3']);
  expect(time.now() - backMs).toBeLessThan(2600);
}); // prettier-ignore

/** Runs virtual time until it has. */
async function expectRejects(
  until: (isDone: () => boolean) => Promise<void>,
  work: Promise<unknown>,
  what: object,
): Promise<void> {
  let error: unknown;
  work.catch((caught: unknown) => (error = caught));
  await until(() => error !== undefined);
  expect(error).toMatchObject(what);
}

test('a short outage of the coordinator, and a lost heartbeat, change nothing', async () => {
  const { group, pass, joined } = setUp();
  const { log, errors } = await joined();
  group.fail('heartbeat', away());
  await pass(5000);
  group.away(true);
  await pass(7000);
  group.away(false);
  await pass(20_000);
  expect([log, errors]).toEqual([['assigned 0,1,2,3'], []]);
});

test('a heartbeat without an answer does not hide that the session is over', async () => {
  const { group, until, joined, time } = setUp();
  const { log, errors } = await joined();
  const joinedMs = time.now();
  group.fail('heartbeat', 'hang');
  await until(() => log.includes('left'));
  expect(time.now() - joinedMs).toBeLessThanOrEqual(SESSION_MS);
  expect(String(errors[0])).toContain('has taken no heartbeat for 10000 ms');
  await until(() => log.length === 4);
});

test('a delivery is confirmed by the last heartbeat, or by one that all who ask share', async () => {
  const { group, pass, joined } = setUp();
  const { member } = await joined();
  const generation = member.generation()!;
  const ask = (): string[] => {
    const results: string[] = [];
    for (let i = 0; i < 5; i++)
      member.confirm(generation).then(
        () => results.push('in'),
        (error: unknown) => results.push((error as GroupRefusal).kind),
      );
    return results;
  };
  await pass(900);
  group.asked.length = 0;
  const first = ask();
  await pass(0);
  expect([first, group.asked]).toEqual([Array(5).fill('in'), []]);
  group.fail('heartbeat', away(), away(), away(), away(), away());
  await pass(850); // after four tries of its own
  group.asked.length = 0;
  const [failing, second] = [ask(), await pass(50).then(ask)];
  await pass(10);
  expect([failing, second]).toEqual([Array(5).fill('transient'), Array(5).fill('in')]);
  expect(group.asked.filter((line) => line.includes('heartbeat')).length).toBe(2);
});

test('an older release in the group: says so, tries every few seconds, and joins when it is gone', async () => {
  const { group, until, pass, open, time } = setUp();
  const refusals = Array.from({ length: 4 }, () => new GroupRefusal('incompatible', 'another protocol'));
  group.fail('join', ...refusals);
  const { member, log, errors } = open('a');
  member.start();
  await until(() => log.length > 1);
  expect(log).toEqual(['failed', 'assigned 0,1,2,3']);
  expect(errors.length).toBe(4);
  expect(errors[0]).toMatchObject({ code: 'GROUP_INCOMPATIBLE', action: 'transient' });
  expect(time.now()).toBeGreaterThan(4 * 2500);
  expect(time.now()).toBeLessThan(4 * 5000);
  await pass(10);
});

test('a right that is taken away is told at once, and what can never pass ends the member', async () => {
  const { group, until, pass, joined } = setUp();
  const { log, errors } = await joined();
  const refusal = new KafkaError('unauthorized', 'no right to READ group g');
  group.fail('heartbeat', refusal);
  group.fail('join', refusal, refusal);
  await pass(1100);
  expect([log, errors[0]]).toEqual([['assigned 0,1,2,3', 'left', 'failed'], refusal]);
  await until(() => log.length === 4);
  expect(errors.length).toBe(3);
  group.fail('heartbeat', new KafkaError('fatal', 'never'));
  await pass(60_000);
  expect(log.slice(3)).toEqual(['assigned 0,1,2,3', 'left', 'crashed never']);
});

test('what a fetch or a commit was refused with counts as a heartbeat’s refusal, of its own generation alone', async () => {
  const { until, pass, joined } = setUp();
  const { member, log, errors } = await joined();
  const first = member.generation()!;
  member.lose(first, away());
  expect(log.length).toBe(1);
  member.lose(first, new GroupRefusal('stale', 'the generation is over'));
  expect(log).toEqual(['assigned 0,1,2,3', 'left']);
  await until(() => log.length === 3);
  member.lose(first, new GroupRefusal('stale', 'the generation is over'));
  await pass(1);
  expect(log.length).toBe(3);
  for (let times = 0; times < 4; times++) {
    member.lose(member.generation()!, new KafkaError('unauthorized', 'no right to READ topic t'));
    await until(() => member.generation() !== undefined);
  }
  expect(errors.length).toBe(4);
});

test('new partitions: the leader divides them', async () => {
  const { group, until, joined, time } = setUp();
  const a = await joined('a');
  const b = await joined('b');
  await until(() => a.log.at(-1) === 'assigned 0,2');
  group.grow(7);
  const grownMs = time.now();
  await until(() => a.log.at(-1) === 'assigned 0,2,4,6');
  await until(() => b.log.at(-1) === 'assigned 1,3,5');
  expect(time.now() - grownMs).toBeLessThan(12_000);
});

test('it leaves the group however far it is, and never comes back', async () => {
  for (const atMs of [0, 1, 2, 3, 4, 5, 6, 7, 500, 999, 1001, 1500]) {
    const { group, pass, open, joined } = setUp();
    const other = await joined('other');
    const { member, log } = open('a');
    member.start();
    await pass(atMs);
    let isStopped = false;
    void member.stop().then(() => (isStopped = true));
    await pass(2500);
    expect([atMs, isStopped]).toEqual([atMs, true]);
    await pass(60_000);
    expect([atMs, group.members()]).toEqual([atMs, ['m1']]);
    expect(other.log.at(-1)).toBe('assigned 0,1,2,3');
    expect(log.filter((line) => line === 'left').length).toBe(
      log.filter((line) => line.startsWith('assigned')).length,
    );
  }
});
