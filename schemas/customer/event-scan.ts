/**
 * From the bytes of a JSON event straight into columns, without an object between: several times faster than `JSON.parse`. It takes
 * what is plainly a right event; all else (odd, wrong, no JSON at all) is left to the pass over the parsed object.
 */
import { MAX_TEXT } from '../checks.ts';
import type { EventRules } from '../event.ts';
import { countField, type FieldCounts } from '../fields.ts';
import {
  CLOSE,
  isPlain,
  OPEN,
  QUOTE,
  scanned,
  scanNumber,
  scanOther,
  scanString,
  scanWord,
  skipSpace,
  textOf,
  WORDS,
} from '../json-tokens.ts';
import type { TimeLimits } from '../time.ts';
import { clearRow, type EventColumns } from './columns.ts';
import { createKeys, findMember, isMember, type Key, type Keys } from './event-keys.ts';
import { UNKNOWN, type Slot, type Slots } from './event-slots.ts';
import { readFlag, readId, readMs, readNumber, readText, readTime, type Reading } from './event-values.ts';
import type { CustomerSchema } from './schema.ts';

/** Reads the event that lies in `bytes` from `start` to `end` into the next row. False, with nothing appended, if it cannot. */
export type EventScan = (
  bytes: Buffer,
  start: number,
  end: number,
  columns: EventColumns,
  unknown: FieldCounts,
) => boolean;

/** The event that is being scanned. */
interface Scanning extends Reading {
  bytes: Buffer;
  /** Of the bytes. */
  view: DataView;
  end: number;
  /** Names of its keys that nobody reads. */
  readonly others: string[];
  readonly times: TimeLimits;
}

const NONE = Buffer.alloc(0);
const viewOf = ({ buffer, byteOffset, length }: Buffer): DataView => new DataView(buffer, byteOffset, length);

/** Compiles the scan. What it takes, the pass over the parsed object takes, too, and makes the same of it. */
export function createEventScan(schema: CustomerSchema, slots: Slots, rules: EventRules): EventScan {
  const outermost = createKeys(slots, '');
  const fewestInputs = rules.emptyEvents === 'dead-letter' ? 1 : 0;
  /** When each field was last there. */
  const seen = new Float64Array(schema.inputs.length + 3);
  let event = 0;
  const reading: Scanning = { bytes: NONE, view: viewOf(NONE), end: 0, columns: undefined as unknown as EventColumns, inputs: 0, others: [], times: rules.times }; // prettier-ignore

  /** From behind the opening brace to behind the closing one. */
  function scanObject(keys: Keys, from: number): number {
    const { bytes, view, end } = reading;
    const { last } = keys;
    let at = from;
    let place = 0;
    for (let isFirst = true; ; isFirst = false) {
      let member = last[place];
      if (member === undefined || !isMember(member, isFirst, view, at)) {
        const next = skipSpace(bytes, at);
        if (bytes[next] === CLOSE) return next + 1;
        place = findMember(keys, place, isFirst, bytes, view, at, end);
        if (place < 0) return -1;
        member = last[place]!;
      }
      place++;
      at = scanMember(member.key, bytes, at + member.length);
      if (at < 0) return -1;
    }
  }

  /** The value of a key, which may be there once. */
  function scanMember(key: Key, bytes: Buffer, at: number): number {
    const { slot, inner } = key;
    const { field } = slot;
    if (inner === undefined && field >= 0) {
      if (seen[field] === event) return -1;
      seen[field] = event;
      return field > 2 ? scanInput(key, bytes, at, reading) : scanIdentity(slot, bytes, at, reading);
    }
    if (key.seenIn === event) return -1;
    key.seenIn = event;
    if (inner !== undefined) return bytes[at] === OPEN ? scanObject(inner, at + 1) : -1;
    if (slot === UNKNOWN) reading.others.push(key.name);
    return scanOther(bytes, at, reading.end);
  }

  return (bytes, start, end, columns, unknown) => {
    event++;
    if (bytes !== reading.bytes) {
      reading.bytes = bytes;
      reading.view = viewOf(bytes);
    }
    reading.end = end;
    reading.columns = columns;
    reading.inputs = 0;
    if (reading.others.length > 0) reading.others.length = 0;
    const open = skipSpace(bytes, start);
    const at = bytes[open] === OPEN ? scanObject(outermost, open + 1) : -1;
    const isWhole = at >= 0 && at <= end && skipSpace(bytes, at) >= end;
    const hasAll = seen[0] === event && seen[1] === event && seen[2] === event;
    if (!isWhole || !hasAll || reading.inputs < fewestInputs) {
      clearRow(columns);
      return false;
    }
    for (const name of reading.others) countField(unknown, name);
    columns.count++;
    return true;
  };
}

/** The value of an input. */
function scanInput({ slot, texts }: Key, bytes: Buffer, at: number, reading: Scanning): number {
  const first = bytes[at]!;
  if (first === QUOTE) {
    const to = scanString(bytes, at, reading.end);
    const text = to < 0 ? undefined : textOf(bytes, at, to, texts);
    return text !== undefined && readText(text, slot, reading) ? to : -1;
  }
  const word = WORDS[first];
  if (word === undefined) {
    const to = scanNumber(bytes, at);
    return to >= 0 && readNumber(scanned[0]!, slot, reading) ? to : -1;
  }
  const to = scanWord(bytes, at, word);
  if (to < 0 || word.value === null) return to;
  return readFlag(word.value, slot, reading) ? to : -1;
}

/** An id, or the time. */
function scanIdentity(slot: Slot, bytes: Buffer, at: number, reading: Scanning): number {
  const isTime = slot.field === 2;
  if (bytes[at] !== QUOTE) {
    const to = scanNumber(bytes, at);
    if (to < 0) return -1;
    const number = scanned[0]!;
    return (isTime ? readMs(number, reading.times, reading) : readId(number, slot, reading)) ? to : -1;
  }
  const to = scanString(bytes, at, reading.end);
  if (to < 0) return -1;
  if (!isTime && isPlain() && to - at > 2 && to - at <= MAX_TEXT + 2) {
    const { columns } = reading;
    const ids = slot.field === 0 ? columns.eventId : columns.customerId;
    ids.setBytes(columns.count, bytes, at + 1, to - at - 2);
    return to;
  }
  const text = textOf(bytes, at, to);
  if (text === undefined) return -1;
  return (isTime ? readTime(text, reading.times, reading) : readId(text, slot, reading)) ? to : -1;
}
