/** The check of an event field by field, in the order of the schema: slower than a pass over its keys, but it says what is wrong. */
import { checkId, checkTime, invalid, kindOf, missing } from '../checks.ts';
import type { EventRules } from '../event.ts';
import { isObject, type KnownKeys } from '../members.ts';
import { appendEvent, type EventColumns } from './columns.ts';
import { createInputCheck } from './input-checks.ts';
import type { CustomerEvent, CustomerSchema, InputValue } from './schema.ts';

type Source = Readonly<Record<string, unknown>>;

/** What lies under a name of a field. */
interface Found {
  readonly value: unknown;
  readonly name: string;
}

/** A number may stand for an id under another name than the field's own, as in the data set. */
function idOf(found: Found | undefined, field: string): string {
  const { value, name } = found ?? { value: undefined, name: field };
  if (name === field || typeof value !== 'number') return checkId(value, field);
  if (!Number.isSafeInteger(value) || Object.is(value, -0))
    throw invalid(`${field} is a number, but no whole one of at most 2^53: write ids as strings`);
  return String(value);
}

/** Finds what is read. Throws Invalid where two names of one field are there, or no object where one must be. */
function findFields(object: Source, { prefix, fields, inner }: KnownKeys, found: Map<string, Found>): void {
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    const name = prefix + key;
    const [field, next] = [fields.get(key), inner.get(key)];
    if (next !== undefined && isObject(value)) findFields(value, next, found);
    else if (field !== undefined) {
      const other = found.get(field)?.name;
      if (other !== undefined) throw invalid(twoNames(field, other, name));
      found.set(field, { value, name });
    } else if (next !== undefined && value !== null)
      throw invalid(`${name} is ${kindOf(value)}, not an object`);
  }
}

/** Two names of one field, its own first. */
const twoNames = (field: string, a: string, b: string): string =>
  `${b === field ? `${b} and ${a}` : `${a} and ${b}`} are one field: only one may be there`;

/** Compiles the check: it appends the event, or throws Invalid with the first thing that is wrong. */
export function createEventCheck(
  schema: CustomerSchema,
  known: KnownKeys,
  rules: EventRules,
): (raw: Source, columns: EventColumns) => void {
  const checks = schema.inputs.map((input) => ({ name: input.name, check: createInputCheck(input) }));
  return (raw, columns) => {
    const found = new Map<string, Found>();
    findFields(raw, known, found);
    const eventId = idOf(found.get('eventId'), 'eventId');
    const customerId = idOf(found.get('customerId'), 'customerId');
    const occurredAt = checkTime(found.get('occurredAt')?.value, 'occurredAt', rules.times);
    const values = new Map<string, InputValue>();
    for (const { name, check } of checks) {
      const value = check(found.get(name)?.value);
      if (value !== null) values.set(name, value);
    }
    if (values.size === 0 && rules.emptyEvents === 'dead-letter') throw missing('no model input');
    const event: CustomerEvent = { eventId, customerId, occurredAt, ...Object.fromEntries(values) };
    appendEvent(columns, event);
  };
}
