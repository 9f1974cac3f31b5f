/**
 * The settings of the product, each declared once: kind (what is allowed), default, sentence. The environment variable
 * of a setting is its key in capitals (`topics.minInsyncReplicas` is TOPICS_MIN_INSYNC_REPLICAS), or the name given here.
 * The check, the type `Config`, `configs/config.yaml` and `docs/configuration.md` come from this list
 * (`npm run generate` writes the two files).
 */
import { z } from 'zod';
import {
  brokers, choice, choiceInLowerCase, flag, groupName, httpAddress, integer, isSection, logLevel, orNull, path, pointInTime,
  positiveNumber, retentionMs, section, setting, share, startFrom, text, topicName, topicPrefix, variableOf,
  type Section, type Setting,
} from './config-kinds.ts'; // prettier-ignore
import { SHIPPED_SCHEMA, type Places } from './config-places.ts';
import type { CustomerSchema } from './schemas/customer/schema.ts';
import { TOPICS, type TopicId, type TopicNames } from './schemas/topics.ts';

const positive = integer(1);

/** The name of each topic is a setting. */
const TOPIC_NAMES = Object.fromEntries(
  Object.entries(TOPICS).map(([id, { name, schema }]) => [
    id,
    setting(topicName, name, schema === null ? 'bytes, no schema' : `${schema} records`),
  ]),
) as Record<TopicId, Setting<z.ZodString>>;
const SCALED = Object.values(TOPICS).flatMap(({ name, partitions }) =>
  partitions === 'scale' ? [name] : [],
);

const EXPOSED = 'true: name and password may stand in the address, and go over http too, readable';

