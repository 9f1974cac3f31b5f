/** What is scanned is what `JSON.parse`, or the Avro reader, and the pass over the object make of the same bytes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createColumns, eventAt } from './columns.ts';
import { compileWriter, createAvroEncoder, eventShape, HEADER_BYTES } from '../avro.ts';
import { EVENT_RULES } from '../event.ts';
import { decodeJson } from '../json.ts';
import { simulateEvents } from '../../producers/simulate-events.io.ts';
import { BANK, BANK_AVRO } from './bank.fixture.ts';
import { customerEventAvro } from './avro.ts';
import { createEventReader, type EventReader } from './event-reader.ts';
import { parseCustomerSchema } from './parse.ts';
import type { AvroRecord } from '../avro-schema.ts';

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
  - { name: town, type: category }
ignored: [skipMe]
`,
  'telco.yaml',
);

interface Read {
  readonly event: object;
  readonly unknown: object;
}

/** What the object path makes of some bytes; undefined: it refuses them. */
function parsed(reader: EventReader, bytes: Buffer): Read | undefined {
  const columns = createColumns(reader.schema, 1);
  const unknown = new Map<string, number>();
  decodeJson(bytes, (raw, source) => reader.readInto(raw, source, columns) ?? 0, unknown);
  return columns.count === 1 ? { event: eventAt(columns, 0), unknown: [...unknown] } : undefined;
}

/** What the scan makes of them, where they lie among others; undefined: it leaves them. */
function scanned(
  reader: EventReader,
  bytes: Buffer,
  around = Buffer.from('{"eventId":"x"}'),
): Read | undefined {
  const columns = createColumns(reader.schema, 1);
  const unknown = new Map<string, number>();
  const all = Buffer.concat([around, bytes, around]);
  const isTaken = reader.scanInto(all, around.length, around.length + bytes.length, columns, unknown);
  expect(columns.count).toBe(isTaken ? 1 : 0);
  if (isTaken) return { event: eventAt(columns, 0), unknown: [...unknown] };
  expect([unknown.size, new Set(columns.columns.map(([first]) => first ?? NaN))]).toEqual([
    0,
    new Set([NaN]),
  ]);
  return undefined;
}

/** The scan may leave an event to others; what it takes, they would take, and make the same of it. */
function check(reader: EventReader, bytes: Buffer): boolean {
  const found = scanned(reader, bytes);
  if (found !== undefined) expect(found).toEqual(parsed(reader, bytes));
  return found !== undefined;
}

test('simulated events are all scanned', () => {
  const reader = createEventReader(BANK);
  for (const { event } of simulateEvents(700, 7, 'e-'))
    for (const text of [JSON.stringify(event), JSON.stringify(event, null, 2), ` ${JSON.stringify(event)}\n`])
      expect(check(reader, Buffer.from(text))).toBe(true);
});

const KEYS = ['eventId', 'customerId', 'CustomerId', 'customer', 'occurredAt', 'payload', 'id', 'ts_ms', 'after', 'customer_id', 'code', 'message', 'tenure', 'charges', 'Charges', 'charge', 'town', 'skipMe', 'unknown', 'other', '__proto__', '7', '', 'é', 'c\\u006fde', 'a"b', 'age', 'creditScore', 'Age', 'geography', 'hasCrCard', 'balance', 'estimatedSalary'].map((key) => (key.includes('\\') ? `"${key}"` : JSON.stringify(key))); // prettier-ignore
const VALUES = ['null', 'true', 'false', '0', '-0', '-0.0', '1', '7', '-5', '40', '0.1', '9.99', '1e2', '1E-2', '1e+1', '1e999', '01', '1.', '.5', '-', '+1', '1e', '0.30000000000000004', '123456789012345678', '5e-324', '0.000001', '60000.5', '1764000000000', '4102444800000', '1e12', '"2026-01-31T12:00:00Z"', '"2026-02-31T12:00:00Z"', '""', '"e"', '"first"', '"Yes"', '"No"', '"NA"', '"n/A"', '"abcdef"', '"é"', '"日本"', '"\\u00e9"', '"\\ud800"', '"\\n"', '"\\x"', '"\\"', '"tab\there"', '"a\\"b"', '"\u007f"', '"France"', '"Île"', `"${'x'.repeat(128)}"`, `"${'x'.repeat(129)}"`, `"${'é'.repeat(128)}"`, '[]', '{}', '[1,"a",{"b":[null]}]', '{"a":1,"a":2}', '[1,]', '{"a"}', 'nul', 'tru', 'falsey', 'NaN', '"unclosed', '15634602', '9007199254740993']; // prettier-ignore
const space = fc.constantFrom('', '', '', '', ' ', '\n', '\t', '\r', '\u00a0');

