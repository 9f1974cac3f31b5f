/** One pass over the keys of an event, into columns. What is not plainly right is left to the check that says why. */
import type { EventRules } from '../event.ts';
import { checkMembers, isObject, type JsonSource, type KnownKeys } from '../members.ts';
import { clearRow, type EventColumns } from './columns.ts';
import { MAX_LAST, slotsOf, UNKNOWN, type Slot, type Slots } from './event-slots.ts';
import { readId, readInput, readTime, type Reading } from './event-values.ts';
import type { CustomerSchema } from './schema.ts';

type Source = Readonly<Record<string, unknown>>;

/** The event that is being read, of which the text is known. */
interface TextReading extends Reading {
  /** Strings of the text that belong to what is read: keys, and values that are strings. */
  strings: number;
  hasUnknown: boolean;
}

/** Reads a value into the next row. Returns false, with nothing appended, if it is not plainly right. */
export type EventPass = (raw: Source, source: JsonSource | undefined, columns: EventColumns) => boolean;

/** Compiles the pass. It throws Invalid where `checkMembers` does. */
export function createEventPass(schema: CustomerSchema, known: KnownKeys, rules: EventRules): EventPass {
  const slots = slotsOf(schema, known);
  const fewestInputs = rules.emptyEvents === 'dead-letter' ? 1 : 0;
  /** When each field was last there, in events that were read. */
  const seen = new Float64Array(schema.inputs.length + 3);
  let event = 0;
  const reading = { columns: undefined } as unknown as TextReading;

  /** Returns false for what is not plainly right. */
  function readKeys(object: Source, { byKey, lastKeys, lastSlots }: Slots): boolean {
    let at = 0;
    for (const key in object) {
      let slot: Slot;
      if (lastKeys[at] === key) slot = lastSlots[at]!;
      else {
        slot = byKey.get(key) ?? UNKNOWN;
        if (slot !== UNKNOWN && at < MAX_LAST) {
          lastKeys[at] = key;
          lastSlots[at] = slot;
        }
      }
      at++;
      if (slot === UNKNOWN) reading.hasUnknown = true;
      else if (!readValue(object[key], slot)) return false;
    }
    return true;
  }

  function readValue(value: unknown, slot: Slot): boolean {
    const { field } = slot;
    reading.strings++;
    if (typeof value === 'string') reading.strings++;
    if (slot.inner !== undefined) return isObject(value) && readKeys(value, slot.inner);
    if (field < 0) return true; // skipped
    if (seen[field] === event || value === undefined) return false;
    seen[field] = event;
    if (field > 2) return value === null || readInput(value, slot, reading);
    return field === 2 ? readTime(value, rules.times, reading) : readId(value, slot, reading);
  }

  const isRight = (raw: Source, source: JsonSource | undefined): boolean => {
    if (!readKeys(raw, slots)) return false;
    if (seen[0] !== event || seen[1] !== event || seen[2] !== event) return false;
    if (reading.inputs < fewestInputs) return false;
    if (source !== undefined && (reading.hasUnknown || source.strings !== reading.strings))
      checkMembers(raw, source, known, reading.strings);
    return true;
  };

  return (raw, source, columns) => {
    event++;
    reading.columns = columns;
    reading.inputs = reading.strings = 0;
    reading.hasUnknown = false;
    let isTaken = false;
    try {
      isTaken = isRight(raw, source);
    } finally {
      if (!isTaken) clearRow(columns);
    }
    if (!isTaken) return false;
    columns.count++;
    return true;
  };
}
