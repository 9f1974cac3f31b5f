import avsc from 'avsc';
import { isUtf8 } from 'node:buffer';
import { BankChurnError, messageOf, type Poison } from './errors.ts';
import { readEvent } from './event.ts';
import { SCHEMAS, type CustomerEvent, type CustomerOutcome, type SchemaName } from './generated.ts';
import { readOutcome } from './outcome.ts';

/** First byte of the Confluent wire format; four bytes of schema id (big endian) follow, then the Avro body. */
export const MAGIC_BYTE = 0;
export const HEADER_BYTES = 5;

/** The project's own Avro type of a record. */
export function avroType(name: SchemaName): avsc.Type {
  return avsc.Type.forSchema(SCHEMAS[name] as unknown as avsc.Schema);
}

/** What others write and we read: the schema to read it by, and the check of what was decoded (which never throws). */
export interface Shape<T> {
  readonly schema: SchemaName;
  readonly read: (raw: unknown) => T | Poison;
}
export const EVENT: Shape<CustomerEvent> = { schema: 'CustomerEvent', read: readEvent };
export const OUTCOME: Shape<CustomerOutcome> = { schema: 'CustomerOutcome', read: readOutcome };

/** One writer schema, resolved against ours once (compiling costs a thousand times more than decoding). */
export type WriterDecoder<T> = (value: Buffer) => T | Poison;

/** The schema id of a value in the wire format; undefined where it is not one. */
export function schemaId(value: Buffer): number | undefined {
  return value.length >= HEADER_BYTES && value[0] === MAGIC_BYTE ? value.readUInt32BE(1) : undefined;
}

/** Types that a few bytes can blow up to gigabytes: no event has them, so no writer needs them. */
const REFUSED = new Set(['array', 'map']);

function refusedType(schema: unknown, named: ReadonlySet<string> = new Set()): string | undefined {
  if (typeof schema === 'string') return named.has(schema) ? 'recursion' : undefined;
  if (Array.isArray(schema)) return first(schema, (branch) => refusedType(branch, named));
  if (typeof schema !== 'object' || schema === null) return undefined;
  const node = schema as { type?: unknown; name?: string; fields?: { type: unknown }[] };
  if (typeof node.type === 'string' && REFUSED.has(node.type)) return node.type;
  if (node.type !== 'record') return refusedType(node.type, named);
  const inside = new Set([...named, ...(node.name === undefined ? [] : [node.name])]);
  return first(node.fields ?? [], (field) => refusedType(field.type, inside));
}

function first<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Compiles the decoder of one writer schema.
 *
 * @param writer Avro schema, parsed from JSON.
 * @returns the decoder, or why no record of that schema can be read.
 */
export function compileWriter<T>(writer: unknown, shape: Shape<T>): WriterDecoder<T> | Poison {
  const refused = refusedType(writer);
  if (refused !== undefined) {
    return {
      code: 'SCHEMA_FOREIGN',
      message: `its writer schema holds a type that our records do not have (${refused})`,
    };
  }
  const reader = avroType(shape.schema);
  let writerType: avsc.Type;
  let resolver: avsc.Resolver;
  try {
    writerType = avsc.Type.forSchema(writer as avsc.Schema);
    resolver = reader.createResolver(writerType);
  } catch (error) {
    const message = messageOf(error);
    return {
      code: 'SCHEMA_FOREIGN',
      message: `its writer schema cannot be read as a ${shape.schema}: ${message}`,
    };
  }
  return (value) => decodeBody(reader, value, resolver, shape);
}

function decodeBody<T>(
  reader: avsc.Type,
  value: Buffer,
  resolver: avsc.Resolver,
  shape: Shape<T>,
): T | Poison {
  try {
    const decoded = reader.decode.call(reader, value, HEADER_BYTES, resolver);
    if (decoded.offset < 0) return { code: 'RECORD_UNDECODABLE', message: 'the Avro body ends too early' };
    if (decoded.offset !== value.length) {
      const spare = value.length - decoded.offset;
      return { code: 'RECORD_UNDECODABLE', message: `${String(spare)} bytes follow the Avro body` };
    }
    return shape.read(decoded.value);
  } catch (error) {
    return {
      code: 'RECORD_UNDECODABLE',
      message: `Avro: ${messageOf(error)}`,
    };
  }
}

/**
 * The decoder of any writer schema, for values that are ours or are shown to people.
 *
 * @param writer Avro schema, parsed from JSON.
 * @returns throws RECORD_UNDECODABLE where the bytes are not of that schema.
 */
export function compileAny(writer: unknown): (value: Buffer) => unknown {
  const type = avsc.Type.forSchema(writer as avsc.Schema);
  return (value) => {
    try {
      return type.fromBuffer(value.subarray(HEADER_BYTES)) as unknown;
    } catch (cause) {
      throw new BankChurnError('RECORD_UNDECODABLE', `Avro: ${(cause as Error).message}`, { cause });
    }
  };
}

/** Decodes a JSON value (of an event also with the data set's column names). Never throws. */
export function decodeJson<T>(value: Buffer, shape: Shape<T>): T | Poison {
  if (!isUtf8(value)) return { code: 'RECORD_UNDECODABLE', message: 'JSON that is not UTF-8' };
  let raw: unknown;
  try {
    raw = JSON.parse(value.toString());
  } catch (error) {
    return {
      code: 'RECORD_UNDECODABLE',
      message: `JSON: ${messageOf(error)}`,
    };
  }
  return shape.read(raw);
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
