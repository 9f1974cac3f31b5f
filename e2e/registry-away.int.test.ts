/** The schema registry away before anything starts: control goes on without it, scores wait for it and lose nothing. */
import { UNTESTED } from '../drift/verdict-records.ts';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { programArguments, startService, type ServiceProcess } from '../cli/service-process.io.ts';
import { createAll } from '../cli/topics.ts';
import { readAll } from '../kafka/read.ts';
import { partitionCounts } from '../kafka/topics.ts';
import type { Release } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { FINGERPRINT_HEADER } from '../schemas/fingerprints.ts';
import type { DriftVerdict } from '../schemas/generated.ts';
import { controlEncoderOf, modelLogOf } from '../service/wiring.io.ts';
import { startProxy, type Proxy } from './chaos/proxy.ts';
import { collect, createWorld, events, produceRaw, settled, type World } from './world.ts';

/** The shipped release under another version, with bytes of its own: a doc string of the ONNX at its end. */
async function otherRelease(): Promise<Release> {
  const release = await readRelease(`${packageRoot()}/models/champion`);
  const onnx = Buffer.concat([release.onnx, Buffer.from([0x32, 5]), Buffer.from('other')]);
  const sha256 = createHash('sha256').update(onnx).digest('hex');
  return {
    ...release,
    onnx,
    manifest: { ...release.manifest, version: 'other', sha256, sizeBytes: onnx.length },
  };
}

/** What a command says and how it ends. */
async function bankchurn(env: Record<string, string>, ...args: string[]) {
  const options = { env: { ...process.env, ...env }, cwd: packageRoot(), timeout: 60_000 };
  const ended = promisify(execFile)(process.execPath, [...programArguments(), ...args], options);
  return ended.then(
    (said) => ({ ...said, code: 0 }),
    (error: unknown) => error as { stdout: string; stderr: string; code: number },
  );
}

interface Health {
  readonly status: number;
  readonly metrics: string;
}
async function healthOf({ port }: ServiceProcess): Promise<Health> {
  const at = `http://127.0.0.1:${String(port)}`;
  return {
    status: (await fetch(`${at}/health`)).status,
    metrics: await (await fetch(`${at}/metrics`)).text(),
  };
}

async function proxyBefore(url: string): Promise<Proxy> {
  const proxy = await startProxy(() => Number(new URL(url).port));
  onTestFinished(() => proxy.close());
  return proxy;
}

const VERDICT: DriftVerdict = {
  modelSha256: 'a', activation: 1, firstCountsOffset: 0, lastCountsOffset: 9, events: 4000, drifted: false,
  psi: [{ name: 'score', psi: 0.125 }], state: '{}', ...UNTESTED,
}; // prettier-ignore

/** A verdict and a model that were written while the registry was there. */
async function writeBefore(world: World): Promise<void> {
  const { context } = world;
  const encode = await controlEncoderOf(context, 'driftVerdicts')();
  const { value, headers } = encode(VERDICT);
  await produceRaw(world, [{ value, headers: headers as Record<string, string> }], 'driftVerdicts');
  const release = await otherRelease();
  const { version, sha256 } = release.manifest;
  await modelLogOf(context).write(
    () => ({ release: true, kinds: ['ACTIVATION'], version, sha256 }),
    'OPERATOR',
    release,
  );
}

