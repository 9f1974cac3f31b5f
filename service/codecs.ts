/** In which encoding a configuration's records are written, and which are read. */
import type { Config } from '../config.ts';
import { createAvroEncoder, eventShape, MAGIC_BYTE, outcomeShape, type Shape } from '../schemas/avro.ts';
import { createDecoder, type RecordDecoder } from '../schemas/decoder.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { SchemaName } from '../schemas/generated.ts';
import { checkOwn, parseOwn } from '../schemas/own.ts';
import type { Registry } from '../schemas/registry.io.ts';
import { subjectName } from '../schemas/subjects.ts';
import { TOPICS, type TopicId } from '../schemas/topics.ts';

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

/** What a configuration takes for an event, and for an outcome. */
export function shapesOf({ events }: Pick<Config, 'events'>) {
  const times = { fromMs: events.earliest, toMs: events.latest };
  return {
    event: eventShape({ times, emptyEvents: events.withoutInputs }),
    outcome: outcomeShape(times),
  };
}

/** Decodes records that others write: of either encoding, by any writer schema that is ours. */
export function decoderOf<T>(
  { config, registry }: { readonly config: Config; readonly registry: Registry | undefined },
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
