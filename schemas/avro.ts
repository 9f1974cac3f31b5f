import avsc from 'avsc';
import { createReader, createSkipper, type FieldKind } from './avro-body.ts';
import { cursorAt, Undecodable, type Cursor } from './avro-bytes.ts';
import { ForeignSchema, readSchema, takesNoBytes, type AvroNode } from './avro-schema.ts';
import { BankChurnError, messageOf, type Poison } from './errors.ts';
import { countField, type FieldCounts } from './fields.ts';
import type { EventReader } from './customer/event-reader.ts';
import type { CustomerEvent } from './customer/schema.ts';
import { SCHEMAS, type CustomerOutcome, type SchemaName } from './generated.ts';
import type { Read } from './members.ts';
import { readOutcome } from './outcome.ts';
import { PLAUSIBLE_TIMES, type TimeLimits } from './time.ts';

/** First byte of the Confluent wire format; four bytes of schema id (big endian) follow, then the Avro body. */
export const MAGIC_BYTE = 0;
export const HEADER_BYTES = 5;

/** The project's own Avro type of a record. */
export function avroType(name: SchemaName): avsc.Type {
  return avsc.Type.forSchema(SCHEMAS[name] as unknown as avsc.Schema);
}

/** What others write and we read: the schema to read it by, and the check of what was decoded. */
export interface Shape<T> {
  readonly schema: 'CustomerEvent' | 'CustomerOutcome';
  readonly read: Read<T>;
}

/** Customer events, as their reader checks them. */
export const eventShape = ({ read }: Pick<EventReader, 'read'>): Shape<CustomerEvent> => ({
  schema: 'CustomerEvent',
  read,
});

/** Customer outcomes, observed at plausible times. */
export const outcomeShape = (times: TimeLimits): Shape<CustomerOutcome> => ({
  schema: 'CustomerOutcome',
  read: (raw, source) => readOutcome(raw, times, source),
});
export const OUTCOME: Shape<CustomerOutcome> = outcomeShape(PLAUSIBLE_TIMES);

/** One writer schema, compiled once (that costs a thousand times more than decoding). Counts the fields that are not ours. */
export type WriterDecoder<T> = (value: Buffer, unknown?: FieldCounts) => T | Poison;

/** The schema id of a value in the wire format; undefined where it is not one. */
export function schemaId(value: Buffer): number | undefined {
  return value.length >= HEADER_BYTES && value[0] === MAGIC_BYTE ? value.readUInt32BE(1) : undefined;
}

/** Our fields as their schema has them. */
function fieldsOf(name: Shape<unknown>['schema']): Map<string, { kind: FieldKind; isOptional: boolean }> {
  const fields = SCHEMAS[name].fields.map((field) => {
    const { type } = field as { type: unknown };
    const inner: unknown = Array.isArray(type) ? type[1] : type;
    const kind = typeof inner === 'object' ? 'time' : KINDS[inner as keyof typeof KINDS];
    return [field.name, { kind, isOptional: 'default' in field }] as const;
  });
  return new Map(fields);
}
const KINDS = { string: 'text', int: 'number', double: 'number', boolean: 'flag' } as const;

interface Step {
  /** Our field that is read; undefined: passed over. */
  readonly field: string | undefined;
  readonly read: (cursor: Cursor) => unknown;
}

/** The steps through a body, in the writer's order. Throws ForeignSchema. */
function stepsOf(writer: AvroNode, name: Shape<unknown>['schema']): Step[] {
  if (writer.kind !== 'record' || writer.name !== name)
    throw new ForeignSchema(
      `it is ${writer.kind === 'record' ? writer.name : `no record but ${writer.kind}`}`,
    );
  const ours = fieldsOf(name);
  for (const [field, { isOptional }] of ours)
    if (!isOptional && !writer.fields.some((theirs) => theirs.name === field))
      throw new ForeignSchema(`it has no field ${field}`);
  return writer.fields.flatMap(({ name: field, type }): Step[] => {
    const known = ours.get(field);
    if (known !== undefined) return [{ field, read: createReader(type, field, known.kind) }];
    return takesNoBytes(type) ? [] : [{ field: undefined, read: createSkipper(type) }];
  });
}

