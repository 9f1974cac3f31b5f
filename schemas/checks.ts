/** Checks that all records share. Each returns the value as it is taken, or throws {@link Invalid}. */
import { parseIsoTime, type TimeLimits } from './time.ts';

/** Longest id, country or gender accepted, in UTF-16 code units. */
export const MAX_TEXT = 128;

/** Why a value is refused; the message begins with the field's name, and holds nothing of the value: it is a customer's. */
export class Invalid extends Error {}
/** What must be there is not: perhaps under another name. */
export class Missing extends Invalid {}

const [INVALID, MISSING] = [new Invalid(), new Missing()];

/** Made once, since capturing a stack costs more than all checks of an event. Throw it, and read its message where it is caught at once. */
export function invalid(message: string): Invalid {
  INVALID.message = message;
  return INVALID;
}

/** Likewise. */
export function missing(message: string): Missing {
  MISSING.message = message;
  return MISSING;
}

/** What kind of value it is, without running any code that the value brings along. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value === '') return 'an empty string';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return Array.isArray(value) ? 'an array' : 'an object';
}

/** A text of at most `most` characters that is text: half a surrogate pair would become another id when it is encoded. */
export function checkText(value: unknown, field: string, most = MAX_TEXT): string {
  if (typeof value !== 'string') throw invalid(`${field} is ${kindOf(value)}, not a string`);
  if (value.length > most)
    throw invalid(`${field} has ${String(value.length)} characters, allowed are at most ${String(most)}`);
  if (!value.isWellFormed()) throw invalid(`${field} holds half a character`);
  return value;
}

/** An id: a text of 1..128 characters. */
export function checkId(value: unknown, field: string): string {
  if (value === undefined || value === null) throw missing(`${field} is missing`);
  const id = checkText(value, field);
  if (id.length === 0) throw invalid(`${field} has 0 characters, allowed are 1..${String(MAX_TEXT)}`);
  return id;
}

/** A time: milliseconds since 1970 as a number, or ISO 8601 with an offset as text; within `limits`. */
export function checkTime(value: unknown, field: string, limits: TimeLimits): number {
  const ms = typeof value === 'string' ? parseIsoTime(value) : value;
  if (typeof ms === 'number' && Number.isSafeInteger(ms)) {
    if (ms >= limits.fromMs && ms < limits.toMs) return ms;
    const [from, to] = [limits.fromMs, limits.toMs].map(day);
    const where = ms < limits.fromMs ? 'too early' : 'too late';
    throw invalid(`${field} is ${where}, possible are times from ${from} until ${to}`);
  }
  if (value === undefined || value === null) throw missing(`${field} is missing`);
  const wanted = 'milliseconds since 1970 or an ISO 8601 time with an offset, such as 2026-01-31T12:00:00Z';
  throw invalid(`${field} is ${kindOf(value)}, not ${wanted}`);
}

const MAX_DATE_MS = 8.64e15;
const day = (ms: number): string =>
  Math.abs(ms) <= MAX_DATE_MS ? new Date(ms).toISOString().slice(0, 10) : `${String(ms)} ms`;
