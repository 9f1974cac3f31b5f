/** Kafka or the registry away, hanging, slow or talking nonsense: nothing is lost or dead-lettered, the process stays, and says why. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { openContext, packageRoot, readConfig } from '../cli/context.ts';
import { eventEncoder } from '../cli/encoders.ts';
import type { RecordProducer } from '../kafka/port.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import { buildFailingService } from './chaos/build.ts';
import { startCluster, type Cluster } from './chaos/cluster.ts';
import { startScorer, type Scorer } from './chaos/fleet.ts';
import type { ProxyMode } from './chaos/proxy.ts';
import { events, settled } from './world.ts';

let cluster: Cluster;
let scorer: Scorer;
let producer: RecordProducer;
let closeReader: () => Promise<void>;
const seen: string[] = [];
let letters = 0;
/** An outage may cost the lines and buffers of its retries, and not what piles up in Kafka meanwhile. */
const GROWTH_MIB = 50;
let sent: string[] = [];

beforeAll(async () => {
  cluster = await startCluster(() => undefined);
  const { kafka, config } = cluster.direct;
  const { churnScores, deadLetters } = config.topics.names;
  scorer = startScorer(buildFailingService(), cluster.env);
  producer = await kafka.openProducer();
  const options = { fromBeginning: true };
  const reader = await kafka.openReader([churnScores, deadLetters], options, (topic, _, { headers }) => {
    if (topic === deadLetters) letters += 1;
    else seen.push(String(headers['ce_id']));
  });
  closeReader = reader.close;
  await send(200, 1);
  await settled(() => seen.length >= 200, 'the first scores', 60_000, 0);
}, 180_000);

/** A test that failed in the middle of its outage leaves none to the next. */
afterEach(() => {
  cluster.kafka.setMode('open');
  cluster.registry.setTarget(undefined);
  cluster.registry.setMode('open');
});

afterAll(async () => {
  scorer.kill('SIGKILL');
  await producer.close();
  await closeReader();
  await cluster.close();
});

type Encode = (event: CustomerEvent) => Buffer | string;

async function send(
  count: number,
  seed: number,
  encode: Encode = JSON.stringify,
  from: RecordProducer = producer,
): Promise<void> {
  const all = events(count, seed);
  sent = [...sent, ...all.map(({ eventId }) => eventId)];
  await from.send(
    cluster.direct.config.topics.names.customerEvents,
    all.map((event) => ({ key: event.customerId, value: encode(event) })),
  );
}

async function ask(path: string): Promise<{ status: number; detail: unknown }> {
  const answer = await fetch(`http://127.0.0.1:${String(await scorer.port)}${path}`);
  return { status: answer.status, detail: ((await answer.json()) as { detail?: unknown }).detail };
}

/** All is scored once, in a process that never ended. */
async function expectRecovered(withinMs: number): Promise<void> {
  await settled(() => seen.length >= sent.length, 'the scores after the outage', withinMs, 1500);
  expect([new Set(seen).size, seen.length, letters, scorer.isGone()]).toEqual([
    sent.length,
    sent.length,
    0,
    false,
  ]);
}

/** Of score ids, `topic/partition/offset`. */
const partitionsOf = (ids: readonly string[]): number => new Set(ids.map((id) => id.split('/')[1])).size;

test.each<[mode: ProxyMode, ms: number]>([
  ['refuse', 25_000],
  ['hole', 20_000],
  ['half', 20_000],
  ['refuse', 130_000],
])('Kafka: %s for a while: says why, stays alive, at most a line a second, memory stays flat, goes on within 10 s', { timeout: 240_000 }, async (mode, ms) => {
  const lines = scorer.lines();
  const memory = scorer.residentMib();
  cluster.kafka.setMode(mode);
  await send(300, ms + seen.length);
  const backlog = ms > 60_000 ? 20_000 : 0; // many fetches' worth
  for (let i = 0; i < backlog; i += 500) await send(500, ms + seen.length + 1 + i);
  await sleep(ms - 1000);
  const [ready, live] = [await ask('/health/ready'), await ask('/health/live')];
  await sleep(1000);
  const [told, held] = [scorer.lines() - lines, scorer.residentMib()];
  const before = seen.length;
  cluster.kafka.setMode('open');
  // The last of a backlog is a matter of throughput; each partition is to go on in time.
  const isBack = (): boolean => partitionsOf(seen.slice(before)) === 6;
  if (backlog > 0) await settled(isBack, 'scores of every partition', 10_000, 0);
  await expectRecovered(backlog > 0 ? 60_000 : 10_000);
  expect([ready.status, live.status]).toEqual([503, 200]);
  expect(ready.detail).toMatch(/^Kafka does not answer at 127\.0\.0\.1:\d+: /);
  expect(told).toBeLessThanOrEqual(ms / 1000);
  expect(held - memory).toBeLessThan(GROWTH_MIB);
}); // prettier-ignore

test('Kafka: slow: goes on, if slowly, and everything once', { timeout: 120_000 }, async () => {
  cluster.kafka.setMode('slow');
  await send(300, 77);
  await sleep(8000);
  cluster.kafka.setMode('open');
  await expectRecovered(20_000);
});

