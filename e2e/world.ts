/** Helpers of the whole-system tests: a prefix of topics on the shared broker, a service, and what came out. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject, onTestFailed, onTestFinished } from 'vitest';
import { readConfig, openContext, packageRoot, type Context } from '../cli/context.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { startService, type ServiceProcess } from '../cli/service-process.io.ts';
import { prepareTopics } from '../cli/topics.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import { TOPICS, type TopicId } from '../schemas/topics.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import type { RoleName } from '../service/role-topics.ts';

/** Takes what ends something that was begun. */
export type OnEnd = (end: () => void | Promise<void>) => void;

export interface World {
  readonly env: Record<string, string>;
  readonly context: Context;
  /** Starts the service, ended with the test: all roles or those given, with the project's configuration or another. */
  start(
    extra?: Record<string, string>,
    roles?: readonly RoleName[],
    configFile?: string,
  ): Promise<ServiceProcess>;
}

/** A request after some thousands of events, and another one when it may be. */
const SHORT_WINDOWS = { DRIFT_REQUEST_EVENTS: '4000', DRIFT_COOLDOWN_EVENTS: '0' };

/** Topics and group of their own on the shared broker. `registry: false` = JSON only. */
export async function createWorld(
  options: {
    registry?: boolean;
    env?: Record<string, string>;
    /** Settings of topics that are created before the others. */
    settings?: Partial<Record<TopicId, Record<string, string>>>;
    /** Takes what ends it; without, it ends with the test. */
    onEnd?: OnEnd;
  } = {},
): Promise<World> {
  const { onEnd = onTestFinished } = options;
  const { brokers, registryUrl } = inject('kafka');
  const env = {
    KAFKA_BROKERS: brokers,
    SCHEMA_REGISTRY_URL: options.registry === false ? '' : (registryUrl ?? ''),
    TOPIC_PREFIX: `t${randomBytes(4).toString('hex')}.`,
    LOG_LEVEL: 'INFO',
    ...SHORT_WINDOWS,
    ...options.env,
  };
  const config = readConfig({ config: `${packageRoot()}/configs/config.yaml` }, env);
  const context = openContext(config);
  onEnd(() => context.registry?.close());
  const wanted = Object.entries(options.settings ?? {}).map(([id, settings]) => ({
    name: config.topics.names[id as TopicId],
    partitions: TOPICS[id as TopicId].partitions === 1 ? 1 : config.topics.partitions,
    replicationFactor: 1,
    settings,
  }));
  if (wanted.length > 0) await context.kafka.administer((admin) => admin.createTopics(wanted));
  await prepareTopics(context);
  return {
    env,
    context,
    start: async (extra = {}, roles, configFile) => {
      const service = await startService({ ...env, ...extra }, roles, configFile);
      if (onEnd === onTestFinished)
        onTestFailed(() => void process.stderr.write(`last lines of the service:\n  ${service.tail()}\n`));
      onEnd(async () => {
        await service.kill();
      });
      return service;
    },
  };
}

/** Simulated events. */
export function events(count: number, seed = 7): CustomerEvent[] {
  return [...simulateEvents(count, seed, `e${String(seed)}-`)].map(({ event }) => event);
}

export interface RawRecord {
  readonly key?: string | null;
  readonly value: Buffer | string | null;
  readonly headers?: Record<string, string | Buffer>;
}

/** Writes raw records (events, if no other topic is named), spread over the partitions by key. */
export async function produceRaw(
  { context }: Pick<World, 'context'>,
  records: readonly RawRecord[],
  topic: TopicId = 'customerEvents',
): Promise<void> {
  const producer = await context.kafka.openProducer();
  const all = records.map(({ key = null, value, headers }) => ({
    key,
    value,
    ...(headers === undefined ? {} : { headers }),
  }));
  for (let from = 0; from < all.length; from += 500) {
    await producer.send(context.config.topics.names[topic], all.slice(from, from + 500));
  }
  await producer.close();
}

export interface Outputs {
  readonly scores: SourceRecord[];
  readonly deadLetters: SourceRecord[];
  close(): Promise<void>;
}

/** Everything committed to the two output topics, from the beginning. */
export async function collect({ context }: Pick<World, 'context'>): Promise<Outputs> {
  const { churnScores, deadLetters } = context.config.topics.names;
  const out = { scores: [] as SourceRecord[], deadLetters: [] as SourceRecord[] };
  const reader = await context.kafka.openReader(
    [churnScores, deadLetters],
    { fromBeginning: true },
    (topic, _, record) => {
      (topic === churnScores ? out.scores : out.deadLetters).push(record);
    },
  );
  onTestFinished(() => reader.close());
  return { ...out, close: () => reader.close() };
}

/** Waits until a condition holds; then waits on, so that what comes too much is seen too. */
export async function settled(
  isDone: () => boolean,
  what: string,
  timeoutMs = 60_000,
  graceMs = 1500,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!isDone()) {
    if (Date.now() > deadline) throw new Error(`not in ${String(timeoutMs)} ms: ${what}`);
    await sleep(25);
  }
  await sleep(graceMs);
}