test(
  'a scorer starts, loads its model, joins and waits; `models` and `drift` work; with the registry back all is scored once',
  { timeout: 170_000 },
  async () => {
    const world = await createWorld();
    const { names } = world.context.config.topics;
    const registry = await proxyBefore(world.env['SCHEMA_REGISTRY_URL']!);
    const url = world.env['SCHEMA_REGISTRY_URL']!.replace(/:\d+/, `:${String(registry.port)}`);
    const away = { ...world.env, SCHEMA_REGISTRY_URL: url };
    await writeBefore(world);
    registry.setMode('refuse');

    const service = await world.start({ SCHEMA_REGISTRY_URL: url }, ['scorer', 'monitor']);
    // The log's model serves, then the image's, which the scorer adds to the log.
    await vi.waitFor(async () => {
      const { status, metrics } = await healthOf(service);
      expect([status, /churn_model_info\{version="churn-/.test(metrics)]).toEqual([200, true]);
    }, 60_000);
    expect((await healthOf(service)).metrics).toContain('churn_registry_up 0');

    const rollback = await bankchurn(away, 'models', 'rollback');
    expect([rollback.code, rollback.stderr]).toEqual([0, expect.stringContaining('other')]);
    const list = await bankchurn(away, 'models', 'list');
    expect([list.code, list.stdout]).toEqual([0, expect.stringMatching(/^\* other/m)]);
    const drift = await bankchurn(away, 'drift', '--json');
    expect([drift.code, JSON.parse(drift.stdout)]).toMatchObject([0, VERDICT]);
    const records = await readAll(world.context.kafka, names.churnModels);
    const isAvro = records.map(({ value, headers }) => [value![0] === 0, FINGERPRINT_HEADER in headers]);
    const [avro, json] = [isAvro.filter(([is]) => is), isAvro.filter(([is]) => !is)];
    expect(avro).toEqual([[true, true], [true, true]]); // prettier-ignore
    expect(json.length).toBeGreaterThan(2); // the image's activation, and the rollback

    const out = await collect(world);
    const sent = events(200, 5);
    await produceRaw(world, sent.map((event) => ({ key: event.customerId, value: JSON.stringify(event) }))); // prettier-ignore
    await vi.waitFor(async () => expect((await healthOf(service)).status).toBe(503), 10_000);
    expect([out.scores.length, out.deadLetters.length]).toEqual([0, 0]);
    registry.setMode('open');
    await settled(
      () => out.scores.length >= sent.length,
      'the scores, now that the registry is there',
      15_000,
    );
    expect([out.scores.length, out.deadLetters.length]).toEqual([sent.length, 0]);
    expect(out.scores.every(({ value }) => value![0] === 0)).toBe(true);
    await vi.waitFor(async () => {
      const { status, metrics } = await healthOf(service);
      expect([status, metrics.includes('churn_registry_up 1')]).toEqual([200, true]);
    }, 10_000);

    const blind = await bankchurn({ ...world.env, SCHEMA_REGISTRY_URL: '' }, 'consume', '--from-beginning', '--count', '50'); // prettier-ignore
    expect([blind.code, blind.stdout]).toEqual([1, '']);
    expect(blind.stderr.match(/set SCHEMA_REGISTRY_URL/g)).toHaveLength(1);
    expect(blind.stderr).toContain('50 records could not be read');
    const seeing = await bankchurn(
      world.env,
      'consume',
      '--from-beginning',
      '--count',
      '50',
      '--format',
      'jsonl',
    );
    expect([seeing.code, seeing.stdout.trim().split('\n').length]).toEqual([0, 50]);
  },
);

test('the registry’s address without its path: the service and `topics create` name the right one', async () => {
  const world = await createWorld();
  const right = world.env['SCHEMA_REGISTRY_URL']!;
  const { origin } = new URL(right);
  const created = await bankchurn({ ...world.env, SCHEMA_REGISTRY_URL: origin }, 'topics', 'create');
  expect([created.code, created.stderr]).toEqual([1, expect.stringContaining(`${right} is: set SCHEMA_REGISTRY_URL`)]); // prettier-ignore
  expect(created.stdout).toContain('exists, as wanted');
  const service = await world.start({ SCHEMA_REGISTRY_URL: origin }, ['scorer']);
  await vi.waitFor(() => expect(service.tail()).toContain(`${right} is: set SCHEMA_REGISTRY_URL`), 10_000);
}, 60_000); // prettier-ignore

test('topics that cannot be created are named with the cause, and the others are created', async () => {
  const { context } = await createWorld();
  const { topics } = context.config;
  const names = { ...topics.names, churnScores: 'no such name!', driftCounts: `${topics.names.driftCounts}.new` };
  const refused = { ...names, customerEvents: `${topics.names.customerEvents}.new` };
  const first = await createAll({ ...context, config: { ...context.config, topics: { ...topics, names } } });
  expect(first.errors).toEqual([expect.stringMatching(/^topic no such name!: .*topic/i)]);
  expect(first.topics.filter(({ created }) => created).map(({ name }) => name)).toEqual([names.driftCounts]);
  const tooMany = { ...topics, names: refused, replicationFactor: 3 };
  const second = await createAll({ ...context, config: { ...context.config, topics: tooMany } });
  expect(second.errors.join('\n')).toMatch(/topic \S*customer-events\.new: .*replication/i);
}, 60_000); // prettier-ignore

test('topics are made when Kafka comes, by a service that was started before', async () => {
  const { brokers, registryUrl } = inject('kafka');
  const kafka = await proxyBefore(`http://${brokers}`);
  kafka.setMode('refuse');
  const { context, env } = await createWorld();
  const prefix = `${env['TOPIC_PREFIX']!}late.`;
  const late = { ...env, SCHEMA_REGISTRY_URL: registryUrl!, TOPIC_PREFIX: prefix, KAFKA_BROKERS: `127.0.0.1:${String(kafka.port)}` }; // prettier-ignore
  const service = await startService(late, ['scorer'], undefined, ['--create-topics']);
  onTestFinished(async () => {
    await service.kill();
  });
  await vi.waitFor(() => expect(service.tail()).toContain('could not all be created'), 30_000);
  const topic = `${prefix}customer-events`;
  expect((await partitionCounts(context.kafka, [topic])).get(topic)).toBe(0);
  kafka.setMode('open');
  await vi.waitFor(async () => expect((await healthOf(service)).status).toBe(200), { timeout: 40_000, interval: 500 }); // prettier-ignore
  expect((await partitionCounts(context.kafka, [topic])).get(topic)).toBe(6);
}, 90_000); // prettier-ignore
