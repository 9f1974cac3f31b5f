/** What the service and the commands share: clients and readers made of a configuration. */
import { hostname, userInfo } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { decodeOwn, subjectsOf } from './codecs.ts';
import { createControlEncoder, type OpenEncoder } from './control-encoder.ts';
import type { Metrics } from './metrics.io.ts';
import type { ModelLogAccess } from './model-log-port.ts';
import { openModelLog } from './model-log.io.ts';
import { connectKafka } from '../kafka/kafkajs/connect.io.ts';
import type { KafkaClient } from '../kafka/port.ts';
import { credentialsIn, withoutCredentials } from '../schemas/address.ts';
import { messageOf } from '../schemas/errors.ts';
import type { ModelRecord } from '../schemas/generated.ts';
import { createPace } from '../schemas/pace.ts';
import { createRegistry, type Registry } from '../schemas/registry.io.ts';

/** A configuration and the clients made of it. */
export interface Clients {
  readonly config: Config;
  readonly kafka: KafkaClient;
  readonly registry: Registry | undefined;
}

/** The Kafka client of a configuration. */
export function kafkaOf({ kafka }: Config, log: Pick<Logger, 'debug' | 'info' | 'warn'>): KafkaClient {
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
  return connectKafka(
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
    url: withoutCredentials(url),
    credentials: credentialsIn(url),
    caFile: path(caFile),
    username: path(username),
    passwordFile: path(passwordFile),
  });
}

/** The encoder of a control topic. `log` is warned if its records are JSON because the registry does not help. */
export function controlEncoderOf(
  { config, registry }: Clients,
  topic: 'driftCounts' | 'driftVerdicts' | 'retrainEvents' | 'churnModels',
  log?: Pick<Logger, 'warn'>,
): OpenEncoder {
  return createControlEncoder({
    ...subjectsOf(config).get(topic)!,
    registry,
    askAgainMs: config.registry.negativeTtlMs,
    now: Date.now,
    onJson: (subject, error) =>
      log?.warn(
        { subject, fault: messageOf(error) },
        'records are written as JSON until the registry has their schema',
      ),
  });
}

/** Who uses a model log, and who is told about it. */
export interface LogUser {
  /** Who writes; without: the user and the host of this process. */
  readonly actor?: string;
  /** Warned if it cannot be known whether the log keeps its records, and of records that are skipped. */
  readonly log?: Pick<Logger, 'warn'>;
  /** Counts the records that are skipped. */
  readonly metrics?: Pick<Metrics, 'recordsSkipped'>;
}

/** Lines about skipped records are at least so far apart, milliseconds. */
const SKIPPED_LINE_MS = 2000;

/** The model log of a configuration. */
export function modelLogOf(
  clients: Clients,
  { actor = userAtHost(), log, metrics }: LogUser = {},
): ModelLogAccess {
  const { config, kafka, registry } = clients;
  const topic = config.topics.names.churnModels;
  const pace = createPace(SKIPPED_LINE_MS);
  return openModelLog({
    kafka,
    topics: config.topics.names,
    group: config.group,
    actor,
    onSkipped: (skipped) => {
      metrics?.recordsSkipped.inc({ topic, code: skipped.code });
      const passedOver = log && pace.next(Date.now());
      if (passedOver !== undefined)
        log?.warn({ topic, ...skipped, passedOver }, 'a record of the model log cannot be read: skipped');
    },
    encode: controlEncoderOf(clients, 'churnModels', log),
    decode: (record) => decodeOwn(record, registry, 'ModelRecord') as Promise<ModelRecord>,
    onUnchecked: (topic, fault) =>
      log?.warn(
        { topic, fault },
        'whether this topic keeps its records for ever is not known: its settings may not be read',
      ),
  });
}

/** Who runs this process. A user without an entry in the machine's list has a number alone. */
function userAtHost(): string {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    user = String(process.getuid?.() ?? 'somebody');
  }
  return `${user}@${hostname()}`;
}
