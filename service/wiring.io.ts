/** What the service and the commands share: clients and readers made of a configuration. */
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { decodeOwn, subjectsOf } from './codecs.ts';
import { createControlEncoder, type OpenEncoder } from './control-encoder.ts';
import { openModelLog, type ModelLogAccess } from './model-log.io.ts';
import { connectKafka } from '../kafka/kafkajs/connect.io.ts';
import type { KafkaClient } from '../kafka/port.ts';
import { credentialsIn, withoutCredentials } from '../schemas/address.ts';
import { messageOf } from '../schemas/errors.ts';
import type { ModelRecord } from '../schemas/generated.ts';
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

/** The model log of a configuration. `log` is warned if it cannot be known whether the log keeps its records. */
export function modelLogOf(clients: Clients, log?: Pick<Logger, 'warn'>): ModelLogAccess {
  const { config, kafka, registry } = clients;
  return openModelLog({
    kafka,
    topics: config.topics.names,
    group: config.group,
    encode: controlEncoderOf(clients, 'churnModels', log),
    decode: (record) => decodeOwn(record, registry, 'ModelRecord') as Promise<ModelRecord>,
    onUnchecked: (topic, fault) =>
      log?.warn(
        { topic, fault },
        'whether this topic keeps its records for ever is not known: its settings may not be read',
      ),
  });
}
