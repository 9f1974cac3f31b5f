/** What the service and the commands share: clients and roles made of a configuration. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { challenge } from './consumers/challenge.io.ts';
import { collectFreshRows } from './consumers/fresh-rows.io.ts';
import { readLast } from './consumers/kafka-readers.io.ts';
import type { Metrics } from './consumers/metrics.io.ts';
import { openModelLog, type ModelLogAccess } from './consumers/model-log.io.ts';
import { createMonitor } from './consumers/monitor.ts';
import { recordScores } from './consumers/record-scores.ts';
import type { LoopPorts } from './consumers/loop.ts';
import { runRole, type RunningRole } from './consumers/run-role.io.ts';
import type { Serving } from './consumers/serving.io.ts';
import { createScorer, sourceEnd } from './consumers/scorer.ts';
import { createTrainer } from './consumers/trainer.ts';
import { SCORE_SERIES } from './drift/counts.ts';
import type { Verdict } from './drift/monitor.ts';
import { createKafka, type Kafka } from './producers/kafka.io.ts';
import { createAvroEncoder, EVENT, MAGIC_BYTE, OUTCOME, type Shape } from './schemas/avro.ts';
import { createDecoder, type RecordDecoder } from './schemas/decoder.ts';
import { BankChurnError } from './schemas/errors.ts';
import type {
  CustomerEvent,
  DriftCounts,
  DriftVerdict,
  ModelRecord,
  SchemaName,
} from './schemas/generated.ts';
import type { OpenRole, Role } from './schemas/ports.ts';
import { createRegistry, type Registry } from './schemas/registry.io.ts';
import { subjectName } from './schemas/subjects.ts';
import { TOPICS, type TopicId } from './schemas/topics.ts';

/** The Kafka client of a configuration. */
export function kafkaOf({ kafka }: Config, log: Pick<Logger, 'debug' | 'info' | 'warn'>): Kafka {
  const path = (value: string | null): string | undefined => value ?? undefined;
  const ssl = kafka.ssl
    ? { caFile: path(kafka.caFile), certFile: path(kafka.certFile), keyFile: path(kafka.keyFile) }
    : false;
  const sasl =
    kafka.saslMechanism === null
      ? undefined
      : {
          mechanism: kafka.saslMechanism,
          username: path(kafka.saslUsername),
          passwordFile: kafka.saslPasswordFile ?? '',
        };
  return createKafka(
    { brokers: kafka.brokers, clientId: kafka.clientId, ssl, sasl, sessionTimeoutMs: kafka.sessionTimeoutMs },
    (level, message, details) => log[level](details, message),
  );
}

/** The schema registry of a configuration, if it names one. */
export function registryOf({ registry }: Config): Registry | undefined {
  const { url, caFile, username, passwordFile, ...rest } = registry;
  if (url === null) return undefined;
  const path = (value: string | null): string | undefined => value ?? undefined;
  return createRegistry({
    ...rest,
    url,
    caFile: path(caFile),
    username: path(username),
    passwordFile: path(passwordFile),
  });
}

/** Encodes records of a topic: JSON, or Avro under its registered (or now registering) schema. */
export async function topicEncoder(
  config: Config,
  registry: Registry | undefined,
  topic: TopicId,
): Promise<(value: object) => Buffer | string> {
  if (registry === undefined) return (value) => JSON.stringify(value);
  const { schema, compatibility } = TOPICS[topic];
  if (schema === null || compatibility === null) throw new Error(`${topic} has no schema`);
  const name = schema as SchemaName;
  const subject = subjectName(config.registry.subjectStrategy, config.topics.names[topic], name);
  return createAvroEncoder(name, await registry.schemaId(subject, name, compatibility));
}

/** Decodes records that others write: of either encoding, under the topic's subject only. */
export function decoderOf<T>(
  { config, registry }: Pick<Surroundings, 'config' | 'registry'>,
  topic: TopicId,
  shape: Shape<T>,
): RecordDecoder<T> {
  const { subjectStrategy } = config.registry;
  const subjects = [subjectName(subjectStrategy, config.topics.names[topic], shape.schema)];
  const findWriter = registry?.findWriter(subjects, shape);
  return createDecoder({ shape, maxRecordBytes: config.limits.maxRecordBytes, findWriter });
}

/** Decodes records of our own topics, of either encoding. */
export async function decodeOwn(value: Buffer, registry: Registry | undefined): Promise<unknown> {
  if (value[0] !== MAGIC_BYTE) return JSON.parse(value.toString());
  if (registry === undefined)
    throw new BankChurnError('REGISTRY_UNAVAILABLE', 'this record is Avro: set SCHEMA_REGISTRY_URL');
  return registry.decode(value);
}

