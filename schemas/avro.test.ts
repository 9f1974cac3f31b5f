/** Schemas of other writers: which are ours, and what becomes of each type. docs/input.md has the table. */
import avsc from 'avsc';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileWriter, createAvroEncoder, eventShape, HEADER_BYTES, OUTCOME } from './avro.ts';
import { BANK, BANK_AVRO, EVENT } from './customer/bank.fixture.ts';
import { createEventReader } from './customer/event-reader.ts';
import { parseSchemaText } from './avro-schema.ts';
import type { CustomerEvent } from './customer/schema.ts';
import { SCHEMAS } from './generated.ts';

const MS = 1_764_000_000_000;
const event: CustomerEvent = {
  eventId: 'e1', customerId: 'c1', occurredAt: MS, creditScore: 600, geography: 'France', gender: 'Male', age: 40, tenure: 3,
  balance: 60_000.5, numOfProducts: 2, hasCrCard: true, isActiveMember: false, estimatedSalary: 50_000,
}; // prettier-ignore
const OURS = BANK_AVRO;
type Fields = readonly { readonly name: string; readonly type: unknown }[];

/** Our schema with fields of other types, or with more fields. */
const schemaWith = (types: Readonly<Record<string, unknown>>) => ({
  ...OURS,
  fields: [
    ...OURS.fields.map(({ name, type }) => ({ name, type: types[name] ?? type })),
    ...Object.keys(types)
      .filter((name) => !OURS.fields.some((field) => field.name === name))
      .map((name) => ({ name, type: types[name] })),
  ] as Fields,
});
const body = (schema: object, value: object): Buffer =>
  Buffer.concat([Buffer.alloc(HEADER_BYTES), avsc.Type.forSchema(schema as avsc.Schema).toBuffer(value)]);
/** Written with a schema of others, read as ours. */
function passed(schema: object, value: object, unknown?: Map<string, number>): object {
  const decode = compileWriter(schema, EVENT);
  return typeof decode === 'function' ? decode(body(schema, value), EVENT.read, unknown) : decode;
}

const decimal = (unscaled: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(unscaled);
  return bytes;
};
const DECIMAL = { logicalType: 'decimal', precision: 9, scale: 2 };

test.each<[field: string, type: unknown, written: unknown, read: unknown]>([
  ['age', ['null', 'long'], 41, 41],
  ['age', 'long', 41, 41],
  ['age', 'double', 41, 41],
  ['age', ['int', 'null'], 41, 41],
  ['age', ['null', 'int', 'long'], { long: 41 }, 41],
  ['balance', 'int', 7, 7],
  ['balance', ['null', 'long'], 2 ** 40, 2 ** 40],
  ['balance', 'float', 0.5, 0.5],
  ['balance', { type: 'bytes', ...DECIMAL }, decimal(12_345), 123.45],
  ['balance', ['null', { type: 'bytes', ...DECIMAL }], decimal(10), 0.1],
  ['balance', { type: 'fixed', name: 'Money', size: 4, ...DECIMAL }, decimal(99), 0.99],
  ['gender', { type: 'enum', name: 'Gender', symbols: ['Female', 'Male'] }, 'Female', 'Female'],
  ['gender', ['null', { type: 'enum', name: 'Gender', symbols: ['Female', 'Male'] }], 'Male', 'Male'],
  ['geography', 'bytes', Buffer.from('España'), 'España'],
  ['geography', { type: 'string', logicalType: 'whatever' }, 'Spain', 'Spain'],
  ['hasCrCard', 'int', 1, true],
  ['hasCrCard', 'null', null, null],
  ['customerId', ['null', 'string'], 'c9', 'c9'],
  ['customerId', { type: 'string', logicalType: 'uuid' }, 'c9', 'c9'],
  ['occurredAt', { type: 'long', logicalType: 'timestamp-micros' }, MS * 1000 + 999, MS],
  ['occurredAt', ['null', { type: 'long', logicalType: 'timestamp-millis' }], MS + 1, MS + 1],
  ['occurredAt', 'string', '2025-11-24T17:00:00+01:00', MS],
])('%s as %j is read', (field, type, written, read) => {
  expect(passed(schemaWith({ [field]: type }), { ...event, [field]: written })).toEqual({
    ...event,
    [field]: read,
  });
});

