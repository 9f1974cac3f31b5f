import type { CustomerEvent } from './customer/schema.ts';
import { checkId, checkText, checkTime, Invalid, invalid, kindOf, missing, Missing } from './checks.ts';
import type { Poison } from './errors.ts';
import { misspellings } from './fields.ts';
import { checkMembers, type JsonSource } from './members.ts';
import { EVENT_RULES, type EventRules } from './event.ts';

/**
 * The bank's events alone, for callers that have no customer schema yet: they take `createEventReader` instead.
 * From a decoded value of any origin to a {@link CustomerEvent}. What is *impossible* is refused with a reason
 * (`RECORD_INVALID`); what is merely new to a model (a missing value, an unseen country) passes: that is drift.
 */

const MAX_INT = 2_147_483_647;

/** A plain object as it came out of a decoder. */
export type RawEvent = Readonly<Record<string, unknown>>;

/** Field of the event → column of the data set, which JSON may use instead. */
const COLUMNS: Readonly<Record<keyof CustomerEvent, string>> = {
  eventId: 'EventId',
  customerId: 'CustomerId',
  occurredAt: 'OccurredAt',
  creditScore: 'CreditScore',
  geography: 'Geography',
  gender: 'Gender',
  age: 'Age',
  tenure: 'Tenure',
  balance: 'Balance',
  numOfProducts: 'NumOfProducts',
  hasCrCard: 'HasCrCard',
  isActiveMember: 'IsActiveMember',
  estimatedSalary: 'EstimatedSalary',
};
/** Each name that an event's field may have → the field. */
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(COLUMNS).flatMap(([field, column]) => [
    [field, field],
    [column, field],
  ]),
);

/** The names of an event's fields. */
export const EVENT_FIELDS: readonly string[] = Object.keys(COLUMNS);

/** A column may hold a number, as the data set does, where a field must hold a string. */
function id(value: unknown, column: unknown, field: 'eventId' | 'customerId'): string {
  if (value !== undefined || typeof column !== 'number') return checkId(value ?? column, field);
  if (!Number.isSafeInteger(column) || Object.is(column, -0))
    throw invalid(`${field} is a number, but no whole one of at most 2^53: write ids as strings`);
  return String(column);
}

function number(value: unknown, field: string, max: number, whole: boolean): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number') throw invalid(`${field} is ${kindOf(value)}, not a number`);
  if (!(value >= 0 && value <= max)) {
    const possible = max === Number.MAX_VALUE ? 'any finite amount' : String(max);
    throw invalid(`${field} is ${placeOf(value)}, possible are 0..${possible}`);
  }
  if (whole && !Number.isInteger(value)) throw invalid(`${field} is not a whole number`);
  return value;
}

/** Where a number lies that is not in its range. */
function placeOf(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : 'infinite';
  return value < 0 ? 'below 0' : 'too large';
}

function text(value: unknown, field: string): string | null {
  return value === undefined || value === null ? null : checkText(value, field);
}

function flag(value: unknown, field: string): boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  throw invalid(`${field} is ${kindOf(value)}, not true or false`);
}

const pick = (value: unknown, column: unknown): unknown => (value === undefined ? column : value);
const given = (value: unknown): number => (value === undefined ? 0 : 1);
const texts = (value: unknown): number => (typeof value === 'string' ? 1 : 0);

/** Checks the fields one by one; throws {@link Invalid} at the first that is impossible. */
function takeEvent(raw: RawEvent, rules: EventRules, source: JsonSource | undefined): CustomerEvent {
  const creditScore = pick(raw['creditScore'], raw['CreditScore']);
  const geography = pick(raw['geography'], raw['Geography']);
  const gender = pick(raw['gender'], raw['Gender']);
  const age = pick(raw['age'], raw['Age']);
  const tenure = pick(raw['tenure'], raw['Tenure']);
  const balance = pick(raw['balance'], raw['Balance']);
  const numOfProducts = pick(raw['numOfProducts'], raw['NumOfProducts']);
  const hasCrCard = pick(raw['hasCrCard'], raw['HasCrCard']);
  const isActiveMember = pick(raw['isActiveMember'], raw['IsActiveMember']);
  const estimatedSalary = pick(raw['estimatedSalary'], raw['EstimatedSalary']);
  const occurredAt = pick(raw['occurredAt'], raw['OccurredAt']);
  const customerId = pick(raw['customerId'], raw['CustomerId']);
  const eventId = pick(raw['eventId'], raw['EventId']);
  const inputs = given(creditScore) + given(geography) + given(gender) + given(age) + given(tenure) +
    given(balance) + given(numOfProducts) + given(hasCrCard) + given(isActiveMember) + given(estimatedSalary); // prettier-ignore
  if (source !== undefined) {
    const members = given(occurredAt) + given(customerId) + given(eventId) + inputs;
    const strings = texts(occurredAt) + texts(customerId) + texts(eventId) + texts(geography) + texts(gender);
    if (source.strings !== members + strings)
      checkMembers(raw, source, { prefix: '', fields: NAMES, inner: new Map() }, members + strings);
  }
  return {
    eventId: id(raw['eventId'], raw['EventId'], 'eventId'),
    customerId: id(raw['customerId'], raw['CustomerId'], 'customerId'),
    occurredAt: checkTime(occurredAt, 'occurredAt', rules.times),
    creditScore: number(creditScore, 'creditScore', 1000, true),
    geography: text(geography, 'geography'),
    gender: text(gender, 'gender'),
    age: number(age, 'age', 150, true),
    tenure: number(tenure, 'tenure', 150, true),
    balance: number(balance, 'balance', Number.MAX_VALUE, false),
    numOfProducts: number(numOfProducts, 'numOfProducts', MAX_INT, true),
    hasCrCard: flag(hasCrCard, 'hasCrCard'),
    isActiveMember: flag(isActiveMember, 'isActiveMember'),
    estimatedSalary: number(estimatedSalary, 'estimatedSalary', Number.MAX_VALUE, false),
  };
}

const isEmpty = (event: CustomerEvent): boolean =>
  event.creditScore === null && event.geography === null && event.gender === null && event.age === null &&
  event.tenure === null && event.balance === null && event.numOfProducts === null && event.hasCrCard === null &&
  event.isActiveMember === null && event.estimatedSalary === null; // prettier-ignore

/**
 * Checks a decoded value and gives it the event's shape; fields it does not know are left out, and counted if the value
 * came as JSON text.
 *
 * @returns the event, or why it is impossible. Never throws.
 */
export function readEvent(
  raw: unknown,
  rules: EventRules = EVENT_RULES,
  source?: JsonSource,
): CustomerEvent | Poison {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return {
      code: 'RECORD_INVALID',
      message: 'the value is not an object with the fields of a CustomerEvent',
    };
  }
  const fields = raw as RawEvent;
  try {
    const event = takeEvent(fields, rules, source);
    if (rules.emptyEvents === 'dead-letter' && isEmpty(event)) throw missing('no model input');
    return event;
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    const hints = error instanceof Missing ? misspellings(Object.keys(fields), NAMES) : '';
    return { code: 'RECORD_INVALID', message: error.message + hints };
  }
}