// prettier-ignore
export const SETTINGS = {
  kafka: section('', {
    brokers: setting(brokers, ['localhost:9092'], 'host:port; in the variable, commas separate several'),
    clientId: setting(text, 'bankchurn', 'the name that brokers see in requests and quotas'),
    ssl: setting(flag, false, 'TLS to the brokers'),
    caFile: setting(orNull(path), null, 'PEM file of the certificate authorities; needs ssl'),
    certFile: setting(orNull(path), null, 'PEM file of the client certificate; needs ssl and keyFile'),
    keyFile: setting(orNull(path), null, 'PEM file of the private key of certFile'),
    saslMechanism: setting(orNull(choiceInLowerCase(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'])), null,
      'how to log in to Kafka; plain needs ssl'),
    saslUsername: setting(orNull(text), null, 'who logs in; oauthbearer needs none'),
    saslPasswordFile: setting(orNull(path), null, 'a file that holds the password, or the token of oauthbearer'),
    sessionTimeoutMs: setting(integer(3000, 60_000), 10_000, 'a scorer that is silent for this long loses its partitions',
      'SESSION_TIMEOUT_MS'),
  }),

  registry: section('Confluent-compatible schema registry; without an address, records are JSON', {
    url: setting(orNull(httpAddress), null, 'its address'),
    timeoutMs: setting(positive, 2000, 'the longest wait for one answer'),
    autoRegister: setting(flag, true, 'false: someone must register the schemas first'),
    subjectStrategy: setting(choice(['topic', 'record', 'topic-record']), 'topic',
      'the subject: <topic>-value, bankchurn.<Record> or <topic>-bankchurn.<Record>'),
    negativeTtlMs: setting(positive, 30_000, 'how long a refused schema id is remembered'),
    caFile: setting(orNull(path), null, 'PEM file of its certificate authorities'),
    username: setting(orNull(text), null, 'needs passwordFile and an https address'),
    passwordFile: setting(orNull(path), null, 'a file that holds the password'),
    allowExposedCredentials: setting(flag, false, EXPOSED),
  }, 'schemaRegistry'),

  topics: section('every name can be changed', {
    prefix: setting(topicPrefix, '', 'put before the name of every topic and of the group', 'TOPIC_PREFIX'),
    partitions: setting(integer(1, 1000), 6, `of ${SCALED.slice(0, -1).join(', ')} and ${SCALED.at(-1)!}`),
    replicationFactor: setting(integer(1, 10), 1, 'copies of each partition'),
    minInsyncReplicas: setting(integer(1, 10), 1, 'copies that must confirm a write; at most replicationFactor'),
    retentionMs: setting(retentionMs, 604_800_000, '7 days; -1 keeps records for ever'),
    ...TOPIC_NAMES,
  }),

  group: setting(groupName, 'bankchurn-scorer', 'consumer group of the scorer; the names of the other groups begin with it',
    'GROUP_ID'),
  delivery: setting(choice(['exactly-once', 'at-least-once']), 'exactly-once', 'at-least-once may repeat scores'),
  startFrom: setting(startFrom, 'earliest', 'where a group starts on its first run'),
  tombstones: setting(choice(['ignore', 'dead-letter']), 'ignore', 'what becomes of events with a null value'),

  events: section('what a customer event must hold', {
    earliest: setting(pointInTime, '2000-01-01', 'an event or outcome from before is invalid'),
    latest: setting(pointInTime, '2100-01-01', 'an event or outcome from this time on is invalid'),
    withoutInputs: setting(choice(['dead-letter', 'score']), 'dead-letter', 'what becomes of an event without any input of the model'),
  }),

  limits: section('', {
    maxBatchRecords: setting(integer(1, 10_000), 2000, 'records of one partition in one transaction'),
    maxRecordBytes: setting(integer(1, 900_000), 262_144, 'a larger event becomes a dead letter'),
    stopBudgetMs: setting(integer(3000), 25_000, 'from SIGTERM to exit; keep it below the grace period of the pod'),
    deadLetterShare: setting(share(0, 1), 0.5,
      'more dead letters than this share of the last 1,000 events of a process are an ERROR line and a warning of /health'),
    stallMs: setting(integer(10_000), 60_000,
      'if nothing is consumed for this long, and Kafka answers for half of it, the process ends and is restarted'),
  }),

  model: section('', {
    dir: setting(orNull(path), null,
      'folder of the model release that ships with the program; null: models/champion with the shipped customer schema, .data/<its name>/champion with another'),
    source: setting(choice(['auto', 'log', 'image']), 'auto',
      'auto activates a new release of dir in the model log, and serves the log; log only serves it; image only serves dir'),
    allowSimulated: setting(flag, false, 'a model of simulated customers may replace one of real data', 'ALLOW_SIMULATED'),
  }),

  http: section('/health and /metrics', {
    host: setting(text, '0.0.0.0', 'the address to listen on'),
    port: setting(integer(0, 65_535), 8000, '0 takes any free port', 'PORT'),
  }),

  customerSchema: setting(path, SHIPPED_SCHEMA,
    'the file that describes what a customer event holds; docs/customer-schema.md has its keys'),

  logLevel: setting(logLevel, 'INFO', 'the least level that is logged'),
  workers: setting(integer(1, 64), 1,
    'scorer processes in this container; the other roles run once, /metrics and /health are those of all'),

  drift: section("the stream against the model's training profile: one rule alerts, a slower one asks for a new model (ADR 18)", {
    paneEvents: setting(positive, 500, 'events that close a pane; a verdict is then taken'),
    windowPanes: setting(integer(1, 1000), 8, 'panes of the alert window'),
    minEvents: setting(positive, 2000, 'fewer events in the alert window are no evidence'),
    minCustomers: setting(positive, 100,
      'fewer customers in a window, effectively, are no evidence; for the PSI of the score alone, four times as many'),
    threshold: setting(positiveNumber, 0.2,
      'a PSI of the score over the request window above this is an alert and a request, whatever the test says'),
    persistence: setting(positive, 3, 'drifted verdicts in a row that make an alert, or a request'),
    significance: setting(share(0, 1), 0.00001, 'share of false ones among the series that differ from the profile, at most (Benjamini-Hochberg)'),
    minEffect: setting(share(0, 10), 0.015, 'a series counts as drifted from this effect on: about its PSI, less what chance makes of it'),
    requestEvents: setting(positive, 20_000, 'events of the request window, at least: as many as a whole cycle of the stream, or several'),
    requestMs: setting(integer(0), 0, 'event time that the request window spans, at least; 86400000 (24 h) where days differ from nights'),
    cooldownEvents: setting(integer(0), 20_000, 'events between two requests, at least'),
    cooldownMs: setting(integer(0), 0, 'event time between two requests, at least'),
    weeklyRequests: setting(positive, 3, 'requests in seven days of event time, at most'),
  }),

  training: section('the trainer: one challenger per retrain event, judged on labelled events of the drifted stream', {
    baseCsv: setting(orNull(text), null,
      'the base set, a CSV that fits the customer schema; it joins the training if the file exists; null: data/raw/Churn.csv with the shipped customer schema, none with another'),
    scanRecords: setting(integer(1, 1_000_000), 200_000, 'the newest events and outcomes to read'),
    maxRows: setting(integer(1, 1_000_000), 20_000, 'at most this many labelled events are used: the newest'),
    holdoutShare: setting(share(0.05, 0.9), 0.3,
      'share of their customers that is never trained on: champion and challenger are compared there'),
    minRecentLabels: setting(positive, 1000, 'labelled customers on the holdout side; with fewer, the request is deferred'),
    minWeightedF1: setting(orNull(share(0, 1)), null,
      'the gate of `train` and the trainer: weighted F1 on the (base) holdout must be above this; null: as the customer schema asks (gate.minWeightedF1)'),
    maxAucLoss: setting(share(0, 1), 0.01,
      'the margin of the gate: ROC AUC on the recent holdout is surely not this much below that of the champion'),
    activation: setting(choice(['auto', 'approve']), 'auto',
      'what becomes of a challenger that passes the gate: it serves, or it waits for `bankchurn models approve`'),
    horizonMs: setting(integer(0), 0,
      "an outcome without eventId labels the customer's newest event that is at least this much older"),
    retryMs: setting(positive, 5000, 'a deferred request looks for labels again after this long; doubles up to 5 minutes'),
    expiryMs: setting(positive, 604_800_000, 'a request deferred for this long (7 days) is rejected'),
  }),

  gate: section('what else a challenger must show on the recent holdout; shares of 1, each customer counts once', {
    minLeavers: setting(positive, 150, 'customers who left, and who stayed, that the holdout needs; with fewer, the request is deferred'),
    alpha: setting(share(0.001, 0.5), 0.05, 'how often each bound may be wrong: 0.05 makes a challenger prove itself at 95 %'),
    maxLogLossLoss: setting(share(0, 1), 0.02, 'a veto, if the log loss surely grows by more than this share of that of a constant score'),
    maxCalibrationLoss: setting(share(0, 1), 0.1,
      'a veto, if the calibration error surely grows by more than this share of the churn rate'),
    maxSliceAucLoss: setting(share(0, 1), 0.05,
      'a veto, if the ROC AUC of a slice of the customer schema surely falls by more than this'),
    baseHoldoutCsv: setting(orNull(path), null,
      'labelled customers of the time before the drift, a CSV that fits the customer schema; null: the holdout of training.baseCsv'),
    onBaseHoldout: setting(choice(['warn', 'reject']), 'warn',
      'what becomes of a challenger that misses a rule of the customer schema, as weighted F1, on the base holdout'),
  }),

  resampling: section('', {
    strategy: setting(choice(['none', 'undersample', 'oversample', 'class_weight']), 'none', 'oversample is SMOTE'),
    memoryBudgetMiB: setting(positive, 512, 'an oversample that would take more is refused before it starts',
      'RESAMPLING_MEMORY_BUDGET_MIB'),
  }),

  mlflow: section('where trainings are recorded; no training fails because MLflow is away or slow', {
    enabled: setting(flag, false, 'MLFLOW_TRACKING_URI also turns it on'),
    uri: setting(httpAddress, 'http://localhost:5000', 'its address', 'MLFLOW_TRACKING_URI'),
    timeoutMs: setting(positive, 5000, 'the longest wait for one answer; four times as long for all of them'),
    username: setting(orNull(text), null, 'needs passwordFile and an https address'),
    passwordFile: setting(orNull(path), null, 'a file that holds the password'),
    allowExposedCredentials: setting(flag, false, EXPOSED),
  }),
} as const;

/** A setting, its key (`kafka.brokers`) and its environment variable, in the order of the list. */
export interface Declared {
  readonly key: string;
  readonly variable: string;
  readonly setting: Setting;
}
export const DECLARED: readonly Declared[] = Object.entries<Setting | Section>(SETTINGS).flatMap(
  ([key, node]) =>
    isSection(node)
      ? Object.entries(node.settings).map(([name, inner]) => ({
          key: `${key}.${name}`,
          variable: inner.variable ?? variableOf(`${node.variables ?? key}.${name}`),
          setting: inner,
        }))
      : [{ key, variable: node.variable ?? variableOf(key), setting: node }],
);

type Value<N> =
  N extends Section<infer S>
    ? { readonly [K in keyof S]: Value<S[K]> }
    : N extends Setting<infer T>
      ? z.output<T>
      : never;
/** The settings' values, checked; all keys are there. */
export type Settings = { readonly [K in keyof typeof SETTINGS]: Value<(typeof SETTINGS)[K]> };
export const settingsSchema = objectOf(SETTINGS) as unknown as z.ZodType<Settings>;

/** The configuration: the settings, with the topics' final names, the customer schema, and what follows from it. */
export interface Config extends Omit<CheckedSettings, 'model'> {
  readonly customer: CustomerSchema;
  readonly places: Places;
  readonly model: Omit<CheckedSettings['model'], 'dir'> & { readonly dir: string };
}

/** The settings, with the topics' final names. */
export interface CheckedSettings extends Omit<Settings, 'topics'> {
  readonly topics: Omit<Settings['topics'], TopicId> & { readonly names: TopicNames };
}

function objectOf(nodes: Readonly<Record<string, Setting | Section>>): z.ZodObject {
  return z.strictObject(
    Object.fromEntries(
      Object.entries(nodes).map(([key, node]) => [
        key,
        isSection(node) ? objectOf(node.settings) : node.kind.schema,
      ]),
    ),
  );
}