/**
 * Compiles the decoder of one writer schema. Whether it is ours is seen from the schema: from its record's name, in any
 * namespace, and its fields.
 *
 * @param writer Avro schema, parsed from JSON.
 * @returns the decoder, or why no record of that schema can be read.
 */
export function compileWriter<T>(writer: unknown, shape: Shape<T>): WriterDecoder<T> | Poison {
  try {
    const node = readSchema(writer);
    const steps = stepsOf(node, shape.schema);
    const ours = fieldsOf(shape.schema);
    const names = node.kind === 'record' ? node.fields.map(({ name }) => name) : [];
    const unknown = names.filter((name) => !ours.has(name));
    const blank = Object.fromEntries([...ours.keys()].map((name) => [name, null]));
    return (value, counts) => {
      if (counts !== undefined) for (const name of unknown) countField(counts, name);
      return decodeBody(value, steps, blank, shape.read);
    };
  } catch (error) {
    if (!(error instanceof ForeignSchema)) throw error;
    return foreign(shape.schema, error);
  }
}

/** The refusal of a writer's schema. */
export const foreign = (name: string, error: ForeignSchema): Poison => ({
  code: 'SCHEMA_FOREIGN',
  message: `its writer schema cannot be read as a ${name}: ${error.message}`,
});

function decodeBody<T>(
  value: Buffer,
  steps: readonly Step[],
  blank: Readonly<Record<string, unknown>>,
  read: Read<T>,
): T | Poison {
  const cursor = cursorAt(value, HEADER_BYTES);
  const raw: Record<string, unknown> = { ...blank };
  try {
    for (const step of steps) {
      const taken = step.read(cursor);
      if (step.field !== undefined) raw[step.field] = taken;
    }
  } catch (error) {
    if (!(error instanceof Undecodable)) throw error;
    return { code: 'RECORD_UNDECODABLE', message: `Avro: ${error.message}` };
  }
  if (cursor.at !== value.length) {
    const spare = value.length - cursor.at;
    return { code: 'RECORD_UNDECODABLE', message: `${String(spare)} bytes follow the Avro body` };
  }
  return read(raw);
}

/**
 * The decoder of any writer schema, for values that are ours or are shown to people. The bytes are walked first: a few of
 * them could otherwise ask for gigabytes.
 *
 * @param writer Avro schema, parsed from JSON.
 * @returns throws RECORD_UNDECODABLE where the bytes are not of that schema.
 * @throws BankChurnError SCHEMA_FOREIGN for a schema beyond the limits.
 */
export function compileAny(writer: unknown): (value: Buffer) => unknown {
  let type: avsc.Type;
  let walk: (cursor: Cursor) => unknown;
  try {
    walk = createSkipper(readSchema(writer));
    type = avsc.Type.forSchema(writer as avsc.Schema);
  } catch (cause) {
    const message = `its writer schema cannot be read: ${messageOf(cause)}`;
    throw new BankChurnError('SCHEMA_FOREIGN', message, { cause });
  }
  return (value) => {
    try {
      walk(cursorAt(value, HEADER_BYTES));
      return type.fromBuffer(value.subarray(HEADER_BYTES)) as unknown;
    } catch (cause) {
      throw new BankChurnError('RECORD_UNDECODABLE', `Avro: ${messageOf(cause)}`, { cause });
    }
  };
}

/** Encodes values of one record type in the Confluent wire format, under a registered schema id. */
export function createAvroEncoder(name: SchemaName, id: number): (value: object) => Buffer {
  const type = avroType(name);
  let scratch = Buffer.allocUnsafe(4096);
  return (value) => {
    let end = type.encode(value, scratch, HEADER_BYTES);
    if (end < 0) {
      scratch = Buffer.allocUnsafe(scratch.length - end + HEADER_BYTES);
      end = type.encode(value, scratch, HEADER_BYTES);
    }
    const bytes = Buffer.allocUnsafe(end);
    scratch.copy(bytes, 0, 0, end);
    bytes[0] = MAGIC_BYTE;
    bytes.writeUInt32BE(id, 1);
    return bytes;
  };
}
