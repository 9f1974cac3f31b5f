import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EVENT_RULES, isPoison } from '../event.ts';
import { decodeJson } from '../json.ts';
import { BANK, BANK_READER } from './bank.fixture.ts';
import { createColumns, eventAt } from './columns.ts';
import { createEventReader, type EventReader } from './event-reader.ts';
import { parseCustomerSchema } from './parse.ts';

/** Everything that an input can have, in events of two forms: flat, and in the envelope of a change log. */
const TELCO = parseCustomerSchema(
  `
version: 1
name: telco
eventId: { path: payload.id }
customerId: { aliases: [customer], path: payload.after.customer_id }
occurredAt: { path: payload.ts_ms }
inputs:
  - { name: code, type: category, maxLength: 5, levels: [a, b], other: rest, spellings: { a: [A, first] }, missing: [n/a] }
  - { name: message, type: boolean, spellings: { 'true': ['Yes'], 'false': ['No'] }, missing: [''] }
  - { name: tenure, type: integer, min: -5, max: 5000000000, path: payload.after.tenure }
  - { name: charges, type: number, aliases: [Charges, charge], max: 10, missing: [NA, ' '], path: payload.after.charges }
  - { name: calls, type: integer, retired: true }
`,
  'telco.yaml',
);
const reader = createEventReader(TELCO);
const read = (json: unknown, by: EventReader = reader, unknown = new Map<string, number>()) =>
  decodeJson(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)), by.read, unknown);
const ids = { eventId: 'e', customerId: 'c', occurredAt: 1_764_000_000_000 };
const nothing = { code: null, message: null, tenure: null, charges: null, calls: null };
const nested = (after: object, payload: object = {}) => ({
  op: 'u',
  payload: { id: 7, ts_ms: 1_764_000_000_000, after: { customer_id: 15, ...after }, ...payload },
});

test.each([
  [{ code: 'first' }, { code: 'a' }],
  [{ code: 'b' }, { code: 'b' }],
  [{ code: 'zzz' }, { code: 'rest' }],
  [
    { code: 'N/A', calls: 1 },
    { code: null, calls: 1 },
  ],
  [{ message: 'Yes' }, { message: true }],
  [{ message: 0 }, { message: false }],
  [{ message: -0 }, { message: false }],
  [
    { message: '', calls: -7 },
    { message: null, calls: -7 },
  ],
  [{ tenure: 5_000_000_000 }, { tenure: 5_000_000_000 }],
  [{ Charges: -1e300 }, { charges: -1e300 }],
  [
    { charge: 'na', calls: 0 },
    { charges: null, calls: 0 },
  ],
])('%j is read as %j', (inputs, expected) => {
  expect(read({ ...ids, ...inputs })).toEqual({ ...ids, ...nothing, ...expected });
});

test.each([
  [{ code: 'abcdef' }, 'code has 6 characters, allowed are at most 5'],
  [{ code: 5 }, 'code is a number, not a string'],
  [{ message: 'yes' }, 'message is a string, not true or false'],
  [{ message: 'N/A' }, 'message is a string, not true or false'],
  [{ tenure: -6 }, 'tenure is below -5, possible are -5..5000000000'],
  [{ tenure: 1.5 }, 'tenure is not a whole number'],
  [{ charges: 11 }, 'charges is too large, possible is at most 10'],
  [{ charges: 'none' }, 'charges is a string, not a number'],
  [{ calls: 2_147_483_648 }, 'calls is too large, possible are -2147483648..2147483647'],
  [{ Charges: 1, charge: 2 }, 'Charges and charge are one field: only one may be there'],
  [{ code: null }, 'no model input'],
  [{ payload: [], calls: 1 }, 'payload is an array, not an object'],
  [{ payload: { after: 5 }, calls: 1 }, 'payload.after is a number, not an object'],
  [{ payload: { after: { charges: 1 } }, charge: 2 }, 'payload.after.charges and charge are one field: only one may be there'],
  [{ payload: { after: { tenure: 1 } }, tenure: 2 }, 'tenure and payload.after.tenure are one field: only one may be there'],
])('%j is refused', (inputs, message) => {
  expect(read({ ...ids, ...inputs })).toEqual({ code: 'RECORD_INVALID', message });
}); // prettier-ignore

test('an envelope is read by its paths, and what else is in it is counted', () => {
  const unknown = new Map<string, number>();
  const event = read(nested({ tenure: 3, charges: 9.5, plan: { tenure: 8 } }), reader, unknown);
  expect(event).toEqual({ ...ids, eventId: '7', customerId: '15', ...nothing, tenure: 3, charges: 9.5 });
  expect(Object.fromEntries(unknown)).toEqual({ op: 1, 'payload.after.plan': 1 });
  expect(read(nested({ tenure: 3, customer_id: 1.5 }))).toMatchObject({ message: expect.stringContaining('no whole one') as string }); // prettier-ignore
  expect(read({ ...ids, payload: null, calls: 1 })).toMatchObject({ calls: 1 });
});

