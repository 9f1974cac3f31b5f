/** Tokens of JSON text, read from its bytes: each function takes where a token begins, and tells where it ends; -1: it is none. */
import { isUtf8 } from 'node:buffer';

export const [QUOTE, COLON, COMMA, OPEN, CLOSE] = [0x22, 0x3a, 0x2c, 0x7b, 0x7d];
const [BACKSLASH, MINUS, PLUS, DOT, ZERO, NINE, E, LOWER_CASE] = [0x5c, 0x2d, 0x2b, 0x2e, 0x30, 0x39, 0x65, 0x20]; // prettier-ignore
const [SPACE, TAB, LINE_FEED, RETURN] = [0x20, 0x09, 0x0a, 0x0d];

/** Where the white space ends that may be at a place. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  for (; ; at++) {
    const byte = bytes[at]!;
    if (byte > SPACE || !(byte === SPACE || byte === LINE_FEED || byte === RETURN || byte === TAB)) return at;
  }
}

/** The number that was scanned last: a place for it that is not allocated each time. */
export const scanned = new Float64Array(1);

/** Digits of which any number is exact in a double, and so is its quotient by a power of ten: rounded once, as the engine does. */
const EXACT_DIGITS = 15;
const POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, i) => Number(`1e${String(i)}`));

export const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= ZERO && byte <= NINE;

const afterDigits = (bytes: Uint8Array, at: number): number => {
  while (isDigit(bytes[at])) at++;
  return at;
};

/** A number: its value is in `scanned`, the same that `JSON.parse` gives. */
export function scanNumber(bytes: Buffer, start: number): number {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let value = 0;
  let at = first;
  for (let byte = bytes[at]!; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) value = value * 10 + (byte - ZERO); // prettier-ignore
  const whole = at - first;
  if (whole === 0 || (whole > 1 && bytes[first] === ZERO)) return -1;
  let digits = whole;
  if (bytes[at] === DOT) {
    const point = at++;
    for (let byte = bytes[at]!; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) value = value * 10 + (byte - ZERO); // prettier-ignore
    if (at === point + 1) return -1;
    digits += at - point - 1;
  }
  if (digits > EXACT_DIGITS || (bytes[at]! | LOWER_CASE) === E) return scanLong(bytes, start, at);
  if (digits > whole) value /= POWERS[digits - whole]!;
  scanned[0] = isNegative ? -value : value;
  return at;
}

/** A number of many digits, or with an exponent at `at`. */
function scanLong(bytes: Buffer, start: number, at: number): number {
  let end = at;
  if ((bytes[at]! | LOWER_CASE) === E) {
    const sign = bytes[at + 1];
    const from = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
    end = afterDigits(bytes, from);
    if (end === from) return -1;
  }
  scanned[0] = Number(bytes.toString('latin1', start, end));
  return end;
}

let plain = true;
/** Whether the string that was scanned last is ASCII without escapes. */
export const isPlain = (): boolean => plain;

/** A string: where it ends, behind its closing quote. `end`: of the text. */
export function scanString(bytes: Uint8Array, start: number, end: number): number {
  let high = 0;
  let at = start + 1;
  plain = true;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      if (high >= 0x80) plain = false;
      return at + 1;
    }
    if (byte < SPACE) return -1;
    high |= byte;
    if (byte === BACKSLASH) {
      plain = false;
      at++;
    }
  }
  return -1;
}

/** Strings of one kind that were there before: making a string costs more than finding it. */
export type Texts = (string | undefined)[];
const KEPT_TEXTS = 32;

/**
 * The string that was scanned from `start` to `end`, its quotes included; undefined: it is none.
 *
 * @param texts where the same strings come again and again.
 */
export function textOf(bytes: Buffer, start: number, end: number, texts?: Texts): string | undefined {
  if (!plain) return oddText(bytes, start, end);
  if (texts === undefined) return bytes.toString('latin1', start + 1, end - 1);
  return textAt(bytes, start + 1, end - 1, texts);
}

