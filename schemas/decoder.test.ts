import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileWriter, createAvroEncoder } from './avro.ts';
import { BANK_AVRO, EVENT } from './customer/bank.fixture.ts';
import { createDecoder } from './decoder.ts';
import { isPoison } from './event.ts';
import type { CustomerEvent } from './customer/schema.ts';

const event: CustomerEvent = {
  eventId: 'e1', customerId: 'c1', occurredAt: 1_700_000_000_000, creditScore: 600, geography: 'France', gender: 'Male', age: 40,
  tenure: 3, balance: 60_000.5, numOfProducts: 2, hasCrCard: true, isActiveMember: false, estimatedSalary: 50_000,
}; // prettier-ignore
const decoder = createDecoder({
  shape: EVENT,
  maxRecordBytes: 10_000,
  findWriter: () => Promise.resolve(compileWriter(BANK_AVRO, EVENT)),
});
const decodeOne = async (value: Buffer) => (await decoder([value]))(value);

const text = fc.string({ minLength: 1, maxLength: 128 });
const ms = fc.integer({ min: Date.UTC(2000), max: Date.UTC(2100) - 1 });
const amount = fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }));
const whole = (max: number) => fc.option(fc.integer({ min: 0, max }));
const anyEvent: fc.Arbitrary<CustomerEvent> = fc.record({
  eventId: text, customerId: text, occurredAt: ms, creditScore: whole(1000),
  geography: fc.option(fc.string({ maxLength: 128 })), gender: fc.option(fc.string({ maxLength: 128 })), age: whole(150), tenure: whole(150),
  balance: amount, numOfProducts: whole(9), hasCrCard: fc.option(fc.boolean()), isActiveMember: fc.option(fc.boolean()), estimatedSalary: amount,
}).filter((given) => Object.values(given).filter((value) => value !== null).length > 3); // prettier-ignore

test('decode(encode(x)) = x in both encodings', async () => {
  const encode = createAvroEncoder(BANK_AVRO, 77);
  await fc.assert(
    fc.asyncProperty(anyEvent, async (given) => {
      expect(await decodeOne(encode(given))).toEqual(given);
      expect(await decodeOne(Buffer.from(JSON.stringify(given)))).toEqual(given);
    }),
  );
});

test('decode never throws, on any bytes and on any damage to good ones', async () => {
  const good = [createAvroEncoder(BANK_AVRO, 77)(event), Buffer.from(JSON.stringify(event))];
  const damage = fc.record({ which: fc.nat(1), at: fc.nat(400), byte: fc.nat(255), cut: fc.nat(400) });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      await decodeOne(Buffer.from(bytes));
    }),
    { numRuns: 500 },
  );
  await fc.assert(
    fc.asyncProperty(damage, async ({ which, at, byte, cut }) => {
      const bytes = Buffer.from(good[which]!);
      bytes[at % bytes.length] = byte;
      await decodeOne(bytes.subarray(0, bytes.length - (cut % bytes.length)));
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['', 'RECORD_EMPTY'],
  ['x'.repeat(10_001), 'RECORD_TOO_LARGE'],
  ['plain', 'RECORD_UNDECODABLE'],
  ['{"a":', 'RECORD_UNDECODABLE'],
  [' [1]', 'RECORD_INVALID'],
  [JSON.stringify({ ...event, age: 151 }), 'RECORD_INVALID'],
  [JSON.stringify({ ...event, age: 40.5 }), 'RECORD_INVALID'],
  [JSON.stringify({ ...event, balance: -0.01 }), 'RECORD_INVALID'],
  [JSON.stringify({ ...event, creditScore: 1001 }), 'RECORD_INVALID'],
  [JSON.stringify({ ...event, eventId: '' }), 'RECORD_INVALID'],
  [JSON.stringify({ ...event, eventId: 'x'.repeat(129) }), 'RECORD_INVALID'],
  [JSON.stringify({ ...event, customerId: 5 }), 'RECORD_INVALID'],
  [JSON.stringify({ ...event, hasCrCard: 'yes' }), 'RECORD_INVALID'],
  [JSON.stringify(event).replace('60000.5', '1e999'), 'RECORD_INVALID'],
])('%.30s is %s', async (value, code) => {
  expect(await decodeOne(Buffer.from(value))).toMatchObject({ code });
});

test('refusals are values, not events', async () => {
  const value = await decodeOne(Buffer.from('{}'));
  expect(isPoison(value)).toBe(true);
});
