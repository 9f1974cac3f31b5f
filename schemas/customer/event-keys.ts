/** The keys of JSON events as they stand in the bytes: events of one producer have the same, in the same order. */
import { COLON, COMMA, isDigit, QUOTE, scanString, skipSpace, textOf, type Texts } from '../json-tokens.ts';
import { MAX_LAST, UNKNOWN, type Slot, type Slots } from './event-slots.ts';

/** A key of an object. */
export interface Key {
  /** With the keys that lead to its object, each with a point. */
  readonly name: string;
  readonly slot: Slot;
  /** Of an inner object. */
  readonly inner: Keys | undefined;
  /** Strings that were there under it. */
  readonly texts: Texts;
  /** The event that it was last in. */
  seenIn: number;
}

/** What leads to a value: from behind the value before, or the opening brace, the comma, the key and the colon. */
interface Member {
  readonly key: Key;
  readonly isFirst: boolean;
  /** How many bytes it is. */
  readonly length: number;
  /** The bytes, four at a time; the last four may be some of those before, too. */
  readonly words: Int32Array;
}

/** The keys of one object. */
export interface Keys {
  readonly slots: Slots;
  readonly prefix: string;
  readonly byName: Map<string, Key>;
  /** The members of objects before, in an order in which they come. */
  readonly last: Member[];
}

/** Keys of one object that nobody reads, as far as they are remembered. */
const MAX_OTHERS = 200;
/** Members of objects before that are compared before a key is looked up. */
const MAX_AHEAD = 8;
/** Bytes of a key with what is around it. */
const MAX_MEMBER = 300;

export function createKeys(slots: Slots, prefix: string): Keys {
  const keys: Keys = { slots, prefix, byName: new Map(), last: [] };
  for (const name of slots.byKey.keys()) addKey(keys, name);
  return keys;
}

function addKey({ slots, prefix, byName }: Keys, name: string): Key {
  const slot = slots.byKey.get(name) ?? UNKNOWN;
  const inner = slot.inner === undefined ? undefined : createKeys(slot.inner, `${prefix}${name}.`);
  const key = { name: prefix + name, slot, inner, texts: [], seenIn: -1 };
  byName.set(name, key);
  return key;
}

/** Whether a member begins at a place. */
export function isMember(member: Member, isFirst: boolean, view: DataView, at: number): boolean {
  const { words, length } = member;
  const last = at + length - WORD;
  if (last + WORD > view.byteLength || member.isFirst !== isFirst) return false;
  let from = at;
  for (let i = 0; from < last; i++, from += WORD) if (view.getInt32(from) !== words[i]) return false;
  return view.getInt32(last) === words[words.length - 1];
}

/** Bytes that are compared at once. */
const WORD = 4;

/** What `isMember` compares: the bytes from `start` on, at least four. */
function wordsOf(view: DataView, start: number, length: number): Int32Array {
  const words = new Int32Array(Math.ceil(length / WORD));
  for (let i = 0; i < words.length; i++)
    words[i] = view.getInt32(Math.min(start + i * WORD, start + length - WORD));
  return words;
}

/**
 * Finds the member that begins at `at`, from `place` on or by its key.
 *
 * @returns its place in `last`; -1: there is none, or one that is left to others.
 */
export function findMember(
  keys: Keys,
  place: number,
  isFirst: boolean,
  bytes: Buffer,
  view: DataView,
  at: number,
  end: number,
): number {
  const { last } = keys;
  for (let ahead = place + 1; ahead < last.length && ahead <= place + MAX_AHEAD; ahead++)
    if (isMember(last[ahead]!, isFirst, view, at)) return ahead;
  const member = readMember(keys, isFirst, bytes, view, at, end);
  if (member === undefined) return -1;
  if (last.length >= MAX_LAST) last.length = 0;
  const to = Math.min(place, last.length);
  last.splice(to, 0, member);
  return to;
}

function readMember(
  keys: Keys,
  isFirst: boolean,
  bytes: Buffer,
  view: DataView,
  start: number,
  end: number,
): Member | undefined {
  let at = skipSpace(bytes, start);
  if (!isFirst) {
    if (bytes[at] !== COMMA) return undefined;
    at = skipSpace(bytes, at + 1);
  }
  const to = bytes[at] === QUOTE ? scanString(bytes, at, end) : -1;
  const key = to < 0 ? undefined : findKey(keys, bytes, at, to);
  if (key === undefined) return undefined;
  at = skipSpace(bytes, to);
  if (bytes[at] !== COLON) return undefined;
  at = skipSpace(bytes, at + 1);
  const length = at - start;
  if (at > end || length > MAX_MEMBER || length < WORD) return undefined;
  return { key, isFirst, length, words: wordsOf(view, start, length) };
}

/** The key whose string is there; undefined: it is written in an odd way, or there were too many. */
function findKey(keys: Keys, bytes: Buffer, start: number, end: number): Key | undefined {
  const name = textOf(bytes, start, end);
  // One with escapes, or of more than ASCII, is shorter than its bytes. One like an index comes first in a parsed object.
  if (name?.length !== end - start - 2 || isDigit(name.charCodeAt(0))) return undefined;
  const { byName, slots } = keys;
  const known = byName.get(name);
  if (known !== undefined) return known;
  return byName.size < slots.byKey.size + MAX_OTHERS ? addKey(keys, name) : undefined;
}
