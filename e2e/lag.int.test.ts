/** Lag is what an outsider computes, within one record and one second, whatever is away, stuck or on the move. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { eventEncoder } from '../cli/encoders.ts';
import { buildFailingService } from './chaos/build.ts';
import { startCluster, type Cluster } from './chaos/cluster.ts';
import { startScorer, type Scorer } from './chaos/fleet.ts';
import { LagTruth, type Shown } from './lag-truth.ts';
import { events, settled } from './world.ts';

const PARTITIONS = [0, 1, 2, 3, 4, 5];
const STUCK = 0;
/** Beside the second since its last look: a busy machine is late. */
const SLACK_MS = 150;

let cluster: Cluster;
let truth: LagTruth;
let scorer: Scorer;
let topics: { customerEvents: string; driftCounts: string };
let seed = 0;

beforeAll(async () => {
  cluster = await startCluster(() => undefined);
  const { config } = cluster.direct;
  topics = config.topics.names;
  truth = await LagTruth.open(cluster.brokers, topics.customerEvents, config.group);
  scorer = start();
  await load(500);
  await settled(truth.isIdle, 'the first scores', 60_000, 2000).catch((error: unknown) => {
    throw new Error(`last lines of the scorer:\n  ${scorer.tail()}`, { cause: error });
  });
}, 180_000);

afterAll(async () => {
  scorer.kill('SIGKILL');
  await truth.close();
  await cluster.close();
});

const start = (): Scorer => startScorer(buildFailingService(), { ...cluster.env, ROLES: 'scorer,monitor' });

const plain = (count: number): string[] => events(count, ++seed).map((event) => JSON.stringify(event));

/** Ten events a second to each of these partitions, so long. */
async function load(ms: number, partitions = PARTITIONS): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end;) {
    await Promise.all(partitions.map((partition) => truth.write(partition, plain(1))));
    await sleep(100);
  }
}

async function metrics(of: Scorer): Promise<string> {
  return (await fetch(`http://127.0.0.1:${String(await of.port)}/metrics`)).text();
}

/** Lag as shown, by partition. */
async function shown(of: Scorer, topic = topics.customerEvents): Promise<Map<number, Shown>> {
  const text = await metrics(of);
  const take = (name: string): Map<number, number> => {
    const lines = text.matchAll(new RegExp(`^${name}{topic="${topic}",partition="(\\d+)"} (\\S+)$`, 'gm'));
    return new Map([...lines].map(([, partition, value]) => [Number(partition), Number(value)]));
  };
  const seconds = take('churn_consumer_lag_seconds');
  return new Map(
    [...take('churn_consumer_lag_records')].map(([partition, records]) => [
      partition,
      { records, seconds: seconds.get(partition) ?? NaN },
    ]),
  );
}

/** Looks on for so long. Returns what was wrong. */
async function watch(ms: number, partitions = PARTITIONS): Promise<string[]> {
  const faults: string[] = [];
  for (const end = Date.now() + ms; Date.now() < end;) {
    faults.push(...faultsOf(Date.now(), await shown(scorer), partitions));
    await sleep(200);
  }
  return faults;
}

const faultsOf = (askedMs: number, lags: ReadonlyMap<number, Shown>, partitions = PARTITIONS): string[] =>
  partitions.flatMap((partition) => truth.fault(partition, lags.get(partition), askedMs) ?? []);

/** What stands still is shown to the record, and to the second as it is now. */
async function expectExact(partition: number): Promise<void> {
  const { records, ageMs } = truth.latest(partition);
  const lag = (await shown(scorer)).get(partition);
  expect(Math.abs(lag!.records - records)).toBeLessThanOrEqual(1);
  expect(lag!.seconds * 1000).toBeGreaterThanOrEqual(ageMs - 1000 - SLACK_MS);
  expect(lag!.seconds * 1000).toBeLessThanOrEqual(truth.latest(partition).ageMs + SLACK_MS);
}

/** An encoder for a schema that no scorer has seen. */
async function unseen(): Promise<(count: number) => Buffer[]> {
  const encode = await eventEncoder(cluster.direct, 'avro');
  const subject = `${cluster.registryUrl}/subjects/${topics.customerEvents}-value/versions`;
  const { schema } = (await (await fetch(`${subject}/latest`)).json()) as { schema: string };
  const body = JSON.stringify({
    schema: JSON.stringify({ ...(JSON.parse(schema) as object), doc: 'unseen' }),
  });
  const headers = { 'content-type': 'application/json' };
  const { id } = (await (await fetch(subject, { method: 'POST', headers, body })).json()) as { id: number };
  return (count) =>
    events(count, ++seed).map((event) => {
      const bytes = Buffer.from(encode(event));
      bytes.writeUInt32BE(id, 1);
      return bytes;
    });
}