test(
  'Kafka: connections reset over and over: goes on between, everything once',
  { timeout: 120_000 },
  async () => {
    for (let round = 0; round < 20; round++) {
      await send(50, 4000 + round);
      cluster.kafka.reset();
      await sleep(500);
    }
    expect((await ask('/health/live')).status).toBe(200);
    await expectRecovered(10_000);
  },
);

test(
  'Kafka: answers lost while a producer sends: it sends again, and each event is written once',
  { timeout: 120_000 },
  async () => {
    const context = openContext(
      readConfig({ config: `${packageRoot()}/configs/config.yaml` }, { ...cluster.env }),
    );
    const behind = await context.kafka.openProducer();
    onTestFinished(async () => {
      await behind.close();
      context.registry?.close();
    });
    await send(300, 88, JSON.stringify, behind); // connected to all it needs
    cluster.kafka.setMode('half');
    const sending = send(300, 89, JSON.stringify, behind);
    await sleep(5000); // longer than a request waits for its answer
    cluster.kafka.setMode('open');
    await sending;
    await expectRecovered(10_000);
  },
);

/** A writer schema that the scorer has not seen: each call registers another one. */
async function unseenSchema(note: string): Promise<Encode> {
  const encode = await eventEncoder(cluster.direct, 'avro');
  const { registry, config } = cluster.direct;
  const subject = `${config.topics.names.customerEvents}-value`;
  const source = { ...(await registryText(`/subjects/${subject}/versions/latest`)), doc: note };
  const answer = await fetch(`${registryAddress()}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: JSON.stringify(source) }),
  });
  const { id } = (await answer.json()) as { id: number };
  expect([answer.status, registry === undefined]).toEqual([200, false]);
  return (event) => {
    const bytes = Buffer.from(encode(event));
    bytes.writeUInt32BE(id, 1);
    return bytes;
  };
}

const registryAddress = (): string => cluster.registryUrl;

async function registryText(path: string): Promise<object> {
  const { schema } = (await (await fetch(registryAddress() + path)).json()) as { schema: string };
  return JSON.parse(schema) as object;
}

async function nonsense(): Promise<Server> {
  const answers: [number, string][] = [[404, '<html>no such page</html>'], [404, '{"error_code":40401}'], [200, '[]'], [200, 'null'], [500, '{}']]; // prettier-ignore
  let turn = 0;
  const server = createServer((_, response) => {
    const [status, body] = answers[turn++ % answers.length]!;
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Also between two tries, when the partition is armed for a moment. */
async function expectUnready(forMs: number): Promise<void> {
  const seen = new Set<string>();
  const end = Date.now() + forMs;
  while (Date.now() < end) {
    await sleep(20);
    const { status, detail } = await ask('/health/ready');
    seen.add(`${String(status)} ${String(detail)}`);
  }
  expect(
    [...seen].filter((words) => !/^503 \d of 6 partitions are not ready: .*registry/.test(words)),
  ).toEqual([]);
}

test.each(['refuse', 'hole', 'nonsense'] as const)(
  'registry: %s while it runs: events of known schemas go on, those of an unseen one wait, none is dead-lettered',
  { timeout: 120_000 },
  async (mode) => {
    const known = await eventEncoder(cluster.direct, 'avro');
    await send(50, 500 + seen.length, known);
    await settled(() => seen.length >= sent.length, 'events of the known schema', 30_000, 0);
    const unseen = await unseenSchema(`${mode} ${String(Date.now())}`);
    const server = await nonsense();
    if (mode === 'nonsense') cluster.registry.setTarget((server.address() as AddressInfo).port);
    else cluster.registry.setMode(mode);
    cluster.registry.reset();

    await send(50, 900 + seen.length, known);
    await settled(() => seen.length >= sent.length, 'known ones while it is away', 20_000, 0);
    const before = seen.length;
    await send(40, 1300 + seen.length, unseen);
    // The first try ends after its timeout.
    await vi.waitFor(async () => expect((await ask('/health/ready')).status).toBe(503), 10_000);
    expect([seen.length, letters]).toEqual([before, 0]);
    await expectUnready(8000);
    expect((await ask('/health/live')).status).toBe(200);
    expect([seen.length, letters]).toEqual([before, 0]);

    cluster.registry.setTarget(undefined);
    cluster.registry.setMode('open');
    cluster.registry.reset();
    server.close();
    await expectRecovered(15_000);
    expect((await ask('/health/ready')).status).toBe(200);
  },
);

test.each(['kafka', 'registry'] as const)(
  '%s: away when the process starts: alive, not ready, and goes on by itself',
  { timeout: 120_000 },
  async (what) => {
    scorer.kill('SIGTERM');
    expect((await scorer.exited).code).toBe(0);
    cluster[what].setMode('refuse');
    cluster[what].reset();
    scorer = startScorer(buildFailingService(), cluster.env);
    await send(300, 7000 + seen.length, await eventEncoder(cluster.direct, 'avro'));
    const before = seen.length;
    await sleep(12_000);
    const [ready, live] = [await ask('/health/ready'), await ask('/health/live')];
    expect([ready.status, live.status, seen.length]).toEqual([503, 200, before]);
    cluster[what].setMode('open');
    await expectRecovered(10_000);
    expect((await ask('/health/ready')).status).toBe(200);
  },
);
