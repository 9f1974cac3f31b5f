import { expect, test } from 'vitest';
import type { AvroRecord } from '../avro-schema.ts';
import { compileWriter, createAvroEncoder, eventShape } from '../avro.ts';
import { customerEventAvro } from './avro.ts';
import { BANK, BANK_AVRO } from './bank.fixture.ts';
import { createEventReader } from './event-reader.ts';
import { parseCustomerSchema } from './parse.ts';

/** As it has been registered since the first release: a subject with it gains no new version. */
const REGISTERED = `{"type":"record","name":"CustomerEvent","namespace":"bankchurn","doc":"A fact about one customer at one time, with the model's inputs. A null input is missing.","fields":[{"name":"eventId","type":"string","doc":"1..128 characters"},{"name":"customerId","type":"string","doc":"1..128 characters; the record's key"},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"creditScore","type":["null","int"],"default":null},{"name":"geography","type":["null","string"],"default":null},{"name":"gender","type":["null","string"],"default":null},{"name":"age","type":["null","int"],"default":null,"doc":"years"},{"name":"tenure","type":["null","int"],"default":null,"doc":"years with the bank"},{"name":"balance","type":["null","double"],"default":null},{"name":"numOfProducts","type":["null","int"],"default":null},{"name":"hasCrCard","type":["null","boolean"],"default":null},{"name":"isActiveMember","type":["null","boolean"],"default":null},{"name":"estimatedSalary","type":["null","double"],"default":null,"doc":"a year"}]}`;

test("the bank's events have the schema that they always had, letter by letter", () => {
  expect(JSON.stringify(BANK_AVRO)).toBe(REGISTERED);
});

test('a whole number is an int unless its range needs a long; what is retired stays', () => {
  const [input] = BANK.inputs;
  const typeOf = (min: number | undefined, max: number | undefined) =>
    customerEventAvro({ inputs: [{ ...input!, min, max, isRetired: true }] }).fields[3]!.type;
  expect(typeOf(undefined, undefined)).toEqual(['null', 'int']);
  expect(typeOf(-2_147_483_648, 2_147_483_647)).toEqual(['null', 'int']);
  expect(typeOf(0, 2_147_483_648)).toEqual(['null', 'long']);
  expect(typeOf(-2_147_483_649, undefined)).toEqual(['null', 'long']);
});

const CARD = parseCustomerSchema(
  `
version: 1
name: card
eventId: {}
customerId: { aliases: [CustomerId] }
occurredAt: {}
inputs:
  - { name: since, type: integer, max: 5000000000 }
  - { name: plan, type: category, spellings: { gold: [G] }, levels: [gold], other: rest, missing: [none] }
  - { name: spend, type: number, aliases: [Spend, spending] }
  - { name: isLate, type: boolean, spellings: { 'true': ['Y'], 'false': ['N'] } }
`,
  'card.yaml',
);
const shape = eventShape(createEventReader(CARD));
const event = { eventId: 'e', customerId: 'c', occurredAt: 1_764_000_000_000, since: 4_000_000_000, plan: 'gold', spend: 0.5, isLate: true }; // prettier-ignore

/** Written by some schema, read as a card's event. */
function passed(writer: AvroRecord, value: object): object {
  const decode = compileWriter(writer, shape);
  return typeof decode === 'function' ? decode(createAvroEncoder(writer, 1)(value), shape.read) : decode;
}
/** The schema with a field renamed, and perhaps of another type. */
const renamed = (from: string, to: string, type?: unknown): AvroRecord => ({
  ...shape.schema,
  fields: shape.schema.fields.map((field) =>
    field.name === from ? { name: to, type: type ?? field.type } : field,
  ),
});

test('events of any schema are written and read', () => {
  expect(passed(shape.schema, event)).toEqual(event);
  expect(passed(shape.schema, { ...event, plan: null, since: null })).toEqual({ ...event, plan: null, since: null });
  expect(passed(BANK_AVRO, { ...event, age: 40 })).toMatchObject({ message: 'no model input' });
}); // prettier-ignore

test('what others write is taken by the rules of the schema', () => {
  expect(passed(shape.schema, { ...event, plan: 'G' })).toMatchObject({ plan: 'gold' });
  expect(passed(shape.schema, { ...event, plan: 'silver' })).toMatchObject({ plan: 'rest' });
  expect(passed(shape.schema, { ...event, plan: 'NONE' })).toMatchObject({ plan: null });
  expect(passed(renamed('isLate', 'isLate', 'string'), { ...event, isLate: 'N' })).toMatchObject({ isLate: false });
  expect(passed(shape.schema, { ...event, since: 5_000_000_001 })).toMatchObject({ code: 'RECORD_INVALID' });
}); // prettier-ignore

test('a field of a writer may have another name of an input, unless the input is there', () => {
  expect(passed(renamed('spend', 'spending'), { ...event, spending: 7 })).toMatchObject({ spend: 7 });
  expect(passed(renamed('customerId', 'CustomerId'), { ...event, CustomerId: 'd' })).toMatchObject({ customerId: 'd' });
  expect(passed(renamed('isLate', 'spending', 'double'), { ...event, spending: 7 })).toMatchObject({ spend: 0.5 });
  const both: AvroRecord = { ...shape.schema, fields: [...renamed('spend', 'Spend').fields, { name: 'spending', type: 'double' }] };
  expect(passed(both, event)).toMatchObject({
    code: 'SCHEMA_FOREIGN',
    message: expect.stringContaining('its fields Spend and spending are both spend') as string,
  });
}); // prettier-ignore