/** The newest verdict of the monitor, if there is one. */
export async function readLastVerdict({
  config,
  kafka,
  registry,
}: {
  config: Config;
  kafka: Kafka;
  registry: Registry | undefined;
}): Promise<DriftVerdict | undefined> {
  const last = await readLast(
    kafka,
    config.topics.names.driftVerdicts,
    `${config.group}.verdicts.${randomUUID()}`,
  );
  return last?.value == null ? undefined : ((await decodeOwn(last.value, registry)) as DriftVerdict);
}

/** The model log of a configuration. */
export function modelLogOf({
  config,
  kafka,
  registry,
}: Pick<Surroundings, 'config' | 'kafka' | 'registry'>): ModelLogAccess {
  return openModelLog({
    kafka,
    topics: config.topics.names,
    group: config.group,
    encode: () => topicEncoder(config, registry, 'churnModels'),
    decode: (value) => decodeOwn(value, registry) as Promise<ModelRecord>,
  });
}

/** What a role of the service needs. */
export interface Surroundings {
  readonly config: Config;
  readonly kafka: Kafka;
  readonly registry: Registry | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly models: Serving;
  readonly fatal: (error: unknown) => void;
  readonly wrap: Wrap;
}

/** Where tests put faults between the parts; the service itself runs without. */
export interface Wrap {
  readonly ports?: (ports: LoopPorts) => LoopPorts;
  readonly decoder?: (decoder: RecordDecoder<CustomerEvent>) => RecordDecoder<CustomerEvent>;
}

export const ROLES = ['scorer', 'monitor', 'trainer'] as const;
export type RoleName = (typeof ROLES)[number];

const START: Readonly<Record<RoleName, (around: Surroundings) => RunningRole>> = {
  scorer: startScorer,
  monitor: startMonitor,
  trainer: startTrainer,
};

/** Starts a role; it runs until it is stopped. */
export const startRole = (name: RoleName, around: Surroundings): RunningRole => START[name](around);

/** Consumer groups of the roles. */
export const groupsOf = ({ group }: Pick<Config, 'group'>): Record<RoleName, string> => ({
  scorer: group,
  monitor: `${group}.monitor`,
  trainer: `${group}.trainer`,
});

function common({ config, kafka, metrics, log, wrap }: Surroundings) {
  return {
    kafka,
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    wrap: wrap.ports,
    delivery: config.delivery,
    maxBatchRecords: config.limits.maxBatchRecords,
    stopBudgetMs: config.limits.stopBudgetMs - 2000,
    metrics,
    log,
  };
}

function startScorer(around: Surroundings): RunningRole {
  const { config, metrics, fatal } = around;
  const { names } = config.topics;
  const settings = {
    ...common(around),
    topic: names.customerEvents,
    outputs: [names.churnScores, names.deadLetters],
    singles: [names.driftCounts],
    groupId: groupsOf(config).scorer,
    startFrom: config.startFrom,
    writtenBefore: (partition: number) => writtenBefore(around, partition),
    onCommitted: (...[batch, decision, stageMs]: Parameters<Parameters<typeof runRole>[0]['onCommitted']>) =>
      recordScores(metrics, batch, decision, stageMs, Date.now()),
  };
  return runRole(settings, scorerRole(around), fatal);
}

/** Committed offsets expire when a group is away for long; the outputs tell as well how far it had come. */
async function writtenBefore(
  { kafka, config, log }: Surroundings,
  partition: number,
): Promise<number | undefined> {
  const { customerEvents, churnScores, deadLetters } = config.topics.names;
  const ends = [0];
  for (const topic of [churnScores, deadLetters]) {
    const last = await readLast(kafka, topic, `${config.group}.last.${randomUUID()}`, partition);
    if (last !== undefined) ends.push(sourceEnd(customerEvents, partition, last) ?? 0);
  }
  const offset = Math.max(...ends);
  if (offset === 0) return undefined;
  log.error({ partition, offset }, 'no committed offset, but outputs: going on after the last of them');
  return offset;
}

/** The encoders are made when a partition is armed: a registry that is away is then a transient fault like any other. */
function scorerRole({ config, registry, models, wrap }: Surroundings): OpenRole {
  const { names } = config.topics;
  const plain = decoderOf({ config, registry }, 'customerEvents', EVENT);
  const decoder = wrap.decoder?.(plain) ?? plain;
  let scorer: Role | undefined;
  return async () =>
    (scorer ??= createScorer({
      model: models.current,
      decoder,
      encodeScore: await topicEncoder(config, registry, 'churnScores'),
      encodeCounts: await topicEncoder(config, registry, 'driftCounts'),
      contentType: registry === undefined ? 'application/json' : 'application/avro',
      topics: names,
      tombstones: config.tombstones,
    }));
}