test.each<[field: string, type: unknown, written: unknown, message: string]>([
  ['age', 'double', 41.5, 'age is not a whole number'],
  ['age', 'long', 2 ** 40, 'age is too large'],
  ['balance', { type: 'bytes', ...DECIMAL }, decimal(-1), 'balance is below 0'],
  ['balance', 'double', NaN, 'balance is NaN'],
  ['hasCrCard', 'int', 2, 'hasCrCard is a number'],
  ['customerId', ['null', 'string'], null, 'customerId is missing'],
  ['occurredAt', { type: 'long', logicalType: 'timestamp-millis' }, MS * 1000, 'possible are times'],
  ['occurredAt', 'string', '2025-11-24T17:00:00', 'ISO 8601 time with an offset'],
])('%s as %j, %j: the value is refused', (field, type, written, message) => {
  expect(passed(schemaWith({ [field]: type }), { ...event, [field]: written })).toMatchObject({
    code: 'RECORD_INVALID',
    message: expect.stringContaining(message) as string,
  });
});

test.each<[field: string, type: unknown]>([
  ['customerId', 'long'],
  ['occurredAt', 'long'],
  ['occurredAt', 'double'],
  ['occurredAt', { type: 'long', logicalType: 'local-timestamp-millis' }],
  ['occurredAt', { type: 'long', logicalType: 'timestamp-nanos' }],
  ['occurredAt', { type: 'int', logicalType: 'date' }],
  ['age', 'string'],
  ['age', 'bytes'],
  ['age', { type: 'int', logicalType: 'date' }],
  ['age', ['null', 'string', 'int']],
  ['age', { type: 'array', items: 'int' }],
  ['balance', { type: 'bytes', logicalType: 'decimal', precision: 1e9, scale: 1e8 }],
  ['balance', { type: 'record', name: 'Money', fields: [{ name: 'amount', type: 'double' }] }],
  ['gender', 'int'],
])('%s as %j is not read: the schema is refused', (field, type) => {
  expect(compileWriter(schemaWith({ [field]: type }), EVENT)).toMatchObject({
    code: 'SCHEMA_FOREIGN',
    message: expect.stringContaining(field) as string,
  });
});

const NESTED = { type: 'record', name: 'Address', fields: [{ name: 'city', type: 'string' }, { name: 'nothing', type: 'null' }, { name: 'zip', type: ['null', 'int'] }] }; // prettier-ignore
test.each<[type: unknown, written: unknown]>([
  ['string', 'gold'],
  [['null', 'double'], 0.5],
  [{ type: 'enum', name: 'Segment', symbols: ['A', 'B'] }, 'B'],
  [{ type: 'fixed', name: 'Hash', size: 16 }, Buffer.alloc(16)],
  [{ type: 'array', items: 'string' }, ['a', 'b']],
  [
    { type: 'map', values: 'long' },
    { a: 1, b: 2 },
  ],
  [NESTED, { city: 'Ulm', nothing: null, zip: 5 }],
  [{ type: 'array', items: NESTED }, [{ city: 'Ulm', nothing: null, zip: null }]],
])('a further field of type %j is passed over, and counted', (type, written) => {
  const unknown = new Map<string, number>();
  const schema = schemaWith({ extra: type });
  // In the middle as well as at the end.
  const first = { ...schema, fields: [schema.fields.at(-1)!, ...schema.fields.slice(0, -1)] };
  for (const one of [schema, first])
    expect(passed(one, { ...event, extra: written }, unknown)).toEqual(event);
  expect(unknown).toEqual(new Map([['extra', 2]]));
});

