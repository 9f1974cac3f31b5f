/** Records as they lie in an uncompressed record batch (https://kafka.apache.org/documentation/#record), ready to be sent. */
import { outOf, withRoom } from './out-bytes.ts';
import type { OutputRecord, RecordHeaders } from './ports.ts';

/** Record after record, each with its length before it; offset deltas count from 0, timestamp deltas are 0. */
export interface EncodedRecords {
  readonly bytes: Buffer;
  readonly count: number;
}

export const isEncoded = (records: EncodedRecords | readonly unknown[]): records is EncodedRecords =>
  !Array.isArray(records);

/** Bytes of the largest varint that is written here. */
export const MAX_VARINT = 8;

/** Up to which a number is handled as one of 32 bits. */
const SMALL = 2 ** 30;

/** Bytes of a zigzag varint; |n| up to 2^52. */
export function varintSize(n: number): number {
  let rest = n >= 0 ? n * 2 : -n * 2 - 1;
  let size = 1;
  for (; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes a zigzag varint, |n| up to 2^52, and returns where it ends. */
export function writeVarint(out: Uint8Array, at: number, n: number): number {
  if (n < 0 || n >= SMALL) return writeLargeVarint(out, at, n);
  let rest = n << 1;
  for (; rest >= 128; rest >>>= 7) out[at++] = (rest & 127) | 128;
  out[at++] = rest;
  return at;
}

function writeLargeVarint(out: Uint8Array, at: number, n: number): number {
  let rest = n >= 0 ? n * 2 : -n * 2 - 1;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out[at++] = (rest % 128) | 128;
  out[at++] = rest;
  return at;
}

/**
 * Writes the length of what has been written behind it: from `at` on, `reserved` bytes were left free for it. What lies behind moves
 * where it takes more or fewer.
 *
 * @returns the new end.
 */
export function writeLength(out: Uint8Array, at: number, reserved: number, end: number): number {
  const length = end - at - reserved;
  const size = varintSize(length);
  if (size !== reserved) out.copyWithin(at + size, at + reserved, end);
  writeVarint(out, at, length);
  return at + size + length;
}

type Bytes = Buffer | string | null;

const sizeOf = (value: Bytes): number =>
  value === null ? 0 : typeof value === 'string' ? Buffer.byteLength(value) : value.length;

/** Writes a text or bytes with their length before them, -1 for null. */
export function writeBytes(out: Buffer, at: number, value: Bytes): number {
  if (value === null) return writeVarint(out, at, -1);
  const length = sizeOf(value);
  const start = writeVarint(out, at, length);
  if (typeof value === 'string') out.write(value, start, length, 'utf8');
  else out.set(value, start);
  return start + length;
}

/** Names and values in turn; a repeated header is an array of values. */
function flatten(headers: RecordHeaders | undefined): (Buffer | string)[] {
  const flat: (Buffer | string)[] = [];
  for (const name of Object.keys(headers ?? {})) {
    const given = headers![name]!;
    if (typeof given === 'string' || Buffer.isBuffer(given)) flat.push(name, given);
    else for (const value of given) flat.push(name, value);
  }
  return flat;
}

/** Length, attributes, deltas and the number of headers, at most. */
const OVERHEAD = 5 * MAX_VARINT;

export function encodeOutputRecords(records: readonly OutputRecord[]): EncodedRecords {
  let out = outOf(Buffer.allocUnsafe(records.length * 256));
  let end = 0;
  records.forEach(({ key, value, headers }, offsetDelta) => {
    const flat = flatten(headers);
    const parts = [key, value, ...flat];
    const most = parts.reduce((sum, part) => sum + MAX_VARINT + sizeOf(part), OVERHEAD);
    out = withRoom(out, end, most);
    const { bytes } = out;
    const reserved = varintSize(most);
    let at = end + reserved;
    bytes[at++] = 0; // attributes: none are defined
    bytes[at++] = 0; // timestamp delta
    at = writeVarint(bytes, at, offsetDelta);
    at = writeBytes(bytes, at, key);
    at = writeBytes(bytes, at, value);
    at = writeVarint(bytes, at, flat.length / 2);
    for (const part of flat) at = writeBytes(bytes, at, part);
    end = writeLength(bytes, end, reserved, at);
  });
  return { bytes: out.bytes.subarray(0, end), count: records.length };
}

/** Headers as they lie in a record, without their number. */
export function headerBytes(headers: Readonly<Record<string, string>>): Buffer {
  const flat = flatten(headers);
  const out = Buffer.allocUnsafe(flat.reduce((sum, part) => sum + MAX_VARINT + sizeOf(part), 0));
  return out.subarray(
    0,
    flat.reduce((at, part) => writeBytes(out, at, part), 0),
  );
}

/** Records as objects, whichever they are. */
export const listOf = (records: EncodedRecords | readonly OutputRecord[]): readonly OutputRecord[] =>
  isEncoded(records) ? decodeFrames(records) : records;

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

function readVarint(cursor: Cursor): number {
  let [value, unit] = [0, 1];
  for (;;) {
    const byte = cursor.bytes[cursor.at++]!;
    value += (byte & 127) * unit;
    if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    unit *= 128;
  }
}

function readBytes(cursor: Cursor): Buffer | null {
  const length = readVarint(cursor);
  if (length < 0) return null;
  cursor.at += length;
  return cursor.bytes.subarray(cursor.at - length, cursor.at);
}

function readHeaders(cursor: Cursor): RecordHeaders {
  const headers = Object.create(null) as Record<string, Buffer | Buffer[]>;
  for (let left = readVarint(cursor); left > 0; left--) {
    const name = readBytes(cursor)!.toString();
    const value = readBytes(cursor)!;
    const before = headers[name];
    headers[name] = before === undefined ? value : Buffer.isBuffer(before) ? [before, value] : [...before, value]; // prettier-ignore
  }
  return headers;
}

/** The records as objects, whose parts are views: for the rare case that they must be told apart after they were encoded. */
export function decodeFrames({ bytes, count }: EncodedRecords): OutputRecord[] {
  const cursor: Cursor = { bytes, at: 0 };
  return Array.from({ length: count }, () => {
    readVarint(cursor); // the length
    cursor.at += 2; // attributes, timestamp delta
    readVarint(cursor); // offset delta
    return { key: readBytes(cursor), value: readBytes(cursor), headers: readHeaders(cursor) };
  });
}
