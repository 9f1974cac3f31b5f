/**
 * From the bytes of an Avro event straight into columns, by the steps through one writer's schema. It takes what is plainly a right
 * event; all else is left to the pass over the decoded object.
 */
import type { Steps } from '../avro.ts';
import { readLong, Undecodable, type Cursor } from '../avro-bytes.ts';
import { MAX_TEXT } from '../checks.ts';
import type { EventRules } from '../event.ts';
import { countField } from '../fields.ts';
import { isPlainText, textAt, type Texts } from '../json-tokens.ts';
import { clearRow, type EventColumns } from './columns.ts';
import type { EventScan } from './event-scan.ts';
import type { Slot, Slots } from './event-slots.ts';
import { readId, readInput, readText, readTime, type Reading } from './event-values.ts';

type Step = Steps['steps'][number];

/** A step into a field. */
interface FieldStep extends Step {
  readonly slot: Slot | undefined;
  /** Strings that were there. */
  readonly texts: Texts;
}

/** Compiles the scan of one writer's events; undefined: they are left to others. */
export function createAvroScan(
  { byKey }: Slots,
  { steps, unknown: others }: Steps,
  rules: EventRules,
): EventScan | undefined {
  const fields = steps.map((step): FieldStep => {
    const slot = step.field === undefined ? undefined : byKey.get(step.field);
    return { ...step, slot, texts: [] };
  });
  if (fields.some(({ field, slot }) => field !== undefined && (slot === undefined || slot.field < 0)))
    return undefined;
  const fewestInputs = rules.emptyEvents === 'dead-letter' ? 1 : 0;
  const reading: Reading = { columns: undefined as unknown as EventColumns, inputs: 0 };
  const cursor: Cursor = { bytes: Buffer.alloc(0), at: 0, end: 0 };

  function take(value: unknown, slot: Slot): boolean {
    const { field } = slot;
    if (field > 2) return value === null || readInput(value, slot, reading);
    return field === 2 ? readTime(value, rules.times, reading) : readId(value, slot, reading);
  }

  /** A string: an id by where it lies, another as one that was there before. */
  function takeString({ slot, texts, read, isOptional }: FieldStep): boolean {
    const { bytes, at } = cursor;
    if (isOptional) {
      const branch = readLong(cursor);
      if (branch === 0) return slot!.field > 2;
      if (branch !== 1) return false;
    }
    const start = cursor.at;
    const length = readLong(cursor);
    const end = cursor.at + length;
    if (length < 1 || end > cursor.end || !isPlainText(bytes, cursor.at, end)) {
      cursor.at = isOptional ? at : start;
      return take(read(cursor), slot!);
    }
    const from = cursor.at;
    cursor.at = end;
    const { field } = slot!;
    if (field > 2) return readText(textAt(bytes, from, end, texts), slot!, reading);
    if (field === 2) return readTime(textAt(bytes, from, end, texts), rules.times, reading);
    if (length > MAX_TEXT) return false;
    const { columns } = reading;
    (field === 0 ? columns.eventId : columns.customerId).setBytes(columns.count, bytes, from, length);
    return true;
  }

  function walk(): boolean {
    for (const step of fields) {
      const { slot } = step;
      if (slot === undefined) step.read(cursor);
      else if (step.isString ? !takeString(step) : !take(step.read(cursor), slot)) return false;
    }
    return cursor.at === cursor.end && reading.inputs >= fewestInputs;
  }

  return (bytes, start, end, columns, unknown) => {
    cursor.bytes = bytes;
    cursor.at = start;
    cursor.end = end;
    reading.columns = columns;
    reading.inputs = 0;
    if (!isRight(walk)) {
      clearRow(columns);
      return false;
    }
    for (const name of others) countField(unknown, name);
    columns.count++;
    return true;
  };
}

function isRight(walk: () => boolean): boolean {
  try {
    return walk();
  } catch (error) {
    if (error instanceof Undecodable) return false;
    throw error;
  }
}
