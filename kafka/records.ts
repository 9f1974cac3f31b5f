/**
 * A walk over the records of one batch (https://kafka.apache.org/documentation/#record). It makes no object for a record: the
 * cursor holds the places of the present one, and views are made by who wants them. Bytes behind the last record are not read.
 */
import type { RecordHeaders } from '../schemas/ports.ts';
import { corrupt } from './batch-error.ts';
import type { RecordBatch } from './record-batch.ts';

/** The places of the present record in `bytes`. A length of -1 means null. */
export interface RecordCursor {
  /** The records of the batch, unpacked. */
  readonly bytes: Buffer;
  /** Where reading goes on. */
  at: number;
  /** Where the present record ends. */
  end: number;
  /** Records that the batch's header still counts. */
  left: number;
  attributes: number;
  /** Of the present record; before the first one, the offset before the batch. */
  offset: number;
  /** Milliseconds since 1970; exact up to 2^53. */
  timestampMs: number;
  keyAt: number;
  keyLength: number;
  valueAt: number;
  valueLength: number;
  headersAt: number;
  headerCount: number;
}

/** Where reading is in some bytes. */
type Reading = Pick<RecordCursor, 'bytes' | 'at' | 'end'>;

/** Header values by name; several where the name was repeated. It has no prototype, so that any name is a name. */
export type Headers = Record<string, Buffer | null | (Buffer | null)[]>;

/** A cursor before the first record. */
export const openRecords = (batch: RecordBatch, bytes: Buffer, at = 0): RecordCursor => ({
  bytes,
  at,
  end: at,
  left: batch.recordCount,
  attributes: 0,
  offset: batch.baseOffset - 1,
  timestampMs: -1,
  keyAt: 0,
  keyLength: -1,
  valueAt: 0,
  valueLength: -1,
  headersAt: 0,
  headerCount: 0,
});

/**
 * Moves to the next record at or behind the offset `from`.
 *
 * @returns false where the batch has no more.
 * @throws BatchError where what follows is not a record of this batch; the cursor keeps the offset of the last that was.
 */
export function nextRecord(cursor: RecordCursor, batch: RecordBatch, from: number): boolean {
  while (cursor.left > 0) {
    cursor.at = cursor.end;
    cursor.end = cursor.bytes.length;
    const length = readVarint(cursor);
    if (length < 0 || length > cursor.bytes.length - cursor.at)
      throw corrupt(
        `a record has ${String(length)} of ${String(cursor.bytes.length - cursor.at)} bytes left`,
      );
    cursor.end = cursor.at + length;
    if (length === 0) throw corrupt('a record is empty');
    const attributes = cursor.bytes[cursor.at++]!;
    const timestampDelta = readVarlong(cursor);
    const offset = batch.baseOffset + readVarint(cursor);
    if (offset <= cursor.offset || offset > batch.lastOffset)
      throw corrupt(`offset ${String(offset)} comes behind ${String(cursor.offset)}`);
    cursor.left -= 1;
    if (offset >= from) {
      findParts(cursor);
      cursor.attributes = attributes;
      cursor.timestampMs = batch.isLogAppendTime
        ? batch.maxTimestampMs
        : batch.firstTimestampMs + timestampDelta;
      cursor.offset = offset;
      return true;
    }
    cursor.offset = offset;
  }
  return false;
}

function findParts(cursor: RecordCursor): void {
  cursor.keyLength = readLength(cursor);
  cursor.keyAt = cursor.at;
  cursor.at += Math.max(0, cursor.keyLength);
  cursor.valueLength = readLength(cursor);
  cursor.valueAt = cursor.at;
  cursor.at += Math.max(0, cursor.valueLength);
  const count = readVarint(cursor);
  // A header has two bytes at least.
  if (count < 0 || count * 2 > cursor.end - cursor.at)
    throw corrupt(`a record counts ${String(count)} headers`);
  if (count === 0 && cursor.at !== cursor.end) throw corrupt('a record is longer than its parts');
  cursor.headerCount = count;
  cursor.headersAt = cursor.at;
}

