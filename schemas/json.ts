import { isUtf8 } from 'node:buffer';
import type { Poison } from './errors.ts';
import type { FieldCounts } from './fields.ts';
import type { Read } from './members.ts';

const undecodable = (message: string): Poison => ({ code: 'RECORD_UNDECODABLE', message });

/** Decodes a JSON value (of an event also with the data set's column names). Never throws. */
export function decodeJson<T>(value: Buffer, read: Read<T>, unknown: FieldCounts): T | Poison {
  const bytes = hasByteOrderMark(value) ? value.subarray(3) : value;
  const quotes = countQuotes(bytes);
  const isAscii = quotes >= 0;
  if (!isAscii && !isUtf8(bytes)) return undecodable('JSON that is not UTF-8');
  let raw: unknown;
  try {
    raw = JSON.parse(bytes.toString(isAscii ? 'latin1' : 'utf8'));
  } catch (error) {
    return undecodable(`JSON ${jsonFault((error as Error).message)}`);
  }
  return read(raw, { bytes, strings: (isAscii ? quotes : ~quotes) / 2, unknown });
}

/** Where the text stops being JSON, as far as the engine says: its messages quote the text, which is a customer's. */
export function jsonFault(message: string): string {
  const [, position] = /at position (\d+)/.exec(message) ?? [];
  if (position !== undefined) return `that is not valid at position ${position}`;
  return message.startsWith('Unexpected end') ? 'that ends too early' : 'that is not valid';
}

const hasByteOrderMark = (value: Buffer): boolean =>
  value[0] === 0xef && value[1] === 0xbb && value[2] === 0xbf;

/** One byte of a sum counts up to 255 words. */
const words = new Int32Array(255);
const scratch = new Uint8Array(words.buffer);
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
const HIGH_BITS = 0x80808080 | 0;
const OTHER_BITS = 0x7f7f7f7f;
/** Where a number of quotes would say nothing. Its complement is odd, which the number of quotes in a text is not. */
const UNKNOWN = -(2 ** 30);

/**
 * Counts the quotes in a text, four bytes at a time: this is done for every event.
 *
 * @returns their number; its complement (below 0) if there are bytes that are not ASCII; UNKNOWN for a text with escapes,
 * which may hide a quote or write one key in two ways.
 */
function countQuotes(bytes: Uint8Array): number {
  const { length } = bytes;
  if (length <= scratch.length) return countPart(bytes);
  let quotes = 0;
  let isAscii = true;
  for (let from = 0; from < length; from += scratch.length) {
    const found = countPart(bytes.subarray(from, from + scratch.length));
    if (found === UNKNOWN) return UNKNOWN;
    isAscii &&= found >= 0;
    quotes += found >= 0 ? found : ~found;
  }
  return isAscii ? quotes : ~quotes;
}

/** The same for a part of a text, of at most 1,020 bytes; it may have an odd number of quotes. */
function countPart(bytes: Uint8Array): number {
  const { length } = bytes;
  scratch.set(bytes);
  // Beyond the end of a full one nothing is written.
  scratch[length] = scratch[length + 1] = scratch[length + 2] = 0;
  let sums = 0;
  let high = 0;
  let escapes = 0;
  for (let i = 0; i < (length + 3) >> 2; i++) {
    const word = words[i]!;
    const quote = word ^ QUOTES;
    const backslash = word ^ BACKSLASHES;
    // The high bit of each byte that is 0 in `quote` or `backslash`.
    sums = (sums + ((~(((quote & OTHER_BITS) + OTHER_BITS) | quote) & HIGH_BITS) >>> 7)) | 0;
    escapes |= ~(((backslash & OTHER_BITS) + OTHER_BITS) | backslash);
    high |= word;
  }
  if ((escapes & HIGH_BITS) !== 0) return UNKNOWN;
  const quotes = (sums & 255) + ((sums >>> 8) & 255) + ((sums >>> 16) & 255) + (sums >>> 24);
  return (high & HIGH_BITS) === 0 ? quotes : ~quotes;
}