test('steady: under load, and 0 once all is processed; so does the topic of transactions', { timeout: 60_000 }, async () => {
  const loading = load(5000);
  await truth.write(1, plain(2500));
  expect(await watch(5000)).toEqual([]);
  await loading;
  await settled(truth.isIdle, 'the last scores', 20_000, 1300);
  const none = { records: 0, seconds: 0 };
  expect(await shown(scorer)).toEqual(new Map(PARTITIONS.map((partition) => [partition, none])));
  await vi.waitFor(async () => expect(await shown(scorer, topics.driftCounts)).toEqual(new Map([[0, none]])), 10_000);
}); // prettier-ignore

test('a rebalance: those kept are shown throughout, those that went not any more, each partition in one place', { timeout: 60_000 }, async () => {
  const other = start();
  const loading = load(15_000);
  const before: Set<number>[] = [];
  const isShared = async (): Promise<boolean> => {
    const [mine, theirs] = [await shown(scorer), await shown(other)];
    before.push(new Set(mine.keys()));
    return mine.size === 3 && theirs.size === 3;
  };
  await other.port;
  await vi.waitFor(async () => expect(await isShared()).toBe(true), { timeout: 30_000, interval: 100 });
  const kept = [...(await shown(scorer)).keys()];
  expect(before.filter((seen) => !kept.every((partition) => seen.has(partition)))).toEqual([]);
  const both = new Map([...(await shown(scorer)), ...(await shown(other))]);
  expect([...both.keys()].sort()).toEqual(PARTITIONS);
  await sleep(1300);
  const askedMs = Date.now();
  expect(faultsOf(askedMs, new Map([...(await shown(scorer)), ...(await shown(other))]))).toEqual([]);
  other.kill('SIGTERM');
  await other.exited;
  await vi.waitFor(async () => expect((await shown(scorer)).size).toBe(6), 10_000);
  await loading;
  await settled(truth.isIdle, 'the last scores', 20_000, 1300);
  expect(await watch(1000)).toEqual([]);
}); // prettier-ignore

test('a stuck partition, and then Kafka frozen, or refusing: records stay, seconds go on', { timeout: 90_000 }, async () => {
  const encode = await unseen();
  cluster.registry.setMode('refuse');
  await truth.write(STUCK, encode(40));
  const loading = load(6000, PARTITIONS.slice(1));
  await sleep(2000);
  await truth.write(STUCK, plain(10));
  expect(await watch(4000)).toEqual([]);
  await expectExact(STUCK);
  expect(truth.latest(STUCK).records).toBe(50);
  expect(await metrics(scorer)).toContain(`churn_partitions_unready{topic="${topics.customerEvents}"} 1\n`);
  await loading;

  const { kafkaPid } = cluster.nodes[0]!;
  truth.pause(true);
  process.kill(kafkaPid, 'SIGSTOP');
  try {
    for (let i = 0; i < 10; i++) {
      await sleep(1000);
      await expectExact(STUCK);
    }
  } finally {
    process.kill(kafkaPid, 'SIGCONT');
    truth.pause(false);
  }
  cluster.kafka.setMode('refuse'); // of the scorer alone
  try {
    for (let i = 0; i < 4; i++) {
      await sleep(1000);
      await expectExact(STUCK);
    }
  } finally {
    cluster.kafka.setMode('open');
  }
  await vi.waitFor(async () => expect((await shown(scorer)).size).toBe(6), 20_000);
  await load(1000, PARTITIONS.slice(1));
  await settled(() => PARTITIONS.slice(1).every((p) => truth.latest(p).records === 0), 'the others', 20_000, 1300);
  expect(await watch(2000)).toEqual([]);
  await expectExact(STUCK);

  cluster.registry.setMode('open');
  await settled(truth.isIdle, 'the stuck ones', 30_000, 1300);
  expect(await watch(500)).toEqual([]);
}); // prettier-ignore

test('the registry away since before the start: no partition is armed, and each record that waits is shown', { timeout: 90_000 }, async () => {
  scorer.kill('SIGTERM');
  await scorer.exited;
  await truth.write(STUCK, plain(100));
  await sleep(3000);
  cluster.registry.setMode('refuse');
  cluster.registry.reset();
  scorer = start();
  await scorer.port;
  for (const partition of PARTITIONS) await truth.write(partition, plain(100));
  await vi.waitFor(async () => expect((await shown(scorer)).size).toBe(6), 20_000);
  await sleep(2500);
  expect(await watch(3000)).toEqual([]);
  for (const partition of PARTITIONS) await expectExact(partition);
  expect(truth.latest(STUCK)).toMatchObject({ records: 200 });
  expect(await metrics(scorer)).toContain(`churn_partitions_unready{topic="${topics.customerEvents}"} 6\n`);
  cluster.registry.setMode('open');
  await settled(truth.isIdle, 'all of them', 30_000, 1300);
  expect(await watch(500)).toEqual([]);
}); // prettier-ignore
