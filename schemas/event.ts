import type { CustomerEvent } from './generated.ts';
import type { Poison } from './errors.ts';

/**
 * From a decoded value of any origin to a {@link CustomerEvent}. What is *impossible* is refused with a reason
 * (`RECORD_INVALID`); what is merely new to a model (a missing value, an unseen country) passes: that is drift.
 */

/** Longest id, country or gender accepted, in UTF-16 code units. */
const MAX_TEXT = 128;
const MAX_INT = 2_147_483_647;
/** Milliseconds of the last instant that a JavaScript Date can hold. */
const MAX_TIMESTAMP = 8.64e15;

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

class Invalid extends Error {}

const show = (value: unknown): string => {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};

function take(raw: RawEvent, field: keyof CustomerEvent): unknown {
  const value = raw[field];
  return value === undefined ? raw[COLUMNS[field]] : value;
}

function id(raw: RawEvent, field: 'eventId' | 'customerId'): string {
  let value = take(raw, field);
  if (typeof value === 'number' && raw[field] === undefined && Number.isSafeInteger(value))
    value = String(value);
  if (typeof value !== 'string')
    throw new Invalid(`${field} is ${value == null ? 'missing' : 'not a string'}`);
  if (value.length === 0 || value.length > MAX_TEXT) {
    throw new Invalid(`${field} has ${String(value.length)} characters, allowed are 1..${String(MAX_TEXT)}`);
  }
  return value;
}

function timestamp(raw: RawEvent): number {
  const value = take(raw, 'occurredAt');
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof ms !== 'number' || !Number.isSafeInteger(ms) || Math.abs(ms) > MAX_TIMESTAMP) {
    const fault =
      value == null ? 'missing' : `${show(value)}, not milliseconds since 1970 or an ISO 8601 time`;
    throw new Invalid(`occurredAt is ${fault}`);
  }
  return ms;
}

function number(raw: RawEvent, field: keyof CustomerEvent, max: number, whole: boolean): number | null {
  const value = take(raw, field);
  if (value == null) return null;
  if (typeof value !== 'number') throw new Invalid(`${field} is ${show(value)}, not a number`);
  if (!(value >= 0 && value <= max)) {
    throw new Invalid(
      `${field} is ${String(value)}, possible are 0..${max === Number.MAX_VALUE ? 'any finite amount' : String(max)}`,
    );
  }
  if (whole && !Number.isInteger(value))
    throw new Invalid(`${field} is ${String(value)}, not a whole number`);
  return value;
}

function text(raw: RawEvent, field: 'geography' | 'gender'): string | null {
  const value = take(raw, field);
  if (value == null) return null;
  if (typeof value !== 'string') throw new Invalid(`${field} is ${show(value)}, not a string`);
  if (value.length > MAX_TEXT) throw new Invalid(`${field} has more than ${String(MAX_TEXT)} characters`);
  return value;
}

function flag(raw: RawEvent, field: 'hasCrCard' | 'isActiveMember'): boolean | null {
  const value = take(raw, field);
  if (value == null) return null;
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  throw new Invalid(`${field} is ${show(value)}, not true or false`);
}

/**
 * Checks a decoded value and gives it the event's shape; fields it does not know are left out.
 *
 * @returns the event, or why it is impossible. Never throws.
 */
export function readEvent(raw: unknown): CustomerEvent | Poison {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return {
      code: 'RECORD_INVALID',
      message: 'the value is not an object with the fields of a CustomerEvent',
    };
  }
  const fields = raw as RawEvent;
  try {
    return {
      eventId: id(fields, 'eventId'),
      customerId: id(fields, 'customerId'),
      occurredAt: timestamp(fields),
      creditScore: number(fields, 'creditScore', 1000, true),
      geography: text(fields, 'geography'),
      gender: text(fields, 'gender'),
      age: number(fields, 'age', 150, true),
      tenure: number(fields, 'tenure', 150, true),
      balance: number(fields, 'balance', Number.MAX_VALUE, false),
      numOfProducts: number(fields, 'numOfProducts', MAX_INT, true),
      hasCrCard: flag(fields, 'hasCrCard'),
      isActiveMember: flag(fields, 'isActiveMember'),
      estimatedSalary: number(fields, 'estimatedSalary', Number.MAX_VALUE, false),
    };
  } catch (error) {
    if (error instanceof Invalid) return { code: 'RECORD_INVALID', message: error.message };
    throw error;
  }
}

/** Tells a refusal from an event. */
export function isPoison(value: CustomerEvent | Poison): value is Poison {
  return 'code' in value;
}
