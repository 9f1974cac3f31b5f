/** From the values of an event to its fields and columns. What is not plainly right is left to the check that says why. */
import { MAX_TEXT } from '../checks.ts';
import { parseIsoTime, type TimeLimits } from '../time.ts';
import type { EventColumns } from './columns.ts';
import type { Slot } from './event-slots.ts';

/** The event that is being read, into the row after the last one. */
export interface Reading {
  columns: EventColumns;
  /** Inputs that are there. */
  inputs: number;
}

export function readTime(value: unknown, limits: TimeLimits, reading: Reading): boolean {
  const ms = typeof value === 'string' ? parseIsoTime(value) : value;
  return typeof ms === 'number' && readMs(ms, limits, reading);
}

export function readMs(ms: number, { fromMs, toMs }: TimeLimits, reading: Reading): boolean {
  if (!(ms >= fromMs && ms < toMs && Number.isSafeInteger(ms))) return false;
  const { columns } = reading;
  columns.occurredAt[columns.count] = ms;
  return true;
}

export function readId(value: unknown, { field, isName }: Slot, reading: Reading): boolean {
  let id: string;
  if (typeof value === 'string') {
    if (value.length === 0 || value.length > MAX_TEXT || !value.isWellFormed()) return false;
    id = value;
  } else {
    if (isName || !Number.isSafeInteger(value) || Object.is(value, -0)) return false;
    id = String(value);
  }
  const { columns } = reading;
  (field === 0 ? columns.eventId : columns.customerId).setText(columns.count, id);
  return true;
}

/** Reads a value that is not null. */
export function readInput(value: unknown, slot: Slot, reading: Reading): boolean {
  switch (typeof value) {
    case 'string':
      return readText(value, slot, reading);
    case 'number':
      return readNumber(value, slot, reading);
    case 'boolean':
      return readFlag(value, slot, reading);
    default:
      return false;
  }
}

export function readText(text: string, slot: Slot, reading: Reading): boolean {
  const known = slot.words?.(text);
  if (known === null) return true;
  if (typeof known === 'boolean') return readFlag(known, slot, reading);
  const value = typeof known === 'string' ? known : text;
  if (slot.kind !== 'category' || value.length > slot.maxLength || !value.isWellFormed()) return false;
  const { columns, count } = reading.columns;
  (columns[slot.input] as (string | null)[])[count] = slot.levelOf === undefined ? value : slot.levelOf(value); // prettier-ignore
  reading.inputs++;
  return true;
}

export function readNumber(value: number, slot: Slot, reading: Reading): boolean {
  const { kind, input } = slot;
  if (kind === 'category' || !(value >= slot.min && value <= slot.max)) return false;
  if (kind !== 'number' && !Number.isInteger(value)) return false;
  const { columns, count } = reading.columns;
  // A boolean is 0 or 1 by its limits, and never -0.
  (columns[input] as Float64Array)[count] = kind === 'boolean' ? value + 0 : value;
  reading.inputs++;
  return true;
}

export function readFlag(value: boolean, { kind, input }: Slot, reading: Reading): boolean {
  if (kind !== 'boolean') return false;
  const { columns, count } = reading.columns;
  (columns[input] as Float64Array)[count] = value ? 1 : 0;
  reading.inputs++;
  return true;
}
