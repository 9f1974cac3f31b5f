/** The members of a JSON object as they stand in its text, where a key may come twice. */
import { invalid } from './checks.ts';
import type { Poison } from './errors.ts';
import { countField, type FieldCounts } from './fields.ts';

/** The text that an object was parsed from. */
export interface JsonSource {
  /** UTF-8, valid JSON. */
  readonly bytes: Buffer;
  /**
   * Strings in the text, keys included. An object whose known keys and string values are as many has no further key and no
   * key twice, which is cheaper to see than by looking at each. NaN: not known.
   */
  readonly strings: number;
  /** Where unknown fields are counted. */
  readonly unknown: FieldCounts;
}

/** The check of what was decoded; `source` if it came as JSON text. Never throws. */
export type Read<T> = (raw: unknown, source?: JsonSource) => T | Poison;

/** The keys of an object that are read. */
export interface KnownKeys {
  /** Of the object, for messages: the keys that lead to it, each with a point; empty for the outermost. */
  readonly prefix: string;
  /** Key → the field that lies there; several keys may be names of one field. */
  readonly fields: ReadonlyMap<string, string>;
  /** Key → an inner object of which something is read. A key may be in both. */
  readonly inner: ReadonlyMap<string, KnownKeys>;
  /** Keys that are not read, and not unknown either. */
  readonly skipped?: ReadonlySet<string>;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const [QUOTE, COLON, BACKSLASH, OPEN, CLOSE] = [0x22, 0x3a, 0x5c, 0x7b, 0x7d];
/** `[` and `]` differ from `{` and `}` in this bit. */
const BRACKET_BIT = 0x20;

/**
 * Calls back for each key of the outermost object, and of the inner objects that are read.
 *
 * @param bytes valid JSON; @param onKey called with where the key lies in it, without its quotes; returns what is known of
 * the inner object if its value is one that is read.
 */
function eachKey<T>(
  bytes: Uint8Array,
  outermost: T,
  onKey: (object: T, start: number, end: number) => T | undefined,
): void {
  /** The objects and arrays around this place; undefined: not read. */
  const around: (T | undefined)[] = [];
  let inner: T | undefined = outermost;
  let [start, end] = [0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      start = at + 1;
      for (at = start; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
      end = at;
    } else if (byte === COLON) {
      const object = around[around.length - 1];
      inner = object === undefined ? undefined : onKey(object, start, end);
    } else if ((byte | BRACKET_BIT) === OPEN) {
      around.push(byte === OPEN ? inner : undefined);
      inner = undefined;
    } else if ((byte | BRACKET_BIT) === CLOSE) around.pop();
  }
}

const innerOf = ({ inner }: KnownKeys, bytes: Buffer, start: number, end: number): KnownKeys | undefined =>
  inner.size === 0 ? undefined : inner.get(keyAt(bytes, start, end));

const keyAt = (bytes: Buffer, start: number, end: number): string =>
  JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string;

/** The keys of the objects that are read, each as often as the text has it. */
function countKeys(bytes: Buffer, known: KnownKeys): number {
  let keys = 0;
  eachKey(bytes, known, (object, start, end) => {
    keys++;
    return innerOf(object, bytes, start, end);
  });
  return keys;
}

/** What is said of the first key that comes twice in one object, or of the second such object. */
function repeatedKey(bytes: Buffer, known: KnownKeys): string {
  const seen = new Set<string>();
  let repeated: string | undefined;
  eachKey(bytes, known, ({ prefix, fields, inner }, start, end) => {
    const key = keyAt(bytes, start, end);
    const isKnown = fields.has(key) || inner.has(key);
    // Their prefix distinguishes objects: two of one prefix are there only if a key comes twice.
    if (seen.has(prefix + key)) repeated ??= isKnown ? `the key "${prefix}${key}"` : 'a key that is no field';
    seen.add(prefix + key);
    return inner.get(key);
  });
  return `${repeated ?? 'a key'} is there twice`;
}

/**
 * Counts the fields of an object that are not known.
 *
 * @param strings in the text, as far as they belong to known fields; NaN: not known.
 * @throws Invalid if a key comes twice, or two names of one field do: which of them counts would be a guess.
 */
export function checkMembers(raw: object, source: JsonSource, known: KnownKeys, strings: number): void {
  const found: Found = { source, names: new Map(), twice: undefined, keys: 0, strings };
  findMembers(raw as Readonly<Record<string, unknown>>, known, found);
  if (found.twice !== undefined) throw invalid(`${found.twice} are one field: only one may be there`);
  if (found.strings === source.strings || countKeys(source.bytes, known) === found.keys) return;
  throw invalid(repeatedKey(source.bytes, known));
}

interface Found {
  readonly source: JsonSource;
  /** Field → the name that it was found under. */
  readonly names: Map<string, string>;
  /** The first two names that are of one field. */
  twice: string | undefined;
  /** In the objects that are read. */
  keys: number;
  strings: number;
}

function findMembers(object: Readonly<Record<string, unknown>>, known: KnownKeys, found: Found): void {
  const { prefix, fields, inner, skipped } = known;
  for (const key of Object.keys(object)) {
    found.keys++;
    const value = object[key];
    const next = inner.get(key);
    const field = fields.get(key);
    if (next !== undefined && isObject(value)) findMembers(value, next, found);
    else if (field !== undefined) findName(found, field, prefix + key);
    else if (next === undefined) {
      if (skipped?.has(key) !== true) countField(found.source.unknown, prefix + key);
      if (typeof value === 'object' && value !== null) found.strings = NaN;
      found.strings += typeof value === 'string' ? 2 : 1;
    }
  }
}

function findName(found: Found, field: string, name: string): void {
  const other = found.names.get(field);
  found.names.set(field, name);
  if (other !== undefined) found.twice ??= name === field ? `${name} and ${other}` : `${other} and ${name}`;
}
