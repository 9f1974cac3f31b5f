/**
 * What is missing when the service starts, in turn and two at once: `/health` says so from its first answer on, and the same process
 * scores once it is there.
 */
import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, onTestFailed, onTestFinished, test } from 'vitest';
import { openContext, packageRoot, readConfig, type Context } from '../cli/context.ts';
import { startService, type ServiceProcess } from '../cli/service-process.io.ts';
import { prepareTopics } from '../cli/topics.ts';
import { addPartitions } from '../kafka/kafkajs/cluster.fixture.ts';
import type { Right } from '../kafka/kafkajs/access.fixture.ts';
import { startSecureBroker, type SecureBroker } from './secure/secure-broker.ts';
import { startProxy, type Proxy } from './chaos/proxy.ts';
import { collect, events, produceRaw, settled, type Outputs } from './world.ts';

type Env = Record<string, string>;

/** A deployment of its own: what its topics are called, how its owner and its service reach Kafka and the registry. */
interface Site {
  /** Past the proxies, and allowed everything. */
  readonly context: Context;
  readonly env: Env;
  /** Before Kafka (its first address), and before the registry. */
  readonly kafka: Proxy;
  readonly registry: Proxy;
  /** Folder of the image's model. */
  readonly modelDir: string;
}

interface Condition {
  readonly what: string;
  /** Makes it, before the service starts; returns what ends it. */
  make(site: Site): Promise<() => unknown>;
  /** What `/health` says once it has looked, and with which status. */
  readonly says: readonly RegExp[];
  readonly status?: 200 | 503;
  readonly env?: Env;
}

const champion = join(packageRoot(), 'models/champion');
const ready = ({ context }: Site): Promise<unknown> => prepareTopics(context);
const putModel = ({ modelDir }: Site): Promise<void> => cp(champion, modelDir, { recursive: true });
const createTopic = ({ context }: Site, id: 'churnScores' | 'customerEvents', partitions: number) => {
  const topic = { name: context.config.topics.names[id], partitions, replicationFactor: 1, settings: {} };
  return context.kafka.administer((admin) => admin.createTopics([topic]));
};
const withRegistry = { SCHEMA_REGISTRY_URL: 'proxied' };

const CONDITIONS: readonly Condition[] = [
  {
    what: 'Kafka away',
    make: async (site) => {
      await ready(site);
      site.kafka.setMode('refuse');
      return () => site.kafka.setMode('open');
    },
    says: [/^Kafka does not answer at 127\.0\.0\.1:\d+: /],
  },
  {
    what: 'Kafka frozen',
    make: async (site) => {
      await ready(site);
      site.kafka.setMode('hole');
      return () => site.kafka.setMode('open');
    },
    says: [/^Kafka does not answer at 127\.0\.0\.1:\d+: /],
  },
  {
    what: 'Kafka away and no model in the image',
    make: async (site) => {
      await ready(site);
      await rm(site.modelDir, { recursive: true });
      site.kafka.setMode('refuse');
      return async () => {
        site.kafka.setMode('open');
        await putModel(site);
      };
    },
    says: [/^Kafka does not answer at /, /; Model not available: .*the model log cannot be read now$/],
  },
  {
    what: 'one topic missing',
    make: async (site) => {
      await ready(site);
      const name = site.context.config.topics.names.driftCounts;
      await site.context.kafka.administer((admin) => admin.deleteTopics([name]));
      return () => ready(site);
    },
    says: [/^topics missing: \S+drift-counts \(make them: bankchurn topics create\)$/],
  },
  {
    what: 'all topics missing',
    make: (site) => Promise.resolve(() => ready(site)),
    says: [/^topics missing: \S+customer-events, .*churn-models/],
  },
  {
    what: 'an output with fewer partitions than the input',
    make: async (site) => {
      await createTopic(site, 'churnScores', 1);
      await ready(site);
      const { names, partitions } = site.context.config.topics;
      return () => addPartitions(inject('kafka').brokers, [names.churnScores], partitions);
    },
    says: [/^fewer partitions than \S+customer-events \(6\): \S+churn-scores/],
  },
  {
    what: 'no model anywhere',
    make: async (site) => {
      await ready(site);
      await rm(site.modelDir, { recursive: true });
      return () => putModel(site);
    },
    says: [/^Model not available: /],
  },
  {
    what: 'a corrupt model',
    make: async (site) => {
      await ready(site);
      const file = join(site.modelDir, 'model.onnx');
      const bytes = await readFile(file);
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
      await writeFile(file, bytes);
      return () => putModel(site);
    },
    says: [/^Model not available: .*(sha256|checksum)/],
  },
  {
    what: 'the registry away and a topic missing',
    env: withRegistry,
    make: async (site) => {
      await ready(site);
      const name = site.context.config.topics.names.deadLetters;
      await site.context.kafka.administer((admin) => admin.deleteTopics([name]));
      site.registry.setMode('refuse');
      return async () => {
        site.registry.setMode('open');
        await ready(site);
      };
    },
    says: [/^topics missing: \S+dlq/, /; schema registry: .*127\.0\.0\.1:\d+/],
  },
  {
    what: 'the registry away',
    env: withRegistry,
    status: 200, // nothing waits
    make: async (site) => {
      await ready(site);
      site.registry.setMode('refuse');
      return () => site.registry.setMode('open');
    },
    says: [/^schema registry: [^;]*127\.0\.0\.1:\d+[^;]*$/],
  },
];