test('a field that a model does not use is neither read nor counted as unknown', () => {
  const [first, ...others] = BANK.inputs;
  const shape = eventShape(createEventReader({ ...BANK, inputs: others, skipped: [first!] }));
  const unknown = new Map<string, number>();
  const decode = compileWriter(schemaWith({ extra: 'string' }), shape);
  if (typeof decode !== 'function') throw new Error(decode.message);
  const bytes = body(schemaWith({ extra: 'string' }), { ...event, extra: 'x' });
  const rest = Object.entries(event).filter(([name]) => name !== first!.name);
  expect(decode(bytes, shape.read, unknown)).toEqual(Object.fromEntries(rest));
  expect([...unknown.keys()]).toEqual(['extra']);
});

test('our record is ours in any namespace; a record of another name, and one without a needed field, is not', () => {
  for (const schema of [
    { ...OURS, namespace: 'com.bank' },
    { ...OURS, name: 'com.bank.events.CustomerEvent' },
  ])
    expect(passed(schema, event)).toEqual(event);
  const without = (name: string) => ({ ...OURS, fields: OURS.fields.filter((field) => field.name !== name) });
  expect(passed(without('tenure'), event)).toEqual({ ...event, tenure: null });
  for (const name of ['eventId', 'customerId', 'occurredAt'])
    expect(compileWriter(without(name), EVENT)).toMatchObject({
      message: expect.stringContaining(`no field ${name}`) as string,
    });
  for (const other of [{ ...OURS, name: 'Customer' }, SCHEMAS.ChurnScore, SCHEMAS.CustomerOutcome])
    expect(compileWriter(other, EVENT)).toMatchObject({ code: 'SCHEMA_FOREIGN' });
});

test('named types are resolved, and counted as often as they are used', () => {
  const gender = { type: 'enum', name: 'Gender', namespace: 'com.bank', symbols: ['Female', 'Male'] };
  const used = schemaWith({ gender: ['null', gender], second: 'com.bank.Gender' });
  expect(passed(used, { ...event, gender: 'Female', second: 'Male' })).toMatchObject({
    gender: 'Female',
  });
  const doubling = Array.from({ length: 40 }, (_, i) => ({
    name: `l${String(i)}`,
    type: {
      type: 'record',
      name: `L${String(i)}`,
      fields: ['a', 'b'].map((name) => ({ name, type: i === 0 ? 'null' : `L${String(i - 1)}` })),
    },
  }));
  expect(compileWriter({ ...OURS, fields: [...OURS.fields, ...doubling] }, EVENT)).toMatchObject({
    message: expect.stringContaining('more than 2000 types') as string,
  });
});

const deep = (levels: number): unknown => {
  let type: unknown = 'string';
  for (let i = 0; i < levels; i++) type = { type: 'array', items: type };
  return type;
};
test.each<[what: string, schema: unknown]>([
  ['nothing', null],
  ['a number', 7],
  ['a primitive', 'string'],
  ['a union', [OURS]],
  ['no type', {}],
  ['an unknown type', schemaWith({ extra: 'com.bank.Unknown' })],
  ['a prototype’s name for a type', schemaWith({ extra: 'constructor' })],
  ['itself', schemaWith({ next: ['null', 'CustomerEvent'] })],
  ['an array of nothing', schemaWith({ bomb: { type: 'array', items: 'null' } })],
  [
    'an array of empty records',
    schemaWith({ bomb: { type: 'array', items: { type: 'record', name: 'E', fields: [] } } }),
  ],
  ['a deep type', schemaWith({ extra: deep(17) })],
  ['a very deep type', deep(20_000)],
  ['a field twice', { ...OURS, fields: [...OURS.fields, OURS.fields[0]] }],
  [
    'a name twice',
    schemaWith({ a: { type: 'fixed', name: 'F', size: 1 }, b: { type: 'fixed', name: 'F', size: 1 } }),
  ],
  ['a field without a type', { ...OURS, fields: [...OURS.fields, { name: 'a' }] }],
  ['fields that are none', { ...OURS, fields: [null, 5, 'a'] }],
  ['a size that is none', schemaWith({ extra: { type: 'fixed', name: 'F', size: -1 } })],
  ['an enum without symbols', schemaWith({ gender: { type: 'enum', name: 'G', symbols: 5 } })],
  ['a JSON schema', { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: {} }],
])('a schema that holds %s is refused, not thrown at us', (_, schema) => {
  expect(compileWriter(schema, EVENT)).toMatchObject({ code: 'SCHEMA_FOREIGN' });
});

