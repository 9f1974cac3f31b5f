/** A member of a group in memory, in virtual time. */
import { expect, test } from 'vitest';
import { KafkaError } from '../errors.ts';
import { away, SESSION_MS, setUpGroup as setUp } from './member.fixture.ts';
import { GroupRefusal } from './ports.ts';

test('members divide the partitions, hear of each other within a heartbeat, and know which writers the leader has fenced', async () => {
  const { group, until, pass, joined, open, time, fenced } = setUp();
  const a = await joined('a');
  expect(a.log).toEqual(['assigned 0,1,2,3']);
  expect([fenced, a.member.goneWriters()]).toEqual([['w-a'], ['w-gone']]);
  const b = open('b');
  const before = time.now();
  b.member.start();
  await until(() => b.member.generation() !== undefined);
  await pass(10);
  expect(time.now() - before).toBeLessThan(1100);
  expect([a.log, b.log]).toEqual([['assigned 0,1,2,3', 'left', 'assigned 0,2'], ['assigned 1,3']]);
  expect(fenced.slice(1)).toEqual(['w-a,w-b']);
  for (const { member } of [a, b]) expect(member.goneWriters()).toEqual([]);
  void b.member.stop();
  await pass(2000);
  expect([a.log.at(-1), b.log.at(-1)]).toEqual(['assigned 0,1,2,3', 'left']);
  expect(group.members()).toEqual(['m1']);
  expect(a.member.goneWriters()).toEqual(['w-gone']);
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

test('a right that is taken away is reported at once, and what can never pass ends the member', async () => {
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
  const { group, until, pass, joined } = setUp();
  const { member, log, errors } = await joined();
  const first = member.generation()!;
  member.lose(first, away());
  expect(log.length).toBe(1);
  await pass(1500);
  group.fail('heartbeat', away(), away(), away());
  await pass(1100);
  const asking = member.confirm(first).then(
    () => 'in',
    (error: unknown) => (error as GroupRefusal).kind,
  );
  member.lose(first, new GroupRefusal('stale', 'the generation is over'));
  expect(log).toEqual(['assigned 0,1,2,3', 'left']);
  await pass(10);
  expect(await asking).toBe('stale');
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

/** Around each request of a first join, alone or beside another. */
const MOMENTS_MS = [...Array(14).keys(), 500, 999, ...[...Array(10).keys()].map((ms) => 1000 + ms), 1500];

test.each(['alone', 'beside another'])(
  'it leaves the group however far it is, and never comes back: %s',
  async (where) => {
    for (const atMs of MOMENTS_MS) {
      const { group, pass, open, joined } = setUp();
      const other = where === 'alone' ? undefined : await joined('other');
      const { member, log } = open('a');
      member.start();
      await pass(atMs);
      let isStopped = false;
      void member.stop().then(() => (isStopped = true));
      const said = [...log];
      await pass(2500);
      const others = other === undefined ? [] : ['m1'];
      expect([atMs, isStopped, group.members()]).toEqual([atMs, true, others]);
      await pass(60_000);
      expect([atMs, group.members()]).toEqual([atMs, others]);
      if (other !== undefined) expect(other.log.at(-1)).toBe('assigned 0,1,2,3');
      const count = (what: string): number => log.filter((line) => line.startsWith(what)).length;
      expect([log, count('left')]).toEqual([said, count('assigned')]);
    }
  },
);

test('a leader that cannot fence whoever is gone gives nobody partitions: it joins again, within its session', async () => {
  const { open, until, time } = setUp();
  let tries = 0;
  const fenceGone = (): Promise<readonly string[]> => {
    tries += 1;
    if (tries === 1) return Promise.reject(away());
    return tries === 2 ? new Promise(() => undefined) : Promise.resolve([]);
  };
  const a = open('a', { fenceGone });
  a.member.start();
  await until(() => tries === 2);
  const since = time.now();
  await until(() => a.member.generation() !== undefined);
  expect(time.now() - since).toBeLessThan(SESSION_MS);
  expect([tries, a.log]).toEqual([3, ['failed', 'assigned 0,1,2,3']]);
});
