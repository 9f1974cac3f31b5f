/** What the service and the commands share: clients, encoders and readers made of a configuration. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { readLast } from '../kafka/kafkajs/readers.io.ts';
import { openModelLog, type ModelLogAccess } from './model-log.io.ts';
import { createKafka, type Kafka } from '../kafka/kafkajs/client.io.ts';
import { createAvroEncoder, MAGIC_BYTE, type Shape } from '../schemas/avro.ts';
import { createDecoder, type RecordDecoder } from '../schemas/decoder.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { DriftVerdict, ModelRecord, SchemaName } from '../schemas/generated.ts';
import { checkOwn, parseOwn } from '../schemas/own.ts';
import { createRegistry, type Registry } from '../schemas/registry.io.ts';
import { subjectName } from '../schemas/subjects.ts';
import { TOPICS, type TopicId } from '../schemas/topics.ts';

/** A configuration and the clients made of it. */
export interface Clients {
  readonly config: Config;
  readonly kafka: Kafka;
  readonly registry: Registry | undefined;
}

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

/** Decodes records that others write: of either encoding, by any writer schema that is ours. */
export function decoderOf<T>(
  { config, registry }: Pick<Clients, 'config' | 'registry'>,
  shape: Shape<T>,
): RecordDecoder<T> {
  const findWriter = registry?.findWriter(shape);
  return createDecoder({ shape, maxRecordBytes: config.limits.maxRecordBytes, findWriter });
}

/**
 * Decodes records of our own topics, of either encoding.
 *
 * @param name of the schema that the record must fit; undefined: any.
 * @throws BankChurnError RECORD_UNDECODABLE, RECORD_INVALID or SCHEMA_* for what the record holds.
 */
export async function decodeOwn(
  value: Buffer,
  registry: Registry | undefined,
  name?: SchemaName,
): Promise<unknown> {
  if (value[0] === MAGIC_BYTE && registry === undefined)
    throw new BankChurnError('REGISTRY_UNAVAILABLE', 'this record is Avro: set SCHEMA_REGISTRY_URL');
  const raw = value[0] === MAGIC_BYTE ? await registry!.decode(value) : parseOwn(value);
  return name === undefined ? raw : checkOwn(name, raw);
}

/** The newest verdict of the monitor, if there is one. */
export async function readLastVerdict({
  config,
  kafka,
  registry,
}: Clients): Promise<DriftVerdict | undefined> {
  const last = await readLast(
    kafka,
    config.topics.names.driftVerdicts,
    `${config.group}.verdicts.${randomUUID()}`,
  );
  return last?.value == null
    ? undefined
    : ((await decodeOwn(last.value, registry, 'DriftVerdict')) as DriftVerdict);
}

/** The model log of a configuration. */
export function modelLogOf({ config, kafka, registry }: Clients): ModelLogAccess {
  return openModelLog({
    kafka,
    topics: config.topics.names,
    group: config.group,
    encode: () => topicEncoder(config, registry, 'churnModels'),
    decode: (value) => decodeOwn(value, registry, 'ModelRecord') as Promise<ModelRecord>,
  });
}