function startMonitor(around: Surroundings): RunningRole {
  const { config, fatal } = around;
  const { names } = config.topics;
  const settings = {
    ...common(around),
    topic: names.driftCounts,
    outputs: [names.driftVerdicts, names.retrainEvents],
    singles: [],
    groupId: groupsOf(config).monitor,
    startFrom: 'earliest' as const,
    onCommitted: () => undefined,
  };
  return runRole(settings, monitorRole(around), fatal);
}

function monitorRole(around: Surroundings): OpenRole {
  const { config, registry, models } = around;
  return async (partition, offset) => {
    const open = createMonitor({
      rule: config.drift,
      decodeCounts: (value) => decodeOwn(value, registry) as Promise<DriftCounts>,
      encodeVerdict: await topicEncoder(config, registry, 'driftVerdicts'),
      encodeRequest: await topicEncoder(config, registry, 'retrainEvents'),
      lastVerdict: () => readLastVerdict(around),
      manifestOf: (sha256) => {
        const manifest = models.manifestOf(sha256);
        if (manifest !== undefined) return Promise.resolve(manifest);
        return Promise.reject(
          new BankChurnError('MODEL_UNAVAILABLE', `the profile of model ${sha256} is not known here`),
        );
      },
      topics: config.topics.names,
      onVerdict: (verdict) => tellVerdict(around, verdict),
    });
    return open(partition, offset);
  };
}

function tellVerdict({ metrics, log }: Surroundings, { psi, events, drifted, request }: Verdict): void {
  for (const { name, psi: value } of psi) {
    if (name === SCORE_SERIES) metrics.scorePsi.set(value);
    else metrics.featurePsi.set({ feature: name }, value);
  }
  const largest = psi.reduce((a, b) => (b.psi > a.psi ? b : a));
  log.info({ events, drifted, largest: largest.name, psi: Number(largest.psi.toFixed(4)) }, 'verdict');
  if (!request) return;
  metrics.retrainEvents.inc({ result: 'requested' });
  log.warn({ largest: largest.name, psi: largest.psi, events }, 'drift: a new model is asked for');
}

function startTrainer(around: Surroundings): RunningRole {
  const { config, fatal } = around;
  const settings = {
    ...common(around),
    topic: config.topics.names.retrainEvents,
    outputs: [],
    singles: [config.topics.names.churnModels, config.topics.names.modelArtifacts],
    groupId: groupsOf(config).trainer,
    startFrom: 'earliest' as const,
    onCommitted: () => undefined,
  };
  return runRole(settings, trainerRole(around), fatal);
}

const LONGEST_RETRY_MS = 300_000;

function trainerRole(around: Surroundings): OpenRole {
  const { config, kafka, registry, metrics, log } = around;
  const { training, topics, group } = config;
  const modelLog = modelLogOf(around);
  const freshRows = {
    ...training,
    kafka,
    group,
    topics: topics.names,
    decodeEvents: decoderOf(around, 'customerEvents', EVENT),
    decodeOutcomes: decoderOf(around, 'customerOutcomes', OUTCOME),
    onUnreadable: (count: number, fault: string) =>
      log.warn({ count, fault }, 'outcomes that cannot be read'),
  };
  const challenging = {
    baseCsv: training.baseCsv,
    resampling: config.resampling.strategy,
    gate: training,
    fetchRelease: modelLog.fetch,
    onProgress: (stage: string, share: number) => log.debug({ stage, share }, 'training'),
  };
  return createTrainer({
    decodeRequest: (value) => decodeOwn(value, registry),
    readLog: modelLog.read,
    collect: (request) => collectFreshRows(freshRows, request),
    challenge: (champion, fresh, signal) => {
      const rows = { train: fresh.train.length, holdout: fresh.holdout.length };
      log.info({ champion: champion.version, ...rows }, 'training a challenger');
      return challenge(challenging, champion, fresh, signal);
    },
    write: (decide, release) => modelLog.write(decide, 'GATE', release),
    clock: { now: Date.now, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
    rule: { ...training, retryMs: { first: training.retryMs, longest: LONGEST_RETRY_MS } },
    onResult: (result, { requestId, modelVersion }, reason) => {
      if (result === 'stale' || result === 'answered') metrics.retrainEvents.inc({ result });
      else metrics.trainingRuns.inc({ result });
      const level = result === 'failed' ? 'error' : 'info';
      log[level]({ requestId, modelVersion, reason }, `retraining: ${result}`);
    },
    onUnreadable: (offset, fault) => log.error({ offset, fault }, 'no retrain request: passed over'),
  });
}
