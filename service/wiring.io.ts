/** What the service and the commands share: clients, encoders and readers made of a configuration. */
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { openModelLog, type ModelLogAccess } from './model-log.io.ts';
import { connectKafka } from '../kafka/kafkajs/connect.io.ts';
import type { KafkaClient } from '../kafka/port.ts';
import { readLast } from '../kafka/read.ts';
import { createAvroEncoder, MAGIC_BYTE, type Shape } from '../schemas/avro.ts';
import { createDecoder, type RecordDecoder } from '../schemas/decoder.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { DriftVerdict, ModelRecord, SchemaName } from '../schemas/generated.ts';
import { createRegistry, type Registry } from '../schemas/registry.io.ts';
import { subjectName } from '../schemas/subjects.ts';
import { TOPICS, type TopicId } from '../schemas/topics.ts';

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
  { config, registry }: Pick<Clients, 'config' | 'registry'>,
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
}: Clients): Promise<DriftVerdict | undefined> {
  const last = await readLast(kafka, config.topics.names.driftVerdicts, `${config.group}.verdicts`);
  return last?.value == null ? undefined : ((await decodeOwn(last.value, registry)) as DriftVerdict);
}

/** The model log of a configuration. */
export function modelLogOf({ config, kafka, registry }: Clients): ModelLogAccess {
  return openModelLog({
    kafka,
    topics: config.topics.names,
    group: config.group,
    encode: () => topicEncoder(config, registry, 'churnModels'),
    decode: (value) => decodeOwn(value, registry) as Promise<ModelRecord>,
  });
}