const value: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 1, arbitrary: fc.integer().map(String) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 9 }).map((text) => JSON.stringify(text)) },
);
const objectOf = (members: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(members, { maxLength: 9 }),
      fc.constantFrom(',', ',', ',', ', ', ' ,\n', ',,', ';'),
      space,
    )
    .map(([list, comma, pad]) => `{${pad}${list.join(comma)}${pad}}`);
const memberOf = (inner: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...KEYS), space, fc.constantFrom(':', ':', ': ', '=', ''), inner)
    .map(([key, pad, colon, inside]) => `${key}${pad}${colon}${inside}`);
const inner = objectOf(memberOf(value));
const strange = objectOf(
  memberOf(fc.oneof({ weight: 4, arbitrary: value }, inner, objectOf(memberOf(inner)))),
);

/** Members of a right event, in any order, among others that may be anything. */
const rightOf = (members: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.shuffledSubarray([...members], { minLength: members.length - 1 }),
      fc.array(memberOf(value), { maxLength: 2 }),
      fc.nat(9),
      space,
    )
    .map(
      ([right, others, at, pad]) =>
        `{${[...right.slice(0, at), ...others, ...right.slice(at)].join(`,${pad}`)}}`,
    );
const TELCO_MEMBERS = ['"eventId":"e"', '"customer":"c"', '"occurredAt":1764000000000', '"code":"A"', '"message":"Yes"', '"tenure":3', '"charge":1.5', '"town":"Île"'] as const; // prettier-ignore
const BANK_MEMBERS = ['"eventId":"e"', '"CustomerId":15634602', '"occurredAt":"2026-01-31T12:00:00Z"', '"Age":40', '"hasCrCard":1', '"balance":-0', '"geography":"Spain"'] as const; // prettier-ignore
const NESTED =
  '{"op":"u","payload":{"id":7,"ts_ms":1764000000000,"before":{"x":[1,2]},"after":{"customer_id":15,"tenure":3,"x":null}},"town":"a"}';

test.each([
  ['telco', createEventReader(TELCO), fc.oneof(strange, rightOf(TELCO_MEMBERS), fc.constant(NESTED))],
  ['the bank', createEventReader(BANK), fc.oneof(strange, rightOf(BANK_MEMBERS))],
  ['the bank, empty events taken', createEventReader(BANK, { ...EVENT_RULES, emptyEvents: 'score' }), rightOf(BANK_MEMBERS.slice(0, 4))],
])('%s: whatever is scanned is what is parsed; most right events are', (_, reader, texts) => {
  let [taken, right] = [0, 0];
  fc.assert(
    fc.property(texts, fc.option(fc.tuple(fc.nat(), fc.nat(255)), { freq: 8 }), (text, damage) => {
      const bytes = Buffer.from(text);
      if (damage !== null && bytes.length > 0) bytes[damage[0] % bytes.length] = damage[1];
      taken += Number(check(reader, bytes));
      right += Number(parsed(reader, bytes) !== undefined);
    }),
    { numRuns: 8000 },
  );
  expect(right).toBeGreaterThan(100);
  expect(taken / right).toBeGreaterThan(0.5);
}); // prettier-ignore

