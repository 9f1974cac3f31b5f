/** WORKERS=2: two scorer processes, one service. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readScore } from '../cli/consume.ts';
import { ROLES } from '../service/role-topics.ts';
import { collect, createWorld, events, produceRaw, settled, type Outputs, type World } from './world.ts';

const EVENTS = 20_000;

/** Processes started by a process. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

async function produceEvents(world: World, seed: number): Promise<string[]> {
  const all = events(EVENTS, seed);
  await produceRaw(
    world,
    all.map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
  );
  return all.map(({ eventId }) => eventId);
}

async function expectOneScoreEach(world: World, out: Outputs, ids: readonly string[]): Promise<void> {
  const { registry } = world.context;
  const scores = await Promise.all(out.scores.map((record) => readScore(record, registry)));
  expect(scores.map(({ eventId }) => eventId).sort()).toEqual([...ids].sort());
  expect(new Set(scores.map(({ scoreId }) => scoreId)).size).toBe(ids.length);
}

interface Health {
  readonly status: string;
  readonly roles: string[];
  readonly partitions: { assigned: number; ready: number };
  readonly workers: { configured: number; up: number };
}
const health = async (port: number): Promise<Health> =>
  (await (await fetch(`http://127.0.0.1:${String(port)}/health`)).json()) as Health;

async function figure(port: number, sample: string, accept = ''): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${String(port)}/metrics`, { headers: { accept } });
  const line = (await answer.text()).split('\n').find((text) => text.startsWith(`${sample} `));
  return Number(line?.slice(sample.length) ?? NaN);
}
const SCORED = 'churn_events_total{result="scored"}';

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  let isSo = false;
  const timer = setInterval(() => void holds().then((is) => (isSo ||= is), () => undefined), 200); // prettier-ignore
  try {
    await settled(() => isSo, what, 60_000, 0);
  } finally {
    clearInterval(timer);
  }
}

test(
  'two workers share the partitions; one is killed under load: every record once, /metrics sums both, it comes back',
  { timeout: 180_000 },
  async () => {
    const world = await createWorld();
    const service = await world.start({ WORKERS: '2' });
    const out = await collect(world);
    // Six of the scorers', one of each role that runs once.
    const all = 6 + ROLES.length - 1;
    let begun: Health | undefined;
    await until(async () => {
      const told = await health(service.port);
      const { status, workers, partitions } = told;
      // While nothing waits, a service whose partitions are being assigned is healthy too; the second worker's join moves them once more.
      const isWhole = status === 'healthy' && workers.up === 2 && partitions.ready === all;
      if (isWhole) begun = told;
      return isWhole;
    }, 'two workers, healthy, with all partitions');
    expect(begun).toMatchObject({
      workers: { configured: 2, up: 2 },
      partitions: { assigned: all, ready: all },
      roles: [...ROLES],
    });

    const calm = await produceEvents(world, 7);
    await settled(() => out.scores.length >= EVENTS, 'a score of each event');
    await until(async () => (await figure(service.port, SCORED)) === EVENTS, 'the sum of both workers');
    expect(await figure(service.port, SCORED, 'application/openmetrics-text')).toBe(EVENTS);
    expect(await figure(service.port, 'churn_workers_up')).toBe(2);

    const producing = produceEvents(world, 8);
    await settled(() => out.scores.length > EVENTS + 2000, 'scores of the second load', 60_000, 0);
    const before = childrenOf(service.pid);
    expect(before).toHaveLength(2);
    process.kill(before[1]!, 'SIGKILL');
    expect(out.scores.length).toBeLessThan(2 * EVENTS);
    const loaded = await producing;
    await settled(() => out.scores.length >= 2 * EVENTS, 'a score of each event', 90_000);
    await expectOneScoreEach(world, out, [...calm, ...loaded]);

    await until(async () => {
      const { status, workers } = await health(service.port);
      return status === 'healthy' && workers.up === 2;
    }, 'two workers again');
    expect(childrenOf(service.pid)).toHaveLength(2);
    expect(childrenOf(service.pid)).not.toContain(before[1]);
    expect(await figure(service.port, 'churn_worker_restarts_total')).toBe(1);

    // What a dead worker had counted is not taken away from the sum.
    const counted = await figure(service.port, SCORED);
    process.kill(before[0]!, 'SIGKILL');
    await until(async () => (await health(service.port)).workers.up < 2, 'the first worker to be gone');
    expect(await figure(service.port, SCORED)).toBe(counted);
    await until(async () => (await health(service.port)).roles.includes('monitor'), 'the monitor again');

    const children = childrenOf(service.pid);
    expect(await service.stop()).toBe(0);
    for (const pid of children) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  },
);

test('the supervisor is killed: its workers end by themselves', { timeout: 60_000 }, async () => {
  const world = await createWorld({ registry: false });
  const service = await world.start({ WORKERS: '2' });
  const children = childrenOf(service.pid);
  expect(children).toHaveLength(2);
  await service.kill();
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await settled(() => !children.some(isAlive), 'both workers ended', 30_000, 0);
});
