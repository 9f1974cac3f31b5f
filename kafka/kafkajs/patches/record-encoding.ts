/**
 * One record of Kafka's record batch format v2 (https://kafka.apache.org/documentation/#record), written into one buffer
 * of the right size. kafkajs's own takes six zeroed buffers a record; see kafka/kafkajs/README.md.
 */

/** What kafkajs hands over for a record. */
export interface RecordFields {
  /** Position in the batch. */
  readonly offsetDelta?: number;
  /** Milliseconds after the batch's first timestamp. */
  readonly timestampDelta?: number;
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[]>>;
}

type Bytes = Buffer | string | null | undefined;

/** Bytes of a zigzag varint; |n| up to 2^52. */
function varintSize(n: number): number {
  let rest = n >= 0 ? n * 2 : -n * 2 - 1;
  let size = 1;
  while (rest >= 128) {
    rest = Math.floor(rest / 128);
    size += 1;
  }
  return size;
}

function writeVarint(out: Buffer, at: number, n: number): number {
  let rest = n >= 0 ? n * 2 : -n * 2 - 1;
  while (rest >= 128) {
    out[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  out[at++] = rest;
  return at;
}

const byteLength = (value: Buffer | string): number =>
  typeof value === 'string' ? Buffer.byteLength(value) : value.length;

function bytesSize(value: Bytes): number {
  if (value == null) return 1; // length -1
  const length = byteLength(value);
  return varintSize(length) + length;
}

function writeBytes(out: Buffer, at: number, value: Bytes): number {
  if (value == null) return writeVarint(out, at, -1);
  if (typeof value !== 'string') {
    out.set(value, writeVarint(out, at, value.length));
    return at + varintSize(value.length) + value.length;
  }
  const end = value.length <= SHORT ? writeShortAscii(out, at, value) : -1;
  if (end !== -1) return end;
  const length = Buffer.byteLength(value);
  const start = writeVarint(out, at, length);
  out.write(value, start, length, 'utf8');
  return start + length;
}

/** Characters whose count fits into a varint of one byte. */
const SHORT = 63;

/** A call into the buffer's native code costs more than a short string is long. -1: it is not ASCII. */
function writeShortAscii(out: Buffer, at: number, value: string): number {
  const { length } = value;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 127) return -1;
    out[at + 1 + i] = code;
  }
  out[at] = length * 2;
  return at + 1 + length;
}

/** Name and value in turn; a repeated header is an array of values. */
function flatten(headers: NonNullable<RecordFields['headers']>): (Buffer | string)[] {
  const flat: (Buffer | string)[] = [];
  for (const name of Object.keys(headers)) {
    const given = headers[name]!;
    if (typeof given === 'string' || Buffer.isBuffer(given)) flat.push(name, given);
    else for (const value of given) flat.push(name, value);
  }
  return flat;
}

const NO_HEADERS: readonly (Buffer | string)[] = [];

/** The record as bytes, its length in front. */
export function encodeRecord({
  offsetDelta = 0,
  timestampDelta = 0,
  key,
  value,
  headers,
}: RecordFields): Buffer {
  const flat = headers === undefined ? NO_HEADERS : flatten(headers);
  let size =
    1 +
    varintSize(timestampDelta) +
    varintSize(offsetDelta) +
    bytesSize(key) +
    bytesSize(value) +
    varintSize(flat.length / 2);
  for (const part of flat) size += bytesSize(part);
  const out = Buffer.allocUnsafe(varintSize(size) + size);
  let at = writeVarint(out, 0, size);
  out[at++] = 0; // attributes: none are defined
  at = writeVarint(out, at, timestampDelta);
  at = writeVarint(out, at, offsetDelta);
  at = writeBytes(out, at, key);
  at = writeBytes(out, at, value);
  at = writeVarint(out, at, flat.length / 2);
  for (const part of flat) at = writeBytes(out, at, part);
  return out;
}