test('a key that comes twice in an object that is read is refused; in one that is not, nobody looks', () => {
  const text = JSON.stringify(nested({ tenure: 3, plan: { x: 1 } }));
  const twice = (from: string, to: string) => read(text.replace(from, to));
  expect(twice('"tenure"', '"tenure":4,"\\u0074enure"')).toMatchObject({ message: 'the key "payload.after.tenure" is there twice' }); // prettier-ignore
  expect(twice('"payload"', '"payload":{"after":{}},"payload"')).toMatchObject({ message: 'the key "payload" is there twice' }); // prettier-ignore
  expect(twice('"payload"', '"payload":1,"payload"')).toMatchObject({ message: 'the key "payload" is there twice' }); // prettier-ignore
  expect(twice('"tenure"', '"z":1,"z":2,"tenure"')).toMatchObject({ message: 'a key that is no field is there twice' }); // prettier-ignore
  expect(twice('"x":1', '"x":1,"x":2')).toMatchObject({ tenure: 3 });
  expect(twice('"x":1', '"x":[{"payload":{"after":1,"after":2}}]')).toMatchObject({ tenure: 3 });
});

test('inputs may be called code and message: an event is told from a refusal', () => {
  expect(isPoison(read({ ...ids, code: 'a', message: true }))).toBe(false);
  expect(isPoison(read({ ...ids, code: 5, message: true }))).toBe(true);
});

test('columns hold the events that were read, and nothing of those that were refused', () => {
  const columns = createColumns(TELCO, 3);
  const into = (raw: object) => reader.readInto(raw, undefined, columns);
  expect(into({ ...ids, code: 'A', tenure: 4 })).toBeUndefined();
  expect(into({ ...ids, code: 'b', tenure: 5, calls: 1.5 })).toMatchObject({ code: 'RECORD_INVALID' });
  expect(into({ calls: 1, code: 'b', tenure: 5, customerId: 'c' })).toMatchObject({ code: 'RECORD_INVALID' });
  expect(into({ ...ids, eventId: 'e2', message: false })).toBeUndefined();
  expect([0, 1].map((row) => columns.eventId.at(row))).toEqual(['e', 'e2']);
  expect(columns.count).toBe(2);
  expect([0, 1].map((row) => eventAt(columns, row))).toEqual([
    { ...ids, ...nothing, code: 'a', tenure: 4 },
    { ...ids, ...nothing, eventId: 'e2', message: false },
  ]);
  expect(into({ ...ids, calls: 1 })).toBeUndefined();
  expect(() => into({ ...ids, calls: 1 })).toThrow(RangeError);
});

test('the order of keys, and keys of the event before, change nothing', () => {
  const values = { ...ids, creditScore: 600, geography: 'France', age: 40, hasCrCard: true, balance: 0 };
  const expected = BANK_READER.read(values);
  fc.assert(
    fc.property(fc.shuffledSubarray(Object.entries(values), { minLength: 8 }), fc.nat(7), (entries, at) => {
      const other = [...entries];
      other.splice(at, 1, ['Tenure', 5], ['segment', 'x']);
      BANK_READER.read(Object.fromEntries(other));
      expect(BANK_READER.read(Object.fromEntries(entries))).toEqual(expected);
    }),
  );
});

test('500 inputs with two names each are read by any of them', () => {
  const inputs = Array.from({ length: 500 }, (_, i) => ({
    ...BANK.inputs[0]!,
    name: `input${String(i)}`,
    aliases: [`Input ${String(i)}`],
  }));
  const wide = createEventReader({ ...BANK, inputs }, EVENT_RULES);
  const names = inputs.map(({ name, aliases: [alias] }, i) => [i % 2 === 0 ? name : alias, i]);
  const event = read({ ...ids, ...(Object.fromEntries(names) as object) }, wide) as Record<string, unknown>;
  expect(inputs.map(({ name }) => event[name])).toEqual(inputs.map((_, i) => i));
  expect(read({ ...ids, 'Input 499': 3, input7: 1001 }, wide)).toMatchObject({
    message: 'input7 is too large, possible are 0..1000',
  });
});

test.each([
  [{ calls: 3, charges: [1, { a: 'b' }] }],
  [{ Charges: 'NA' }],
  [nested({ charges: { calls: 'x' }, calls: 1 })],
])('fields that are skipped are neither read, nor checked, nor counted as unknown: %j', (more) => {
  const [code, message, tenure, charges, calls] = TELCO.inputs;
  const some = createEventReader({ ...TELCO, inputs: [code!, message!, tenure!], skipped: [charges!, calls!] });
  const unknown = new Map<string, number>();
  const event = { ...('payload' in more ? {} : ids), code: 'b', other: { calls: 1 }, ...more };
  const found = read(event, some, unknown);
  expect(found).toMatchObject({ code: 'b', message: null, tenure: null });
  expect(Object.keys(found)).not.toContain('calls');
  expect([...unknown.keys()]).toEqual('op' in more ? ['other', 'op', 'payload.after.calls'] : ['other']);
}); // prettier-ignore
