import { checkId, checkTime, Invalid, invalid, kindOf, missing, Missing } from './checks.ts';
import type { Poison } from './errors.ts';
import { misspellings } from './fields.ts';
import type { CustomerOutcome } from './generated.ts';
import { checkMembers, type JsonSource, type KnownKeys } from './members.ts';
import { PLAUSIBLE_TIMES, type TimeLimits } from './time.ts';

const FIELDS: ReadonlyMap<string, string> = new Map(
  ['outcomeId', 'customerId', 'eventId', 'churned', 'observedAt'].map((name) => [name, name]),
);

const KNOWN: KnownKeys = { prefix: '', fields: FIELDS, inner: new Map() };

const LABELS: ReadonlyMap<string, boolean> = new Map([
  ['true', true], ['yes', true], ['1', true], ['1.0', true],
  ['false', false], ['no', false], ['0', false], ['0.0', false],
]); // prettier-ignore

/**
 * Reads a label: true, false, 1, 0, yes, no, as values or as text in any case.
 *
 * @returns whether the customer left; null if there is no label (null, undefined or an empty text); undefined for anything
 * else, which nobody should guess at.
 */
export function readLabel(value: unknown): boolean | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 0) return value === 1;
  return typeof value === 'string' && value.length <= 5 ? LABELS.get(value.toLowerCase()) : undefined;
}

function checkLabel(value: unknown): boolean {
  const label = readLabel(value);
  if (label === null) throw missing('churned is missing: no label, so no outcome');
  if (label === undefined)
    throw invalid(`churned is ${kindOf(value)}, not one of true, false, 1, 0, yes, no`);
  return label;
}

/**
 * Checks a decoded value and gives it the outcome's shape; fields it does not know are left out, and counted if the value
 * came as JSON text.
 *
 * @returns the outcome, or why it is none. Never throws.
 */
export function readOutcome(
  raw: unknown,
  times: TimeLimits = PLAUSIBLE_TIMES,
  source?: JsonSource,
): CustomerOutcome | Poison {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return {
      code: 'RECORD_INVALID',
      message: 'the value is not an object with the fields of a CustomerOutcome',
    };
  const { outcomeId, customerId, eventId, churned, observedAt } = raw as Record<string, unknown>;
  try {
    if (source !== undefined) checkMembers(raw, source, KNOWN, NaN);
    return {
      outcomeId: checkId(outcomeId, 'outcomeId'),
      customerId: checkId(customerId, 'customerId'),
      eventId: eventId === undefined || eventId === null ? null : checkId(eventId, 'eventId'),
      churned: checkLabel(churned),
      observedAt: checkTime(observedAt, 'observedAt', times),
    };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    const hints = error instanceof Missing ? misspellings(Object.keys(raw), FIELDS) : '';
    return { code: 'RECORD_INVALID', message: error.message + hints };
  }
}
