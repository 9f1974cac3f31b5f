import { HEADER_BYTES, MAGIC_BYTE, schemaId, type Shape, type WriterDecoder } from './avro.ts';
import { createColumns, type EventColumns } from './customer/columns.ts';
import type { EventReader } from './customer/event-reader.ts';
import type { EventScan } from './customer/event-scan.ts';
import type { Poison } from './errors.ts';
import type { FieldCounts } from './fields.ts';
import { decodeJson } from './json.ts';
import type { Read } from './members.ts';
import type { Records } from './records.ts';

/** Finds the decoder of a writer schema. Rejects with a transient `BankChurnError` where the registry is in the way. */
export type FindWriter = (id: number) => Promise<WriterDecoder | Poison>;

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

/** Decodes the events of a prepared batch into columns: each value, by where it lies, gives the row that it took. Never throws on any bytes. */
export interface DecodeEvents {
  (bytes: Buffer, start: number, length: number): number | Poison;
  readonly unknownFields: ReadonlyMap<string, number>;
  /** As many rows as the batch has records. */
  readonly columns: EventColumns;
}

/** As a {@link RecordDecoder}, for many events: it makes no object of each, unless one is odd. */
export type EventDecoder = (records: Records) => Promise<DecodeEvents>;

export interface DecoderOptions {
  /** Larger values are refused before they are looked into. */
  readonly maxRecordBytes: number;
  /** undefined: no registry is configured, Avro cannot be read. */
  readonly findWriter: FindWriter | undefined;
}

/** `{`, white space, or a byte order mark. */
const JSON_START = new Set([0x7b, 0x20, 0x09, 0x0a, 0x0d, 0xef]);

export function createDecoder<T>({
  shape,
  ...options
}: DecoderOptions & { readonly shape: Pick<Shape<T>, 'read'> }): RecordDecoder<T> {
  return async (values) => prepare(values, options, shape.read);
}

export function createEventDecoder({
  reader,
  maxRecordBytes,
  findWriter,
}: DecoderOptions & { readonly reader: EventReader }): EventDecoder {
  const scans = new WeakMap<WriterDecoder, { readonly scan: EventScan | undefined }>();
  const scanOf = (writer: WriterDecoder): EventScan | undefined => {
    let known = scans.get(writer);
    if (known === undefined) scans.set(writer, (known = { scan: reader.scanOf(writer) }));
    return known.scan;
  };
  return async (records) => {
    const columns = createColumns(reader.schema, records.length);
    const read: Read<number> = (raw, source) => reader.readInto(raw, source, columns) ?? columns.count - 1;
    const writers = findWriter === undefined ? NO_WRITERS : await findAll(idsOf(records, maxRecordBytes), findWriter); // prettier-ignore
    const unknownFields = new Map<string, number>();
    const decoding = { read, maxRecordBytes, writers, unknownFields };
    const scanned = (bytes: Buffer, start: number, length: number): boolean => {
      if (length > maxRecordBytes) return false;
      const end = start + length;
      if (bytes[start] !== MAGIC_BYTE) return reader.scanInto(bytes, start, end, columns, unknownFields);
      const writer = length < HEADER_BYTES ? undefined : writers.get(bytes.readUInt32BE(start + 1));
      const scan = typeof writer === 'function' ? scanOf(writer) : undefined;
      return scan?.(bytes, start + HEADER_BYTES, end, columns, unknownFields) === true;
    };
    const decodeOne = (bytes: Buffer, start: number, length: number): number | Poison =>
      scanned(bytes, start, length) ? columns.count - 1 : decode(bytes.subarray(start, start + length), decoding); // prettier-ignore
    return Object.assign(decodeOne, { columns, unknownFields });
  };
}

type Writers = ReadonlyMap<number, WriterDecoder | Poison>;
const NO_WRITERS: Writers = new Map();

async function findAll(ids: ReadonlySet<number>, findWriter: FindWriter): Promise<Writers> {
  const writers = new Map<number, WriterDecoder | Poison>();
  for (const id of ids) writers.set(id, await findWriter(id));
  return writers;
}

/** The writer schemas of the Avro values among records that are to be read. */
function idsOf(records: Records, maxRecordBytes: number): Set<number> {
  const ids = new Set<number>();
  for (let i = 0; i < records.length; i++) {
    const length = records.valueLength(i);
    if (length < HEADER_BYTES || length > maxRecordBytes || records.refusedAt(i) !== undefined) continue;
    const bytes = records.bytesAt(i);
    const start = records.valueStart(i);
    if (bytes[start] === MAGIC_BYTE) ids.add(bytes.readUInt32BE(start + 1));
  }
  return ids;
}

async function prepare<T>(
  values: readonly (Buffer | null)[],
  { maxRecordBytes, findWriter }: DecoderOptions,
  read: Read<T>,
): Promise<Decode<T>> {
  const isTaken = (value: Buffer | null): value is Buffer => value !== null && value.length <= maxRecordBytes;
  const ids = new Set(values.filter(isTaken).flatMap((value) => schemaId(value) ?? []));
  const writers = findWriter === undefined ? NO_WRITERS : await findAll(ids, findWriter);
  const decoding = { read, maxRecordBytes, writers, unknownFields: new Map<string, number>() };
  return Object.assign((value: Buffer) => decode(value, decoding), { unknownFields: decoding.unknownFields });
}

interface Decoding<T> {
  readonly read: Read<T>;
  readonly maxRecordBytes: number;
  readonly writers: Writers;
  readonly unknownFields: FieldCounts;
}

function decodeAvro<T>(value: Buffer, { read, writers, unknownFields }: Decoding<T>): T | Poison {
  if (value.length < HEADER_BYTES)
    return { code: 'RECORD_UNDECODABLE', message: 'the Avro header ends too early' };
  const writer = writers.get(value.readUInt32BE(1));
  if (writer === undefined)
    return { code: 'SCHEMA_UNKNOWN', message: 'Avro, but no schema registry is configured' };
  return typeof writer === 'function' ? writer(value, read, unknownFields) : writer;
}

function decode<T>(value: Buffer, decoding: Decoding<T>): T | Poison {
  const start = value[0];
  if (start === undefined) return { code: 'RECORD_EMPTY', message: 'the value has no bytes' };
  if (value.length > decoding.maxRecordBytes) {
    const message = `the value has ${String(value.length)} bytes, allowed are ${String(decoding.maxRecordBytes)}`;
    return { code: 'RECORD_TOO_LARGE', message };
  }
  if (start === MAGIC_BYTE) return decodeAvro(value, decoding);
  if (JSON_START.has(start)) return decodeJson(value, decoding.read, decoding.unknownFields);
  const message = `first byte 0x${start.toString(16).padStart(2, '0')} starts neither JSON nor the Confluent wire format`;
  return { code: 'RECORD_UNDECODABLE', message };
}
