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

const [QUOTE, COLON, BACKSLASH, OPEN, CLOSE] = [0x22, 0x3a, 0x5c, 0x7b, 0x7d];
/** `[` and `]` differ from `{` and `}` in this bit. */
const BRACKET_BIT = 0x20;

/**
 * Calls back for each key of the outermost object.
 *
 * @param bytes valid JSON; @param onKey called with where the key lies in it, without its quotes.
 */
function eachKey(bytes: Uint8Array, onKey: (start: number, end: number) => void): void {
  let depth = 0;
  let [start, end] = [0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      start = at + 1;
      for (at = start; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
      end = at;
    } else if (byte === COLON) {
      if (depth === 1) onKey(start, end);
    } else if ((byte | BRACKET_BIT) === OPEN) depth++;
    else if ((byte | BRACKET_BIT) === CLOSE) depth--;
  }
}

/** The first key that comes twice. */
function repeatedKey(bytes: Buffer): string {
  const seen = new Set<string>();
  let repeated = '';
  eachKey(bytes, (start, end) => {
    const key = JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string;
    if (seen.has(key)) repeated ||= key;
    seen.add(key);
  });
  return repeated;
}

/**
 * Counts the fields of an object that are not known.
 *
 * @param known each name that is read → its field; @param strings in the text, as far as they belong to known fields.
 * @throws Invalid if a key comes twice, or two names of one field do: which of them counts would be a guess.
 */
export function checkMembers(
  raw: object,
  source: JsonSource,
  known: ReadonlyMap<string, string>,
  strings: number,
): void {
  const keys = Object.keys(raw);
  let expected = strings;
  let twice: string | undefined;
  for (const key of keys) {
    const field = known.get(key);
    if (field === key) continue;
    if (field !== undefined) {
      if (Object.hasOwn(raw, field)) twice ??= `${field} and ${key}`;
      continue;
    }
    countField(source.unknown, key);
    const value = (raw as Record<string, unknown>)[key];
    if (typeof value === 'object' && value !== null) expected = NaN;
    expected += typeof value === 'string' ? 2 : 1;
  }
  if (twice !== undefined) throw invalid(`${twice} are one field: only one may be there`);
  if (expected === source.strings) return;
  let members = 0;
  eachKey(source.bytes, () => members++);
  if (members === keys.length) return;
  const key = repeatedKey(source.bytes);
  throw invalid(known.has(key) ? `the key "${key}" is there twice` : 'a key that is no field is there twice');
}