test('the text of a schema is bounded before it is parsed, and may be no JSON', () => {
  expect(() => parseSchemaText('['.repeat(500_000))).toThrow('500000 characters');
  expect(() => parseSchemaText('syntax = "proto3"; message Event {}')).toThrow('it is not Avro');
});

test('six bytes that promise a billion items end at once', () => {
  for (const type of [
    { type: 'array', items: 'int' },
    { type: 'map', values: 'null' },
  ]) {
    const decode = compileWriter(schemaWith({ bomb: type }), EVENT);
    if (typeof decode !== 'function') throw new Error(decode.message);
    const good = body(schemaWith({ bomb: type }), { ...event, bomb: type.type === 'map' ? {} : [] });
    const promise = Buffer.concat([good.subarray(0, -1), Buffer.from([0x80, 0xa8, 0xd6, 0xb9, 0x07])]);
    const begun = performance.now();
    expect(decode(promise, EVENT.read)).toMatchObject({ code: 'RECORD_UNDECODABLE' });
    expect(performance.now() - begun).toBeLessThan(50);
  }
});

test('a string that is not UTF-8 is refused: two ids must not become one', () => {
  const encode = createAvroEncoder(BANK_AVRO, 1);
  const decode = compileWriter(OURS, EVENT);
  if (typeof decode !== 'function') throw new Error(decode.message);
  const bytes = encode({ ...event, customerId: 'AB' });
  const at = bytes.indexOf('AB');
  for (const pair of [[0xff, 0xfe], [0xc3, 0x28], [0x41, 0x80]]) {
    bytes.set(pair, at);
    expect(decode(bytes, EVENT.read)).toMatchObject({ code: 'RECORD_UNDECODABLE', message: 'Avro: a string that is not UTF-8' });
  }
  bytes.set(Buffer.from('é'), at);
  expect(decode(bytes, EVENT.read)).toMatchObject({ customerId: 'é' });
}); // prettier-ignore

test('numbers of all sizes are read as avsc writes them', () => {
  const long = avsc.Type.forSchema('long');
  const schema = schemaWith({ balance: 'long' });
  const decode = compileWriter(schema, EVENT);
  if (typeof decode !== 'function') throw new Error(decode.message);
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 52 }), (n, shift) => {
      const balance = Math.floor(n / 2 ** shift);
      if (long.toBuffer(balance).length > 8) return;
      expect(decode(body(schema, { ...event, balance }), EVENT.read)).toMatchObject({ balance });
    }),
  );
  const huge = Buffer.concat([Buffer.alloc(5), Buffer.alloc(11, 0xff)]);
  expect(decode(huge, EVENT.read)).toMatchObject({ code: 'RECORD_UNDECODABLE' });
});

test('labels of outcomes: booleans, numbers, texts and enums', () => {
  const value = { outcomeId: 'o', customerId: 'c', eventId: null, observedAt: MS };
  const fields = (type: unknown) =>
    SCHEMAS.CustomerOutcome.fields.map((field) => (field.name === 'churned' ? { ...field, type } : field));
  for (const [type, churned, read] of [
    ['int', 1, true],
    ['double', 0, false],
    ['string', 'Yes', true],
    [{ type: 'enum', name: 'L', symbols: ['no', 'yes'] }, 'no', false],
    [['null', 'boolean'], true, true],
  ] as const) {
    const schema = { ...SCHEMAS.CustomerOutcome, fields: fields(type) };
    const decode = compileWriter(schema, OUTCOME);
    if (typeof decode !== 'function') throw new Error(decode.message);
    expect(decode(body(schema, { ...value, churned }), OUTCOME.read)).toEqual({ ...value, churned: read });
  }
});
