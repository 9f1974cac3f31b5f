import avsc from 'avsc';
import { createSkipper, skipOf, stepOf, type FieldKind, type Step, type Steps } from './avro-body.ts';
import { cursorAt, Undecodable, type Cursor } from './avro-bytes.ts';
import {
  ForeignSchema,
  readSchema,
  takesNoBytes,
  type AvroField,
  type AvroNode,
  type AvroRecord,
} from './avro-schema.ts';
import { BankChurnError, messageOf, type Poison } from './errors.ts';
import { countField, type FieldCounts } from './fields.ts';
import { customerEventAvro } from './customer/avro.ts';
import type { EventReader } from './customer/event-reader.ts';
import { knownKeys } from './customer/names.ts';
import type { CustomerEvent } from './customer/schema.ts';
import { SCHEMAS, type CustomerOutcome } from './generated.ts';
import type { Read } from './members.ts';
import { readOutcome } from './outcome.ts';
import { PLAUSIBLE_TIMES, type TimeLimits } from './time.ts';

/** First byte of the Confluent wire format; four bytes of schema id (big endian) follow, then the Avro body. */
export const MAGIC_BYTE = 0;
export const HEADER_BYTES = 5;

/** The Avro type of a record of ours. */
export const avroType = (schema: AvroRecord): avsc.Type =>
  avsc.Type.forSchema(schema as unknown as avsc.Schema);

/** The schema that records of others are read by. */
export interface Layout {
  readonly schema: AvroRecord;
  /** Further names that a writer may have for a field → the field. */
  readonly names: ReadonlyMap<string, string>;
  /** Fields of a writer that are not read, and not unknown either. */
  readonly skipped?: ReadonlySet<string>;
}

/** What others write and we read: the schema to read it by, and the check of what was decoded. */
export interface Shape<T> extends Layout {
  readonly read: Read<T>;
}

/** Customer events, as their reader checks them. */
export function eventShape({ schema, read }: EventReader): Shape<CustomerEvent> {
  const { fields: names, skipped } = knownKeys(schema);
  return { schema: customerEventAvro(schema), names, skipped, read };
}

/** Customer outcomes, observed at plausible times. */
export const outcomeShape = (times: TimeLimits): Shape<CustomerOutcome> => ({
  schema: SCHEMAS.CustomerOutcome,
  names: new Map(),
  read: (raw, source) => readOutcome(raw, times, source),
});
export const OUTCOME: Shape<CustomerOutcome> = outcomeShape(PLAUSIBLE_TIMES);

/**
 * One writer schema, compiled once (that costs a thousand times more than decoding). Checks what it decoded by `read`, and
 * counts the fields that are not ours.
 */
export interface WriterDecoder extends Steps {
  <T>(value: Buffer, read: Read<T>, unknown?: FieldCounts): T | Poison;
}

/** The schema id of a value in the wire format; undefined where it is not one. */
export function schemaId(value: Buffer): number | undefined {
  return value.length >= HEADER_BYTES && value[0] === MAGIC_BYTE ? value.readUInt32BE(1) : undefined;
}

/** Our fields as their schema has them. */
function fieldsOf({ fields: ours }: AvroRecord): Map<string, { kind: FieldKind; isOptional: boolean }> {
  const fields = ours.map((field) => {
    const { type } = field;
    const inner: unknown = Array.isArray(type) ? type[1] : type;
    const kind = typeof inner === 'object' ? 'time' : KINDS[inner as keyof typeof KINDS];
    return [field.name, { kind, isOptional: 'default' in field }] as const;
  });
  return new Map(fields);
}
const KINDS = { string: 'text', int: 'number', long: 'number', double: 'number', boolean: 'flag' } as const;

/** Field of the writer → field of ours: of the same name, or of another name that the field may have. Throws ForeignSchema. */
function matchFields(
  theirs: readonly AvroField[],
  ours: ReadonlyMap<string, unknown>,
  names: Layout['names'],
): Map<string, string> {
  const own = theirs.filter(({ name }) => ours.has(name)).map(({ name }) => [name, name] as const);
  const matched = new Map<string, string>(own);
  const taken = new Map<string, string>(own);
  for (const { name } of theirs) {
    const field = names.get(name);
    if (field === undefined || taken.get(field) === field) continue;
    const other = taken.get(field);
    if (other !== undefined) throw new ForeignSchema(`its fields ${other} and ${name} are both ${field}`);
    matched.set(name, field);
    taken.set(field, name);
  }
  return matched;
}

/** The steps through a body, and the fields that are not read. Throws ForeignSchema. */
function stepsOf(writer: AvroNode, { schema, names, skipped }: Layout): Steps {
  if (writer.kind !== 'record' || writer.name !== schema.name)
    throw new ForeignSchema(
      `it is ${writer.kind === 'record' ? writer.name : `no record but ${writer.kind}`}`,
    );
  const ours = fieldsOf(schema);
  const matched = matchFields(writer.fields, ours, names);
  const found = new Set(matched.values());
  for (const [field, { isOptional }] of ours)
    if (!isOptional && !found.has(field)) throw new ForeignSchema(`it has no field ${field}`);
  const steps = writer.fields.flatMap((each): Step[] => {
    const field = matched.get(each.name);
    if (field === undefined && takesNoBytes(each.type)) return [];
    return [field === undefined ? skipOf(each) : stepOf(each, field, ours.get(field)!.kind)];
  });
  const isUnknown = (name: string): boolean => !matched.has(name) && skipped?.has(name) !== true;
  return { steps, unknown: writer.fields.map(({ name }) => name).filter(isUnknown) };
}

/**
 * Compiles the decoder of one writer schema. Whether it is ours is seen from the schema: from its record's name, in any
 * namespace, and its fields.
 *
 * @param writer Avro schema, parsed from JSON.
 * @returns the decoder, or why no record of that schema can be read.
 */
export function compileWriter(writer: unknown, layout: Layout): WriterDecoder | Poison {
  try {
    const found = stepsOf(readSchema(writer), layout);
    const decode = <T>(value: Buffer, read: Read<T>, counts?: FieldCounts): T | Poison => {
      if (counts !== undefined) for (const name of found.unknown) countField(counts, name);
      return decodeBody(value, found.steps, read);
    };
    return Object.assign(decode, found);
  } catch (error) {
    if (!(error instanceof ForeignSchema)) throw error;
    return foreign(layout, error);
  }
}

/** The refusal of a writer's schema. */
export const foreign = ({ schema: { name } }: Layout, error: ForeignSchema): Poison => ({
  code: 'SCHEMA_FOREIGN',
  message: `its writer schema cannot be read as a ${name}: ${error.message}`,
});

function decodeBody<T>(value: Buffer, steps: readonly Step[], read: Read<T>): T | Poison {
  const cursor = cursorAt(value, HEADER_BYTES);
  const raw: Record<string, unknown> = {};
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
export function createAvroEncoder(schema: AvroRecord, id: number): (value: object) => Buffer {
  const type = avroType(schema);
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