test('numbers are what JSON.parse makes of them', () => {
  const reader = createEventReader(TELCO);
  const valueOf = (text: string): unknown =>
    (scanned(reader, Buffer.from(`{"eventId":"e","customerId":"c","occurredAt":1764000000000,"charges":${text}}`))?.event as { charges: number } | undefined)?.charges; // prettier-ignore
  const number = fc.oneof(
    fc.double({ max: 10, noNaN: true, noDefaultInfinity: true }).map(String),
    fc.double({ min: -1e6, max: 10, noNaN: true }).map((x) => x.toFixed(9)),
    fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/),
  );
  fc.assert(
    fc.property(number, (text) => {
      const wanted: unknown = JSON.parse(text);
      expect(valueOf(text)).toBe((wanted as number) <= 10 && Number.isFinite(wanted) ? wanted : undefined);
    }),
    { numRuns: 5000 },
  );
});

test('a prefix of an event is never taken, whatever lies behind it', () => {
  const reader = createEventReader(BANK);
  const text = '{"eventId":"e","customerId":"c","occurredAt":1764000000000,"age":40,"balance":12.5}';
  const columns = createColumns(BANK, 9);
  const isTaken = (end: number): boolean => reader.scanInto(Buffer.from(`${text} }`), 0, end, columns, new Map()); // prettier-ignore
  for (let end = 0; end < text.length; end++) expect(isTaken(end)).toBe(false);
  expect(isTaken(text.length)).toBe(true);
  expect(isTaken(text.length + 2)).toBe(false);
});

test('producers with other keys in other orders are scanned after their first event', () => {
  const reader = createEventReader(BANK);
  const lists = [BANK_MEMBERS, [...BANK_MEMBERS].reverse(), [...BANK_MEMBERS.slice(1), '"eventId":"z"'], [...BANK_MEMBERS, '"x1":1', '"x2":{"y":[]}']];
  for (let round = 0; round < 5; round++)
    for (const list of lists) expect(check(reader, Buffer.from(`{${list.join()}}`))).toBe(true);
}); // prettier-ignore

test('a comma too few or too many is never taken, whichever members were there before', () => {
  const reader = createEventReader(BANK);
  const list = ['"eventId":"e"', '"customerId":"c"', '"occurredAt":1764000000000', '"age":4'] as const;
  for (const first of list) check(reader, Buffer.from(`{${[first, ...list.filter((each) => each !== first)].join()}}`));
  for (const text of [`{${list.join()}`, `{,${list.join()}}`, `{${list.join()},}`, `{${list.join('')}}`, `{${list.join(',,')}}`])
    expect(check(reader, Buffer.from(text))).toBe(false);
  expect(check(reader, Buffer.from(`{${list.join()}}`))).toBe(true);
}); // prettier-ignore

test('keys without end are not remembered without end', () => {
  const reader = createEventReader(BANK);
  const text = (key: string): Buffer => Buffer.from(`{${BANK_MEMBERS.join()},"${key}":1}`);
  const taken = Array.from({ length: 900 }, (_, i) => check(reader, text(`key${String(i)}`)));
  expect(taken.filter(Boolean).length).toBeLessThan(300);
  expect(check(reader, text('key1'))).toBe(true);
});

const shape = eventShape(createEventReader(TELCO));
const withTypes = (types: Readonly<Record<string, unknown>>, more: readonly object[] = []): AvroRecord => ({
  ...shape.schema,
  fields: [
    ...shape.schema.fields.map(({ name, type }) => ({ name, type: types[name] ?? type })),
    ...(more as AvroRecord['fields']),
  ],
});
const WRITERS: readonly AvroRecord[] = [
  shape.schema,
  withTypes({ eventId: ['null', 'string'], message: ['null', 'string'], tenure: 'long', town: { type: 'enum', name: 'E', symbols: ['x', 'y'] } }, [{ name: 'unread', type: ['null', 'string'] }]),
  withTypes({ occurredAt: 'string', code: 'string', charges: ['null', 'double', 'string', 'int'].slice(0, 2), customerId: ['string', 'null'] }, [{ name: 'skipMe', type: 'int' }]),
]; // prettier-ignore
const texts = fc.oneof(fc.constantFrom('', 'a', 'A', 'n/a', 'Yes', 'No', 'x"y', 'é', 'abcdef', '2026-01-31T12:00:00Z', 'z'.repeat(129)), fc.string({ maxLength: 5 })); // prettier-ignore
const avroValue = fc.record({
  eventId: fc.oneof({ weight: 9, arbitrary: fc.constant('e-1') }, texts),
  customerId: fc.oneof({ weight: 9, arbitrary: fc.constant('c-1') }, texts),
  occurredAt: fc.constantFrom(1_764_000_000_000, 1_764_000_000_001, 946_684_800_000, 5),
  code: fc.option(texts),
  message: fc.option(fc.constantFrom('Yes', 'No', '', 'x')),
  tenure: fc.option(fc.integer({ min: -6, max: 2 ** 40 })),
  charges: fc.option(fc.double({ max: 11, noNaN: true })),
  town: fc.option(fc.constantFrom('x', 'y')),
  isText: fc.boolean(),
});

