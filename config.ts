import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { BankChurnError } from './schemas/errors.ts';
import { topicNames, type TopicId, type TopicNames } from './schemas/topics.ts';

/** The validated configuration: `configs/config.yaml`, overridden by the environment. */
const positive = z.number().int().positive();
const file = z.string().min(1).nullable();
const brokers = z.array(z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'must be host:port')).min(1);

type StartFrom = 'earliest' | 'latest' | { readonly timestampMs: number };
const startFrom = z.union([z.number(), z.string()]).transform((value, context): StartFrom => {
  if (value === 'earliest' || value === 'latest') return value;
  const timestampMs =
    typeof value === 'number' ? value : /^\d+$/.test(value) ? Number(value) : Date.parse(value);
  if (Number.isFinite(timestampMs)) return { timestampMs };
  context.addIssue({
    code: 'custom',
    message: 'must be earliest, latest or a timestamp (ISO 8601 or milliseconds)',
  });
  return z.NEVER;
});

const topicName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,200}$/, 'must be 1..200 of letters, digits, ., _ and -');
const TOPIC_KEYS = [
  'customerEvents', 'churnScores', 'deadLetters', 'customerOutcomes', 'driftCounts',
  'driftVerdicts', 'retrainEvents', 'churnModels', 'modelArtifacts',
] as const satisfies readonly TopicId[]; // prettier-ignore

const schema = z.strictObject({
  kafka: z.strictObject({
    brokers,
    clientId: z.string().min(1),
    ssl: z.boolean(),
    caFile: file,
    certFile: file,
    keyFile: file,
    saslMechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']).nullable(),
    saslUsername: z.string().min(1).nullable(),
    saslPasswordFile: file,
  }),
  registry: z.strictObject({
    url: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).nullable(),
    timeoutMs: positive,
    autoRegister: z.boolean(),
    subjectStrategy: z.enum(['topic', 'record', 'topic-record']),
    negativeTtlMs: positive,
    caFile: file,
    username: z.string().min(1).nullable(),
    passwordFile: file,
  }),
  topics: z.strictObject({
    prefix: z.string().regex(/^[A-Za-z0-9._-]{0,100}$/, 'must be at most 100 of letters, digits, ., _ and -'),
    partitions: positive.max(1000),
    replicationFactor: positive.max(10),
    minInsyncReplicas: positive.max(10),
    retentionMs: z.number().int(),
    ...(Object.fromEntries(TOPIC_KEYS.map((key) => [key, topicName])) as Record<TopicId, typeof topicName>),
  }),
  group: z.string().min(1).max(200),
  delivery: z.enum(['exactly-once', 'at-least-once']),
  startFrom,
  tombstones: z.enum(['ignore', 'dead-letter']),
  limits: z.strictObject({
    maxBatchRecords: positive.max(2000),
    maxRecordBytes: positive.max(900_000),
    stopBudgetMs: positive,
    stallMs: positive.min(10_000),
  }),
  model: z.strictObject({ dir: z.string().min(1), source: z.enum(['auto', 'log', 'image']) }),
  http: z.strictObject({ host: z.string().min(1), port: z.number().int().min(0).max(65_535) }),
  logLevel: z.preprocess(
    (value) => (typeof value === 'string' ? value.toUpperCase() : value),
    z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
  ),
  workers: positive.max(64),
  drift: z.strictObject({
    paneEvents: positive,
    windowPanes: positive.max(1000),
    minEvents: positive,
    threshold: z.number().positive(),
    persistence: positive,
  }),
  resampling: z.strictObject({ strategy: z.enum(['none', 'undersample', 'oversample', 'class_weight']) }),
  mlflow: z.strictObject({ enabled: z.boolean(), uri: z.url(), timeoutMs: positive }),
});

type Raw = z.infer<typeof schema>;
/** The configuration, with the topics' final names. */
export interface Config extends Omit<Raw, 'topics'> {
  readonly topics: Omit<Raw['topics'], TopicId> & { readonly names: TopicNames };
}

type Convert = (text: string) => unknown;
const text: Convert = (value) => value;
const number: Convert = (value) =>
  value.trim() === '' ? value : Number.isNaN(Number(value)) ? value : Number(value);
const flag: Convert = (value) =>
  ({ true: true, '1': true, false: false, '0': false })[value.toLowerCase()] ?? value;
const list: Convert = (value) => value.split(',').map((part) => part.trim()).filter((part) => part !== ''); // prettier-ignore
const lower: Convert = (value) => value.toLowerCase();