/** The key of the present record, a view. */
export const keyOf = ({ bytes, keyAt, keyLength }: RecordCursor): Buffer | null =>
  keyLength < 0 ? null : bytes.subarray(keyAt, keyAt + keyLength);

/** The value of the present record, a view. */
export const valueOf = ({ bytes, valueAt, valueLength }: RecordCursor): Buffer | null =>
  valueLength < 0 ? null : bytes.subarray(valueAt, valueAt + valueLength);

/** Of all records without headers. */
export const NO_HEADERS: Headers = Object.freeze(Object.create(null) as Headers);

/** Looks over the headers of the present record. @throws BatchError where they do not fill the rest of it. */
export function checkHeaders(cursor: RecordCursor): void {
  cursor.at = cursor.headersAt;
  for (let left = cursor.headerCount; left > 0; left--) {
    const nameLength = readLength(cursor);
    if (nameLength < 0) throw corrupt('the name of a header is null');
    cursor.at += nameLength;
    const length = readLength(cursor);
    cursor.at += Math.max(0, length);
  }
  if (cursor.at !== cursor.end) throw corrupt('a record is longer than its headers');
}

/** Headers that were looked over, values as views. */
export function headersOf({
  bytes,
  headersAt,
  headerCount,
}: Pick<RecordCursor, 'bytes' | 'headersAt' | 'headerCount'>): Headers {
  if (headerCount === 0) return NO_HEADERS;
  const reading = { bytes, at: headersAt, end: bytes.length };
  const headers = Object.create(null) as Headers;
  for (let left = headerCount; left > 0; left--) {
    const nameLength = readLength(reading);
    const name = bytes.toString('utf8', reading.at, reading.at + nameLength);
    reading.at += nameLength;
    const length = readLength(reading);
    const value = length < 0 ? null : bytes.subarray(reading.at, reading.at + length);
    reading.at += Math.max(0, length);
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else headers[name] = [before, value];
  }
  return headers;
}

const NO_BYTES = Buffer.alloc(0);

/** Headers as they can be written again: one whose value is null becomes an empty one. Changes `headers`. */
export function writableHeaders(headers: Headers): RecordHeaders {
  const fill = (value: Buffer | null): Buffer => value ?? NO_BYTES;
  for (const name in headers) {
    const given = headers[name] as Headers[string];
    if (given === null) headers[name] = NO_BYTES;
    else if (Array.isArray(given)) headers[name] = given.map(fill);
  }
  return headers as RecordHeaders;
}

/** A length that lies within the record, or -1. */
function readLength(cursor: Reading): number {
  const length = readVarint(cursor);
  if (length < -1 || length > cursor.end - cursor.at)
    throw corrupt(`${String(length)} bytes are announced where ${String(cursor.end - cursor.at)} are left`);
  return length;
}

/** A zigzag varint of at most 32 bits. */
function readVarint(cursor: Reading): number {
  const { bytes, end } = cursor;
  let at = cursor.at;
  let encoded = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    if (at >= end) throw corrupt('a record ends within a number');
    const byte = bytes[at++]!;
    encoded |= (byte & 127) << shift;
    if (byte < 128) {
      cursor.at = at;
      return (encoded >>> 1) ^ -(encoded & 1);
    }
  }
  throw corrupt('a number has more than 32 bits');
}

/** A zigzag varint of at most 64 bits; exact up to 2^53. */
function readVarlong(cursor: Reading): number {
  const { bytes, end } = cursor;
  let at = cursor.at;
  let encoded = 0;
  for (let scale = 1; scale < 2 ** 70; scale *= 128) {
    if (at >= end) throw corrupt('a record ends within a number');
    const byte = bytes[at++]!;
    encoded += (byte & 127) * scale;
    if (byte < 128) {
      cursor.at = at;
      return encoded % 2 === 0 ? encoded / 2 : -(encoded + 1) / 2;
    }
  }
  throw corrupt('a number has more than 64 bits');
}
