/** In which encoding a configuration's records are written, and which are read. */
import type { Config } from '../config.ts';
import {
  createAvroEncoder,
  eventShape,
  MAGIC_BYTE,
  outcomeShape,
  schemaId,
  type Shape,
} from '../schemas/avro.ts';
import { createEventReader, type EventReader } from '../schemas/customer/event-reader.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import {
  createDecoder,
  createEventDecoder,
  type EventDecoder,
  type RecordDecoder,
} from '../schemas/decoder.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { SchemaName } from '../schemas/generated.ts';
import { decodeNamed, decodeUnnamed } from '../schemas/fingerprints.ts';
import { checkOwn, parseOwn, type OwnRecord } from '../schemas/own.ts';
import type { Registry } from '../schemas/registry.io.ts';
import { topicSubjects } from '../schemas/subjects.ts';
import { avroScores } from '../scoring/score-avro.ts';
import type { ScoreFormat } from '../scoring/score-bytes.ts';
import { jsonScores } from '../scoring/score-json.ts';

/** The subject of each topic that has a schema. */
export const subjectsOf = ({
  registry,
  topics,
  customer,
}: Pick<Config, 'registry' | 'topics' | 'customer'>) =>
  topicSubjects(registry.subjectStrategy, topics.names, customer);

/** Encodes records that others write or read: JSON, or Avro under its registered (or now registering) schema. */
export async function topicEncoder(
  config: Config,
  registry: Registry | undefined,
  topic: 'customerEvents' | 'customerOutcomes',
): Promise<(value: object) => Buffer | string> {
  if (registry === undefined) return (value) => JSON.stringify(value);
  const { subject, schema, compatibility } = subjectsOf(config).get(topic)!;
  return createAvroEncoder(schema, await registry.schemaId(subject, schema, compatibility));
}

/** How scores are written: JSON, or Avro under its registered (or now registering) schema. */
export async function scoreFormatOf(config: Config, registry: Registry | undefined): Promise<ScoreFormat> {
  if (registry === undefined) return jsonScores;
  const { subject, schema, compatibility } = subjectsOf(config).get('churnScores')!;
  return avroScores(await registry.schemaId(subject, schema, compatibility));
}

const timesOf = ({ events }: Pick<Config, 'events'>) => ({ fromMs: events.earliest, toMs: events.latest });

/** Reads what a configuration takes for an event, as `customer` describes it. */
export const readerOf = (config: Pick<Config, 'events'>, customer: CustomerSchema): EventReader =>
  createEventReader(customer, { times: timesOf(config), emptyEvents: config.events.withoutInputs });

/** What a configuration takes for an event as `customer` describes it, and for an outcome. */
export const shapesOf = (config: Pick<Config, 'events'>, customer: CustomerSchema) => ({
  event: eventShape(readerOf(config, customer)),
  outcome: outcomeShape(timesOf(config)),
});

interface Decoding {
  readonly config: Config;
  readonly registry: Registry | undefined;
}

/** Decodes records that others write: of either encoding, by any writer schema that is ours. */
export function decoderOf<T>({ config, registry }: Decoding, shape: Shape<T>): RecordDecoder<T> {
  const findWriter = registry?.findWriter(shape);
  return createDecoder({ shape, maxRecordBytes: config.limits.maxRecordBytes, findWriter });
}

/** As `decoderOf`, for many events of a schema: into columns. */
export function eventDecoderOf({ config, registry }: Decoding, customer: CustomerSchema): EventDecoder {
  const reader = readerOf(config, customer);
  const findWriter = registry?.findWriter(eventShape(reader));
  return createEventDecoder({ reader, maxRecordBytes: config.limits.maxRecordBytes, findWriter });
}

/**
 * Decodes a record of our own topics, of either encoding. The registry is asked only for an Avro record whose schema this
 * release does not know.
 *
 * @param name of the schema that the record must fit; undefined: any.
 * @throws BankChurnError RECORD_EMPTY, RECORD_UNDECODABLE, RECORD_INVALID or SCHEMA_* for what the record holds.
 */
export async function decodeOwn(
  { value, headers }: OwnRecord,
  registry: Registry | undefined,
  name?: SchemaName,
): Promise<unknown> {
  if (value === null) throw new BankChurnError('RECORD_EMPTY', 'the value is null');
  if (value[0] !== MAGIC_BYTE) return fitting(name, parseOwn(value));
  const named = decodeNamed(value, headers);
  if (named !== undefined) return fitting(name, named);
  const unnamed = name === undefined ? undefined : decodeUnnamed(name, value);
  if (unnamed !== undefined) return fitting(name, unnamed);
  if (schemaId(value) === undefined)
    throw new BankChurnError('RECORD_UNDECODABLE', 'neither JSON nor Avro in the wire format');
  if (registry === undefined)
    throw new BankChurnError(
      'SCHEMA_UNKNOWN',
      'Avro with a schema that is not known here: set SCHEMA_REGISTRY_URL',
    );
  return fitting(name, await registry.decode(value));
}

const fitting = (name: SchemaName | undefined, raw: unknown): unknown =>
  name === undefined ? raw : checkOwn(name, raw);