async function openSite(more: Env = {}): Promise<Site> {
  const { brokers, registryUrl } = inject('kafka');
  const prefix = `t${randomBytes(4).toString('hex')}.`;
  const own: Env = {
    KAFKA_BROKERS: brokers,
    TOPIC_PREFIX: prefix,
    LOG_LEVEL: 'INFO',
    SCHEMA_REGISTRY_URL: '',
  };
  const hasRegistry = more['SCHEMA_REGISTRY_URL'] !== undefined;
  const direct = { ...own, ...(hasRegistry ? { SCHEMA_REGISTRY_URL: registryUrl! } : {}) };
  const context = openContext(readConfig({ config: `${packageRoot()}/configs/config.yaml` }, direct));
  const kafka = await startProxy(() => Number(brokers.split(':')[1]));
  const registry = await startProxy(() => Number(new URL(registryUrl!).port));
  const modelDir = await mkdtemp(join(tmpdir(), 'bankchurn-model-'));
  await cp(champion, modelDir, { recursive: true });
  onTestFinished(async () => {
    context.registry?.close();
    await Promise.all([kafka.close(), registry.close()]);
    await rm(modelDir, { recursive: true, force: true });
  });
  const env = {
    ...direct,
    MODEL_DIR: modelDir,
    KAFKA_BROKERS: `127.0.0.1:${String(kafka.port)}`,
    ...(hasRegistry
      ? { SCHEMA_REGISTRY_URL: registryUrl!.replace(/:\d+\//, `:${String(registry.port)}/`) }
      : {}),
  };
  return { context, env, kafka, registry, modelDir };
}

interface Told {
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly tookMs: number;
}

/** Asks every 50 ms until `isDone`; returns all answers. */
async function listen(
  { port }: ServiceProcess,
  isDone: (told: Told) => boolean,
  withinMs: number,
): Promise<Told[]> {
  const told: Told[] = [];
  const deadline = Date.now() + withinMs;
  for (;;) {
    const begunMs = performance.now();
    const answer = await fetch(`http://127.0.0.1:${String(port)}/health`);
    const { detail = '', code = '' } = (await answer.json()) as { detail?: string; code?: string };
    const now = { status: answer.status, detail, code, tookMs: performance.now() - begunMs };
    told.push(now);
    if (isDone(now)) return told;
    if (Date.now() > deadline)
      throw new Error(
        `in ${String(withinMs)} ms: ${told
          .map((one) => one.detail)
          .slice(-3)
          .join(' | ')}`,
      );
    await sleep(50);
  }
}

/** What may be said before the first look at Kafka or at the log has ended, and while all goes on. */
const PASSING =
  /^$|^connecting to Kafka|Model not available: the model log is being read$|(^|; )Not joined|partitions are not ready$/;

/** The service starts into the condition, says it and nothing else, and scores after its end, as the same process. */
async function expectSaidAndOver(
  service: ServiceProcess,
  { says, status = 503 }: Pick<Condition, 'says' | 'status'>,
  end: () => unknown,
  { context }: Pick<Site, 'context'>,
): Promise<void> {
  const isSaid = (told: Told): boolean => says.every((words) => words.test(told.detail));
  const told = await listen(service, isSaid, 15_000);
  expect(told.at(-1)!.status).toBe(status);
  expect(told.filter((one) => !PASSING.test(one.detail) && !isSaid(one)).map(({ detail }) => detail)).toEqual(
    [],
  );
  const later: Told[] = [];
  for (let i = 0; i < 10; i++) {
    later.push(...(await listen(service, () => true, 1000)));
    await sleep(100);
  }
  expect(later.filter((one) => !isSaid(one)).map(({ detail }) => detail)).toEqual([]);
  expect(Math.max(...[...told, ...later].map(({ tookMs }) => tookMs))).toBeLessThan(500);
  await end();
  await expectScores(service, context);
}

async function expectScores(service: ServiceProcess, context: Context): Promise<void> {
  const healthy = (
    await listen(service, ({ status: found, detail }) => found === 200 && detail === '', 30_000)
  ).at(-1)!;
  expect(healthy.code).toBe('');
  const out: Outputs = await collect({ context });
  const all = events(20, 3);
  await produceRaw({ context }, all.map((event) => ({ key: event.customerId, value: JSON.stringify(event) }))); // prettier-ignore
  await settled(() => out.scores.length >= all.length, 'the scores', 15_000, 200);
  expect(out.scores).toHaveLength(all.length);
  expect(process.kill(service.pid, 0)).toBe(true); // the process that was started
}

async function start(env: Env): Promise<ServiceProcess> {
  const service = await startService(env, ['scorer']);
  onTestFailed(() => void process.stderr.write(`last lines of the service:\n  ${service.tail()}\n`));
  onTestFinished(async () => {
    await service.kill();
  });
  return service;
}

test.each(CONDITIONS)('$what', { timeout: 90_000 }, async (condition) => {
  const site = await openSite(condition.env);
  const end = await condition.make(site);
  await expectSaidAndOver(await start(site.env), condition, end, site);
});

let broker: SecureBroker;
/** What all topics and groups of these begin with. */
const PREFIX = 'secure-';
const USER = 'scorer';

beforeAll(async () => {
  broker = await startSecureBroker([USER]);
}, 120_000);

afterAll(() => broker.stop());

const right = (operation: Right['operation'], resource: Right['resource'], name: string): Right => ({
  ...{ operation, resource, name },
  pattern: 'PREFIXED',
});

/** What a scorer needs here, but for what it writes. */
const RIGHTS = [
  ...[right('READ', 'TOPIC', PREFIX), right('READ', 'GROUP', PREFIX), right('DELETE', 'GROUP', PREFIX)],
  ...[right('WRITE', 'TRANSACTIONAL_ID', PREFIX)],
];
const WRITE = right('WRITE', 'TOPIC', PREFIX);

test.each<Condition & { readonly granted: readonly Right[] }>([
  {
    what: 'a wrong password',
    granted: [...RIGHTS, WRITE],
    make: async ({ env }) => {
      const file = env['KAFKA_SASL_PASSWORD_FILE']!;
      await writeFile(file, 'wrong');
      return () => copyFile(broker.passwordFile(USER), file);
    },
    says: [/^login refused for user scorer with scram-sha-512: .*authentication failed/i],
  },
  {
    what: 'no right to write',
    granted: RIGHTS,
    make: () => Promise.resolve(() => broker.grant(USER, [WRITE])),
    says: [/no right to WRITE topic secure-/],
  },
  {
    what: 'no right to see a topic',
    granted: [],
    make: () => Promise.resolve(() => broker.grant(USER, [...RIGHTS, WRITE])),
    says: [/^no right to DESCRIBE topic secure-\S+customer-events, /],
  },
])('$what', { timeout: 90_000 }, async ({ granted, ...condition }) => {
  const passwordFile = join(broker.folder, `${condition.what}.password`);
  await copyFile(broker.passwordFile(USER), passwordFile);
  const shared = {
    TOPIC_PREFIX: `${PREFIX}${randomBytes(4).toString('hex')}.`,
    SCHEMA_REGISTRY_URL: '',
    LOG_LEVEL: 'INFO',
  };
  const owner = { ...shared, KAFKA_BROKERS: broker.superUser };
  const context = openContext(readConfig({ config: `${packageRoot()}/configs/config.yaml` }, owner));
  await prepareTopics(context);
  await broker.revokeAll(USER);
  if (granted.length > 0) await broker.grant(USER, granted);
  const env = {
    ...shared,
    KAFKA_BROKERS: broker.listeners.sasl,
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
    KAFKA_SASL_USERNAME: USER,
    KAFKA_SASL_PASSWORD_FILE: passwordFile,
  };
  const end = await condition.make({ env } as unknown as Site);
  await expectSaidAndOver(await start(env), condition, end, { context });
});
