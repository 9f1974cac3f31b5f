/**
 * From the bytes of an Avro event straight into columns, by the steps through one writer's schema. It takes what is plainly a right
 * event; all else is left to the pass over the decoded object.
 */
import type { Step, Steps } from '../avro-body.ts';
import { readBoolean, readDouble, readLong, readText, Undecodable, type Cursor } from '../avro-bytes.ts';
import { MAX_TEXT } from '../checks.ts';
import type { EventRules } from '../event.ts';
import { countField } from '../fields.ts';
import { isPlainText, textAt, type Texts } from '../json-tokens.ts';
import { clearRow, type EventColumns } from './columns.ts';
import type { EventScan } from './event-scan.ts';
import type { Slot, Slots } from './event-slots.ts';
import { readFlag, readId, readInput, readMs, readNumber, readText as takeText, readTime, type Reading } from './event-values.ts'; // prettier-ignore

/** A step into a field. */
interface FieldStep {
  readonly step: Step;
  /** undefined: passed over. */
  readonly slot: Slot | undefined;
  /** How the value is read without making anything of it first. */
  readonly way: 'number' | 'double' | 'flag' | 'text' | 'other';
  /** Strings that were there. */
  readonly texts: Texts;
}

const WAYS = new Map<Step['read'], FieldStep['way']>([[readLong, 'number'], [readDouble, 'double'], [readBoolean, 'flag'], [readText, 'text']]); // prettier-ignore

/** Compiles the scan of one writer's events; undefined: they are left to others. */
export function createAvroScan({ byKey }: Slots, writer: Steps, rules: EventRules): EventScan | undefined {
  const fields = writer.steps.map((step): FieldStep => {
    const slot = step.field === undefined ? undefined : byKey.get(step.field);
    return { step, slot, way: WAYS.get(step.present) ?? 'other', texts: [] };
  });
  if (fields.some(({ step, slot }) => step.field !== undefined && (slot === undefined || slot.field < 0)))
    return undefined;
  const fewestInputs = rules.emptyEvents === 'dead-letter' ? 1 : 0;
  const reading: Reading = { columns: undefined as unknown as EventColumns, inputs: 0 };
  const cursor: Cursor = { bytes: Buffer.alloc(0), at: 0, end: 0 };

  function take(value: unknown, slot: Slot): boolean {
    const { field } = slot;
    if (field > 2) return value === null || readInput(value, slot, reading);
    return field === 2 ? readTime(value, rules.times, reading) : readId(value, slot, reading);
  }

  function takeNumber(value: number, slot: Slot): boolean {
    if (slot.field > 2) return readNumber(value, slot, reading);
    return slot.field === 2 && readMs(value, rules.times, reading);
  }

  /** A string: an id by where it lies, another as one that was there before. */
  function takeString({ step, texts }: FieldStep, slot: Slot): boolean {
    const { bytes, at: start } = cursor;
    const length = readLong(cursor);
    const from = cursor.at;
    const end = from + length;
    if (length < 1 || end > cursor.end || !isPlainText(bytes, from, end)) {
      cursor.at = start;
      return take(step.present(cursor), slot);
    }
    cursor.at = end;
    const { field } = slot;
    if (field > 2) return takeText(textAt(bytes, from, end, texts), slot, reading);
    if (field === 2) return readTime(textAt(bytes, from, end, texts), rules.times, reading);
    if (length > MAX_TEXT) return false;
    const { columns } = reading;
    (field === 0 ? columns.eventId : columns.customerId).setBytes(columns.count, bytes, from, length);
    return true;
  }

  function takeField(field: FieldStep, slot: Slot): boolean {
    const { step } = field;
    if (step.isOptional) {
      const branch = readLong(cursor);
      if (branch !== 1) return branch === 0 && slot.field > 2;
    }
    switch (field.way) {
      case 'number':
        return takeNumber(readLong(cursor), slot);
      case 'double':
        return takeNumber(readDouble(cursor), slot);
      case 'flag':
        return slot.field > 2 && readFlag(readBoolean(cursor), slot, reading);
      case 'text':
        return takeString(field, slot);
      case 'other':
        return take(step.present(cursor), slot);
    }
  }

  function walk(): boolean {
    for (const field of fields) {
      const { slot } = field;
      if (slot === undefined) field.step.read(cursor);
      else if (!takeField(field, slot)) return false;
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
    for (const name of writer.unknown) countField(unknown, name);
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