/** The ASCII from `start` to `end`. */
export function textAt(bytes: Buffer, start: number, end: number, texts: Texts): string {
  const length = end - start;
  const place = length === 0 ? 0 : (length * 7 + bytes[start]! + 3 * bytes[end - 1]!) % KEPT_TEXTS;
  const known = texts[place];
  if (known?.length === length && isAt(known, bytes, start)) return known;
  return (texts[place] = bytes.toString('latin1', start, end));
}

/** Whether what lies from `start` to `end` is the same in JSON and in UTF-8: ASCII without quotes, backslashes, control characters. */
export function isPlainText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < SPACE || byte > 0x7f || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

function isAt(text: string, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[at + i]) return false;
  return true;
}

/** Whether what was scanned from `start` to `end` is a string: its escapes and its UTF-8 are right. */
const isText = (bytes: Buffer, start: number, end: number): boolean =>
  plain || oddText(bytes, start, end) !== undefined;

/** A string with escapes, or of more than ASCII. */
function oddText(bytes: Buffer, start: number, end: number): string | undefined {
  const token = bytes.subarray(start, end);
  if (!isUtf8(token)) return undefined;
  try {
    return JSON.parse(token.toString()) as string;
  } catch {
    return undefined;
  }
}

/** A word that is a value. */
interface Word {
  readonly bytes: Uint8Array;
  readonly value: boolean | null;
}

/** The words, by their first byte. */
export const WORDS: readonly (Word | undefined)[] = Array.from({ length: 0x80 }, (_, first) =>
  ([[true, 'true'], [false, 'false'], [null, 'null']] as const)
    .map(([value, text]) => ({ value, bytes: Buffer.from(text) }))
    .find(({ bytes }) => bytes[0] === first),
); // prettier-ignore

export function scanWord(bytes: Uint8Array, at: number, { bytes: word }: Word): number {
  for (let i = 1; i < word.length; i++) if (bytes[at + i] !== word[i]) return -1;
  return at + word.length;
}

/** Levels of objects and arrays that are passed over. */
const MAX_DEPTH = 16;

/** A value of any kind, which nobody reads. */
export function scanOther(bytes: Buffer, at: number, end: number, depth = 0): number {
  const first = bytes[at]!;
  if (first === QUOTE) {
    const to = scanString(bytes, at, end);
    return to >= 0 && isText(bytes, at, to) ? to : -1;
  }
  if (first === OPEN || first === (OPEN ^ BRACKET_BIT))
    return depth < MAX_DEPTH ? scanInner(bytes, at, end, depth + 1) : -1;
  const word = WORDS[first];
  return word === undefined ? scanNumber(bytes, at) : scanWord(bytes, at, word);
}

/** `[` and `]` differ from `{` and `}` in this bit. */
const BRACKET_BIT = 0x20;

function scanInner(bytes: Buffer, start: number, end: number, depth: number): number {
  const isObject = bytes[start] === OPEN;
  const close = isObject ? CLOSE : CLOSE ^ BRACKET_BIT;
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === close) return at + 1;
  for (;;) {
    if (isObject) at = scanColon(bytes, at, end);
    if (at >= 0) at = scanOther(bytes, at, end, depth);
    if (at < 0 || at > end) return -1;
    at = skipSpace(bytes, at);
    if (bytes[at] === close) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = skipSpace(bytes, at + 1);
  }
}

/** A key and its colon, to where the value begins. */
function scanColon(bytes: Buffer, start: number, end: number): number {
  const to = bytes[start] === QUOTE ? scanString(bytes, start, end) : -1;
  if (to < 0 || !isText(bytes, start, to)) return -1;
  const at = skipSpace(bytes, to);
  return bytes[at] === COLON ? skipSpace(bytes, at + 1) : -1;
}
