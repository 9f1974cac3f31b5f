/** Reads the primitives of Avro from bytes that may be anything: whatever they are, the place in them never leaves their end. */
import { isUtf8 } from 'node:buffer';

/** Why the bytes are not a value of their schema. */
export class Undecodable extends Error {}

/** A place in one value, which ends at `end`; other values may lie around it. */
export interface Cursor {
  bytes: Buffer;
  at: number;
  end: number;
}

export const cursorAt = (bytes: Buffer, at: number): Cursor => ({ bytes, at, end: bytes.length });

const ends = (): never => {
  throw new Undecodable('the body ends too early');
};

/** Longest varint of a 64-bit number. */
const MAX_VARINT = 10;

/**
 * Reads an int or long.
 *
 * @throws Undecodable if a double cannot hold it.
 */
export function readLong(cursor: Cursor): number {
  const { bytes, end } = cursor;
  const first = cursor.at < end ? bytes[cursor.at++]! : ends();
  // Zigzag: the lowest bit is the sign.
  let size = (first & 0x7f) >> 1;
  let byte = first;
  for (let unit = 64, read = 1; byte > 0x7f; unit *= 128, read++) {
    if (read === MAX_VARINT) throw new Undecodable('a number of more than 64 bits');
    byte = cursor.at < end ? bytes[cursor.at++]! : ends();
    size += (byte & 0x7f) * unit;
  }
  if (size >= Number.MAX_SAFE_INTEGER) throw new Undecodable('a whole number beyond 2^53');
  return (first & 1) === 0 ? size : -size - 1;
}

/** Passes over an int or long, of any size. */
export function skipLong(cursor: Cursor): void {
  for (let read = 1; cursor.bytes[skip(cursor, 1)]! > 0x7f; read++)
    if (read === MAX_VARINT) throw new Undecodable('a number of more than 64 bits');
}

/** Passes over `size` bytes, and tells where they begin. */
export function skip(cursor: Cursor, size: number): number {
  const start = cursor.at;
  if (size < 0) throw new Undecodable('a length below 0');
  if (size > cursor.end - start) ends();
  cursor.at = start + size;
  return start;
}

export function readBoolean(cursor: Cursor): boolean {
  const byte = cursor.bytes[skip(cursor, 1)]!;
  if (byte > 1) throw new Undecodable('a boolean that is neither 0 nor 1');
  return byte === 1;
}

export const readFloat = (cursor: Cursor): number => cursor.bytes.readFloatLE(skip(cursor, 4));
export const readDouble = (cursor: Cursor): number => cursor.bytes.readDoubleLE(skip(cursor, 8));

/** Reads a string; other readers replace what is not UTF-8, which makes one id of two. */
export function readText(cursor: Cursor): string {
  const start = skip(cursor, readLong(cursor));
  const { bytes, at: end } = cursor;
  if (isAscii(bytes, start, end)) return bytes.toString('latin1', start, end);
  if (!isUtf8(bytes.subarray(start, end))) throw new Undecodable('a string that is not UTF-8');
  return bytes.toString('utf8', start, end);
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let high = 0;
  for (let at = start; at < end; at++) high |= bytes[at]!;
  return high < 0x80;
}

/** Bytes of a decimal: what 76 digits take. */
const MAX_DECIMAL = 32;

/** Reads a decimal (two's complement, big endian) as the double that is nearest to it. */
export function readDecimal(cursor: Cursor, size: number, scale: number): number {
  const start = skip(cursor, size);
  if (size > MAX_DECIMAL) throw new Undecodable(`a decimal of more than ${String(MAX_DECIMAL)} bytes`);
  if (size === 0) return 0;
  const hex = cursor.bytes.toString('hex', start, cursor.at);
  return Number(`${String(BigInt.asIntN(size * 8, BigInt(`0x${hex}`)))}e-${String(scale)}`);
}
