import { HEADER_BYTES, MAGIC_BYTE, schemaId, type Shape, type WriterDecoder } from './avro.ts';
import type { Poison } from './errors.ts';
import type { FieldCounts } from './fields.ts';
import { decodeJson } from './json.ts';

/** Finds the decoder of a writer schema. Rejects with a transient `BankChurnError` where the registry is in the way. */
export type FindWriter<T> = (id: number) => Promise<WriterDecoder<T> | Poison>;

/** Decodes one value of a prepared batch. Never throws on any bytes. */
export interface Decode<T> {
  (value: Buffer): T | Poison;
  /** Fields that nobody reads, in the values decoded so far: how often each was there. Bounded. */
  readonly unknownFields?: ReadonlyMap<string, number>;
}

/**
 * Prepares the decoding of a batch of values of both encodings (told apart by the first byte): makes sure that each
 * writer schema among them is known. Rejects where that cannot be told now (transient).
 */
export type RecordDecoder<T> = (values: readonly (Buffer | null)[]) => Promise<Decode<T>>;

export interface DecoderOptions<T> {
  readonly shape: Shape<T>;
  /** Larger values are refused before they are looked into. */
  readonly maxRecordBytes: number;
  /** undefined: no registry is configured, Avro cannot be read. */
  readonly findWriter: FindWriter<T> | undefined;
}

/** `{`, white space, or a byte order mark. */
const JSON_START = new Set([0x7b, 0x20, 0x09, 0x0a, 0x0d, 0xef]);

export function createDecoder<T>({ shape, maxRecordBytes, findWriter }: DecoderOptions<T>): RecordDecoder<T> {
  return async (values) => {
    const writers = new Map<number, WriterDecoder<T> | Poison>();
    for (const value of values) {
      const id = value === null || value.length > maxRecordBytes ? undefined : schemaId(value);
      if (id === undefined || findWriter === undefined || writers.has(id)) continue;
      writers.set(id, await findWriter(id));
    }
    const decoding = { shape, maxRecordBytes, writers, unknownFields: new Map<string, number>() };
    return Object.assign((value: Buffer) => decode(value, decoding), {
      unknownFields: decoding.unknownFields,
    });
  };
}

interface Decoding<T> {
  readonly shape: Shape<T>;
  readonly maxRecordBytes: number;
  readonly writers: ReadonlyMap<number, WriterDecoder<T> | Poison>;
  readonly unknownFields: FieldCounts;
}

function decodeAvro<T>(value: Buffer, { writers, unknownFields }: Decoding<T>): T | Poison {
  if (value.length < HEADER_BYTES)
    return { code: 'RECORD_UNDECODABLE', message: 'the Avro header ends too early' };
  const writer = writers.get(value.readUInt32BE(1));
  if (writer === undefined)
    return { code: 'SCHEMA_UNKNOWN', message: 'Avro, but no schema registry is configured' };
  return typeof writer === 'function' ? writer(value, unknownFields) : writer;
}

function decode<T>(value: Buffer, decoding: Decoding<T>): T | Poison {
  const start = value[0];
  if (start === undefined) return { code: 'RECORD_EMPTY', message: 'the value has no bytes' };
  if (value.length > decoding.maxRecordBytes) {
    const message = `the value has ${String(value.length)} bytes, allowed are ${String(decoding.maxRecordBytes)}`;
    return { code: 'RECORD_TOO_LARGE', message };
  }
  if (start === MAGIC_BYTE) return decodeAvro(value, decoding);
  if (JSON_START.has(start)) return decodeJson(value, decoding.shape.read, decoding.unknownFields);
  const message = `first byte 0x${start.toString(16).padStart(2, '0')} starts neither JSON nor the Confluent wire format`;
  return { code: 'RECORD_UNDECODABLE', message };
}
