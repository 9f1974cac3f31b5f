import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRecord } from './record-encoding.ts';

/** kafkajs's own encoder, as it is in the package. */
const original = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (
  fields: object,
) => { buffer: Buffer };

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  fc.string({ maxLength: 200, unit: 'binary' }),
  fc.string({ minLength: 60, maxLength: 66 }), // ASCII about as long as is written without the buffer's own code
);
const fields = fc.record(
  {
    offsetDelta: fc.nat(2000),
    timestampDelta: fc.integer({ min: -1_000_000, max: 2_000_000_000 }),
    key: fc.option(bytes),
    value: fc.option(bytes),
    headers: fc.dictionary(fc.string({ maxLength: 20 }), fc.oneof(bytes, fc.array(bytes, { maxLength: 3 })), {
      maxKeys: 6,
    }),
  },
  { requiredKeys: [] },
);

test('the same bytes as the library’s own encoder', () => {
  fc.assert(
    fc.property(fields, (record) => {
      expect(Buffer.compare(encodeRecord(record), original(record).buffer)).toBe(0);
    }),
    { numRuns: 2000 },
  );
});

test('a large record', () => {
  const record = { key: 'k'.repeat(70_000), value: Buffer.alloc(900_000, 7), offsetDelta: 999 };
  expect(Buffer.compare(encodeRecord(record), original(record).buffer)).toBe(0);
});
