import avsc from 'avsc';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SCHEMAS } from '../generated.ts';
import { customerEventAvro } from './avro.ts';
import { BANK, BANK_AVRO } from './bank.fixture.ts';
import { incompatibleFields, isSameSchema } from './compatibility.ts';
import type { CustomerInput } from './schema.ts';

/** The bank's events with an input changed. */
const having = (name: string, changes: Partial<CustomerInput>) =>
  customerEventAvro({
    inputs: BANK.inputs.map((input) => (input.name === name ? { ...input, ...changes } : input)),
  });
const loyalty: CustomerInput = { ...BANK.inputs[1]!, name: 'loyaltyTier' };

test('what is appended, retired, widened or explained otherwise is compatible; so is what is gone', () => {
  const added = customerEventAvro({ inputs: [...BANK.inputs, loyalty] });
  expect(incompatibleFields(added, BANK_AVRO)).toEqual([]);
  expect(incompatibleFields(BANK_AVRO, added)).toEqual([]);
  expect(incompatibleFields(having('age', { isRetired: true, doc: 'of the customer' }), BANK_AVRO)).toEqual(
    [],
  );
  expect(incompatibleFields(having('age', { max: 1e10 }), BANK_AVRO)).toEqual([]);
  expect(incompatibleFields(having('age', { type: 'number' }), BANK_AVRO)).toEqual([]);
});

test('another type is not, and the field is named with what it was and is', () => {
  expect(incompatibleFields(having('age', { type: 'category' }), BANK_AVRO)).toEqual([
    'age was int and is string',
  ]);
  expect(incompatibleFields(BANK_AVRO, having('age', { max: 1e10 }))).toEqual(['age was long and is int']);
  expect(incompatibleFields(having('balance', { type: 'boolean' }), BANK_AVRO)).toEqual([
    'balance was double and is boolean',
  ]);
  expect(incompatibleFields(BANK_AVRO, SCHEMAS.ChurnScore)).toEqual([
    'the record was ChurnScore and is CustomerEvent',
  ]);
  const { fields } = BANK_AVRO;
  expect(incompatibleFields(BANK_AVRO, { ...BANK_AVRO, fields: fields.slice(1) })).toEqual([
    'eventId was not there, and has no default',
  ]);
});

test('it agrees with what Avro itself says of any two schemas', () => {
  const types = ['number', 'integer', 'boolean', 'category'] as const;
  const schema = fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(...types), fc.constantFrom(1, 1e12)), { maxLength: 4 })
    .map((inputs) =>
      customerEventAvro({
        inputs: [...new Map(inputs.map((input) => [input[0], input])).values()].map(([name, type, max]) => ({ ...loyalty, name, type, max })),
      }),
    ); // prettier-ignore
  const resolves = (ours: object, theirs: object): boolean => {
    try {
      avsc.Type.forSchema(ours as avsc.Schema).createResolver(avsc.Type.forSchema(theirs as avsc.Schema));
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(schema, schema, (ours, theirs) => {
      expect(incompatibleFields(ours, theirs).length === 0).toBe(resolves(ours, theirs));
    }),
    { numRuns: 500 },
  );
});

test('a schema that differs in documents alone is the same', () => {
  expect(isSameSchema(BANK_AVRO, having('age', { doc: 'other', min: 5 }))).toBe(true);
  expect(isSameSchema(BANK_AVRO, having('age', { type: 'number' }))).toBe(false);
});