/** Environment variable → key, and how its text is read. */
const ENVIRONMENT: Readonly<Record<string, readonly [path: string, convert: Convert]>> = {
  KAFKA_BROKERS: ['kafka.brokers', list],
  KAFKA_SSL: ['kafka.ssl', flag],
  KAFKA_SASL_MECHANISM: ['kafka.saslMechanism', lower],
  KAFKA_SASL_USERNAME: ['kafka.saslUsername', text],
  KAFKA_SASL_PASSWORD_FILE: ['kafka.saslPasswordFile', text],
  SCHEMA_REGISTRY_URL: ['registry.url', text],
  TOPIC_PREFIX: ['topics.prefix', text],
  GROUP_ID: ['group', text],
  DELIVERY: ['delivery', text],
  START_FROM: ['startFrom', text],
  MODEL_DIR: ['model.dir', text],
  MODEL_SOURCE: ['model.source', text],
  PORT: ['http.port', number],
  LOG_LEVEL: ['logLevel', text],
  WORKERS: ['workers', number],
  MLFLOW_TRACKING_URI: ['mlflow.uri', text],
};

export interface ConfigSource {
  /** Path of the YAML file. */
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads and checks the configuration.
 *
 * @throws BankChurnError CONFIG_INVALID naming every fault: key (and variable), what is wrong, what is allowed.
 */
export function loadConfig({ path, env }: ConfigSource): Config {
  const raw = readYaml(path);
  const from = new Map<string, string>();
  for (const [variable, [key, convert]] of Object.entries(ENVIRONMENT)) {
    const value = env[variable];
    if (value === undefined || value === '') continue;
    assign(raw, key.split('.'), convert(value));
    from.set(key, variable);
  }
  const parsed = schema.safeParse(raw);
  const faults = parsed.success
    ? conflicts(parsed.data, from)
    : parsed.error.issues.map((issue) => describe(issue, raw, from));
  if (!parsed.success || faults.length > 0) {
    const plural = faults.length === 1 ? 'a fault' : `${String(faults.length)} faults`;
    throw new BankChurnError(
      'CONFIG_INVALID',
      `the configuration (${path} and environment) has ${plural}:\n  ${faults.join('\n  ')}`,
    );
  }
  return finish(parsed.data, from);
}

function finish({ topics, ...rest }: Raw, from: ReadonlyMap<string, string>): Config {
  const { prefix, partitions, replicationFactor, minInsyncReplicas, retentionMs, ...overrides } = topics;
  return {
    ...rest,
    group: prefix + rest.group,
    mlflow: { ...rest.mlflow, enabled: rest.mlflow.enabled || from.has('mlflow.uri') },
    topics: {
      prefix,
      partitions,
      replicationFactor,
      minInsyncReplicas,
      retentionMs,
      names: topicNames(prefix, overrides),
    },
  };
}

function readYaml(path: string): Record<string, unknown> {
  try {
    return (parse(readFileSync(path, 'utf8')) ?? {}) as Record<string, unknown>;
  } catch (cause) {
    throw new BankChurnError(
      'CONFIG_INVALID',
      `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function assign(target: Record<string, unknown>, [key, ...rest]: string[], value: unknown): void {
  if (key === undefined) return;
  if (rest.length === 0) target[key] = value;
  else assign((target[key] ??= {}) as Record<string, unknown>, rest, value);
}

function describe(issue: z.core.$ZodIssue, raw: unknown, from: ReadonlyMap<string, string>): string {
  const key = issue.path.map(String).join('.');
  const variable = from.get(key.replace(/\.\d+$/, ''));
  if (issue.code === 'unrecognized_keys')
    return `${[key, ''].filter(Boolean).join('.')}${issue.keys.join(', ')}: no such setting`;
  const value = issue.path.reduce<unknown>(
    (node, step) => (node as Record<PropertyKey, unknown> | undefined)?.[step],
    raw,
  );
  const found = value === undefined ? 'missing' : JSON.stringify(value).slice(0, 60);
  return `${key}${variable === undefined ? '' : ` [${variable}]`}: ${found}: ${issue.message}`;
}

/** Settings that are each valid and do not go together. */
function conflicts({ kafka, topics }: Raw, from: ReadonlyMap<string, string>): string[] {
  const faults: string[] = [];
  const name = (key: string): string => `${key}${from.has(key) ? ` [${from.get(key) ?? ''}]` : ''}`;
  if (kafka.saslMechanism === 'plain' && !kafka.ssl)
    faults.push(
      `${name('kafka.saslMechanism')}: plain sends the password readable: only with kafka.ssl: true`,
    );
  if (kafka.saslMechanism !== null && kafka.saslPasswordFile === null)
    faults.push(`${name('kafka.saslPasswordFile')}: missing: needed by kafka.saslMechanism`);
  if (kafka.saslMechanism !== null && kafka.saslMechanism !== 'oauthbearer' && kafka.saslUsername === null) {
    faults.push(`${name('kafka.saslUsername')}: missing: needed by kafka.saslMechanism`);
  }
  if (topics.minInsyncReplicas > topics.replicationFactor)
    faults.push('topics.minInsyncReplicas: above topics.replicationFactor: nothing could be written');
  return faults;
}
