import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { BankChurnError, messageOf } from './schemas/errors.ts';
import { topicNames, type TopicId, type TopicNames } from './schemas/topics.ts';

/** The validated configuration: `configs/config.yaml`, overridden by the environment. */
const positive = z.number().int().positive();
const file = z.string('must be a path or null').min(1).nullable();
const isBroker = (value: string): boolean => {
  const port = Number(/^[^\s:/@]+:(\d{1,5})$/.exec(value)?.[1] ?? 0);
  return port >= 1 && port <= 65_535;
};
const brokers = z.array(z.string().refine(isBroker, 'must be host:port, the port 1..65535')).min(1);
const httpAddress = z.url({ protocol: /^https?$/, error: 'must be an http or https address' });

type StartFrom = 'earliest' | 'latest' | { readonly timestampMs: number };
const START_FROM = 'must be earliest, latest or a timestamp (ISO 8601 or milliseconds)';
const startFrom = z.union([z.number(), z.string()], START_FROM).transform((value, context): StartFrom => {
  if (value === 'earliest' || value === 'latest') return value;
  const text = String(value);
  // Date.parse alone takes much that is no date: '-5' is a day of 2001 to it.
  const timestampMs = /^\d{1,16}$/.test(text)
    ? Number(text)
    : /^\d{4}-\d{2}-\d{2}/.test(text)
      ? Date.parse(text)
      : NaN;
  if (Number.isFinite(timestampMs)) return { timestampMs };
  context.addIssue({ code: 'custom', message: START_FROM });
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
    sessionTimeoutMs: positive.min(3000).max(60_000),
  }),
  registry: z.strictObject({
    url: httpAddress.nullable(),
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
    retentionMs: z
      .number()
      .int()
      .refine((ms) => ms === -1 || ms > 0, 'must be above 0, or -1: kept for ever'),
    ...(Object.fromEntries(TOPIC_KEYS.map((key) => [key, topicName])) as Record<TopicId, typeof topicName>),
  }),
  group: z.string().min(1).max(200),
  delivery: z.enum(['exactly-once', 'at-least-once']),
  startFrom,
  tombstones: z.enum(['ignore', 'dead-letter']),
  limits: z.strictObject({
    maxBatchRecords: positive.max(2000),
    maxRecordBytes: positive.max(900_000),
    stopBudgetMs: positive.min(3000),
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
  training: z.strictObject({
    baseCsv: z.string().min(1),
    scanRecords: positive.max(1_000_000),
    maxRows: positive.max(1_000_000),
    holdoutShare: z.number().min(0.05).max(0.9),
    minRecentLabels: positive,
    minWeightedF1: z.number().min(0).max(1),
    maxAucLoss: z.number().min(0).max(1),
    horizonMs: z.number().int().min(0),
    retryMs: positive,
    expiryMs: positive,
  }),
  resampling: z.strictObject({
    strategy: z.enum(['none', 'undersample', 'oversample', 'class_weight']),
    memoryBudgetMiB: positive,
  }),
  mlflow: z.strictObject({ enabled: z.boolean(), uri: httpAddress, timeoutMs: positive }),
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
  SESSION_TIMEOUT_MS: ['kafka.sessionTimeoutMs', number],
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
 * Reads and checks the configuration. Passwords are never in it: only the names of the files that hold them.
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
  const issues = parsed.error?.issues ?? [];
  const faults = [...issues.flatMap((issue) => describe(issue, raw, from)), ...conflicts(raw, from)];
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
  let raw: unknown;
  try {
    raw = parse(readFileSync(path, 'utf8')) ?? {};
  } catch (cause) {
    // The parser's later lines quote the file, which may hold a secret.
    const [reason] = messageOf(cause).split('\n');
    throw new BankChurnError('CONFIG_INVALID', `${path} cannot be read: ${reason ?? ''}`);
  }
  if (isMapping(raw)) return raw;
  throw new BankChurnError('CONFIG_INVALID', `${path} holds ${shown(raw)}, not settings (key: value)`);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a value in its section. Where the section is no mapping, the schema says so. */
function assign(target: Record<string, unknown>, [key, ...rest]: string[], value: unknown): void {
  if (key === undefined) return;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const section = (target[key] ??= {});
  if (isMapping(section)) assign(section, rest, value);
}

/** The value at a path of keys; undefined where there is none. */
function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (node, step) => (node as Record<PropertyKey, unknown> | null | undefined)?.[step],
    raw,
  );
}

/** A value as it may be printed: nothing that could be or hold a secret. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isMapping(value)) return 'a mapping';
  if (typeof value !== 'string')
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
  return value.includes('@') ? 'a text with an @ (not shown)' : JSON.stringify(value).slice(0, 60);
}

function describe(issue: z.core.$ZodIssue, raw: unknown, from: ReadonlyMap<string, string>): string[] {
  const key = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((name) => `${[...issue.path, name].map(String).join('.')}: no such setting`);
  const variable = from.get(key.replace(/\.\d+$/, ''));
  const found = /password/i.test(key) ? 'not shown' : shown(valueAt(raw, issue.path));
  return [`${key}${variable === undefined ? '' : ` [${variable}]`}: ${found}: ${issue.message}`];
}

/** Settings that are each valid and do not go together; told also where others are not valid. */
function conflicts(raw: unknown, from: ReadonlyMap<string, string>): string[] {
  const at = (key: string): unknown => valueAt(raw, key.split('.'));
  const isSet = (key: string): boolean => (at(key) ?? null) !== null;
  const name = (key: string): string => `${key}${from.has(key) ? ` [${from.get(key) ?? ''}]` : ''}`;
  const faults: string[] = [];
  const check = (isFault: boolean, key: string, message: string): void => {
    if (isFault) faults.push(`${name(key)}: ${message}`);
  };
  const needs = (key: string, other: string): void => {
    check(isSet(key) && !isSet(other), other, `missing: needed by ${name(key)}`);
  };

  const mechanism = at('kafka.saslMechanism');
  const isPlain = mechanism === 'plain' && at('kafka.ssl') !== true;
  check(isPlain, 'kafka.saslMechanism', 'plain sends the password readable: only with kafka.ssl: true');
  needs('kafka.saslMechanism', 'kafka.saslPasswordFile');
  if (mechanism !== 'oauthbearer') needs('kafka.saslMechanism', 'kafka.saslUsername');
  for (const key of ['kafka.saslUsername', 'kafka.saslPasswordFile']) needs(key, 'kafka.saslMechanism');
  for (const key of ['kafka.caFile', 'kafka.certFile', 'kafka.keyFile'])
    check(isSet(key) && at('kafka.ssl') !== true, key, 'is of no use without kafka.ssl: true');
  needs('kafka.certFile', 'kafka.keyFile');
  needs('kafka.keyFile', 'kafka.certFile');

  const registryUrl = at('registry.url');
  const isReadable = typeof registryUrl === 'string' && registryUrl.startsWith('http:');
  needs('registry.username', 'registry.passwordFile');
  needs('registry.passwordFile', 'registry.username');
  check(
    isReadable && isSet('registry.username'),
    'registry.username',
    'http sends the password readable: only with an https address in registry.url',
  );
  const [insync, replication] = [at('topics.minInsyncReplicas'), at('topics.replicationFactor')];
  check(
    typeof insync === 'number' && typeof replication === 'number' && insync > replication,
    'topics.minInsyncReplicas',
    'above topics.replicationFactor: nothing could be written',
  );
  return faults;
}
