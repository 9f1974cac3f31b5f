import { expect, test } from 'vitest';
import { copyOfSchema } from '../models/customer-copy.ts';
import type { Manifest } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { BANK, customerSchema } from '../schemas/customer/bank.fixture.ts';
import { createEventReader } from '../schemas/customer/event-reader.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { createModelDecoders } from './model-decoders.ts';

const champion: Manifest = (await readRelease('models/champion')).manifest;
const names = champion.features.map(({ name }) => name);
const trainedBy = (schema: CustomerSchema, threshold = 0.5): Manifest => ({
  ...champion,
  threshold,
  customer: copyOfSchema(schema, names),
});
/** The bank's, with another limit of the age, and another name for it. */
const changed = (max: number, alias: string): CustomerSchema =>
  customerSchema({
    inputs: BANK.inputs.map((input) => (input.name === 'age' ? { ...input, max, aliases: [alias] } : input)),
  });
const event = { eventId: 'e', customerId: 'c', occurredAt: 1_764_000_000_000, Age: 120, years: 60 };

test('each model reads events by its own copy, whatever the configured schema says', () => {
  const readerOf = createModelDecoders(changed(100, 'Alter'), createEventReader);
  const read = (model: Manifest, more: object) => readerOf(model).read({ ...event, ...more });
  expect(read(trainedBy(BANK), { years: undefined })).toMatchObject({ age: 120 });
  expect(read(trainedBy(changed(70, 'years')), { Age: undefined })).toMatchObject({ age: 60 });
  expect(read(trainedBy(changed(50, 'years')), { Age: undefined })).toMatchObject({
    message: expect.stringMatching(/age is too large/) as string,
  });
  // Without a copy: the configured schema.
  expect(read({ ...champion, customer: undefined }, { Alter: 101 })).toMatchObject({
    code: 'RECORD_INVALID',
  });
});

test('models with the same copy share a decoder; the number of decoders is bounded', () => {
  const made: CustomerSchema[] = [];
  const decoderOf = createModelDecoders(BANK, (schema) => made.push(schema));
  expect(decoderOf(trainedBy(BANK))).toBe(decoderOf(trainedBy(BANK, 0.3)));
  for (let max = 100; max < 130; max++) decoderOf(trainedBy(changed(max, 'Age')));
  expect(made).toHaveLength(31);
  decoderOf(trainedBy(changed(129, 'Age')));
  expect(made).toHaveLength(31);
  decoderOf(trainedBy(BANK)); // the oldest is gone by now
  expect(made).toHaveLength(32);
});