test.each(WRITERS.map((writer, i) => [i, writer] as const))(
  'Avro of writer %d: what is scanned is what is decoded',
  (i, writer) => {
    const reader = createEventReader(TELCO);
    const layout = eventShape(reader);
    const decode = compileWriter(writer, layout);
    if (typeof decode !== 'function') throw new Error(decode.message);
    const scan = reader.scanOf(decode)!;
    const encode = createAvroEncoder(writer, 7);
    let [taken, right] = [0, 0];
    fc.assert(
      fc.property(avroValue, fc.option(fc.tuple(fc.nat(), fc.nat(255)), { freq: 4 }), (given, damage) => {
        const message = i === 1 ? given.message : given.message === null ? null : given.message === 'Yes';
        const occurredAt = i === 2 ? (given.isText ? '2026-01-31T12:00:00Z' : 'x') : given.occurredAt;
        const tenure = i === 1 ? (given.tenure ?? 0) : given.tenure;
        const bytes = encode({ ...given, message, occurredAt, tenure, code: i === 2 ? (given.code ?? 'b') : given.code, town: i === 1 ? (given.town ?? 'x') : given.town, unread: null, skipMe: 3 }); // prettier-ignore
        if (damage !== null) bytes[HEADER_BYTES + (damage[0] % (bytes.length - HEADER_BYTES))] = damage[1];
        const columns = [createColumns(TELCO, 1), createColumns(TELCO, 1)] as const;
        const unknown = [new Map<string, number>(), new Map<string, number>()] as const;
        const all = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(3)]);
        const isTaken = scan(all, 3 + HEADER_BYTES, 3 + bytes.length, columns[0], unknown[0]);
        decode(bytes, (raw, source) => reader.readInto(raw, source, columns[1]) ?? 0, unknown[1]);
        expect(columns[0].count).toBe(Number(isTaken));
        taken += columns[0].count;
        right += columns[1].count;
        if (!isTaken) return;
        expect(columns[1].count).toBe(1);
        expect(eventAt(columns[0], 0)).toEqual(eventAt(columns[1], 0));
        expect([...unknown[0]]).toEqual([...unknown[1]]);
      }),
      { numRuns: 3000 },
    );
    expect(right).toBeGreaterThan(100);
    expect(taken / right).toBeGreaterThan(0.95);
  },
);

test('the bank’s Avro events are all scanned', () => {
  const reader = createEventReader(BANK);
  const decode = compileWriter(customerEventAvro(BANK), eventShape(reader));
  if (typeof decode !== 'function') throw new Error(decode.message);
  const scan = reader.scanOf(decode)!;
  const encode = createAvroEncoder(BANK_AVRO, 1);
  const columns = createColumns(BANK, 2000);
  const events = [...simulateEvents(2000, 3, 'e-')].map(({ event }) => event);
  for (const event of events) {
    const bytes = encode(event);
    expect(scan(bytes, HEADER_BYTES, bytes.length, columns, new Map())).toBe(true);
  }
  events.forEach((event, row) => expect(eventAt(columns, row)).toEqual(event));
});
