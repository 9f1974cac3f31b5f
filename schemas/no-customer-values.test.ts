/** Messages become headers of dead letters and lines of logs: whatever a record holds, they hold nothing of it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deadLetter } from '../consumers/dead-letter.ts';
import { compileWriter, OUTCOME, type Shape } from './avro.ts';
import { BANK_AVRO, EVENT } from './customer/bank.fixture.ts';
import { createDecoder } from './decoder.ts';
import { BankChurnError, messageWithoutValues } from './errors.ts';
import { SCHEMAS } from './generated.ts';

const TEXT = 'Zq7Marker';
const NUMBER = 73_317_331;
const EVENT_FIELDS = BANK_AVRO.fields.map(({ name }) => name);
const OUTCOME_FIELDS = SCHEMAS.CustomerOutcome.fields.map(({ name }) => name);
const COLUMNS = EVENT_FIELDS.map((name) => name[0]!.toUpperCase() + name.slice(1));

/** The marker as a value of any type, on its own and within others. */
const marked = fc.constantFrom<unknown>(
  TEXT, NUMBER, -NUMBER, NUMBER + 0.5, NUMBER * 1e300, [TEXT], { [TEXT]: NUMBER }, `${TEXT}\ud800`, TEXT.repeat(30), String(NUMBER),
  `2026-01-31T12:00:00${TEXT}`, null, true, '',
); // prettier-ignore

const good = { eventId: 'e', customerId: 'c', occurredAt: 1_764_000_000_000, age: 40 };
const goodOutcome = {
  outcomeId: 'o',
  customerId: 'c',
  eventId: null,
  churned: true,
  observedAt: 1_764_000_000_000,
};

/** JSON with the marker in some fields of ours, in misspelt ones and in ones that nobody knows. */
const objects = (valid: object, names: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.dictionary(
        fc.oneof(
          fc.constantFrom(...names),
          fc.constantFrom(...names).map((name) => `${name}s`),
          fc.constant(TEXT),
        ),
        marked,
        { maxKeys: 4 },
      ),
      fc.subarray(Object.keys(valid)),
    )
    .map(([fields, left]) =>
      JSON.stringify({
        ...Object.fromEntries(Object.entries(valid).filter(([name]) => !left.includes(name))),
        ...fields,
      }),
    );

/** The same text, whole or broken: cut, with something between, with a key twice, with other bytes. */
const broken = (whole: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      whole,
      fc.nat(400),
      fc.constantFrom(
        'whole',
        'cut',
        TEXT,
        `"${TEXT}"`,
        '\x01',
        '\\x',
        ',',
        '}',
        `{"${TEXT}":1,"${TEXT}":2,`,
        '\xff',
      ),
    )
    .map(([text, place, how]) => {
      if (how === 'whole') return Buffer.from(text);
      const at = place % (text.length + 1);
      if (how === 'cut') return Buffer.from(text.slice(0, at));
      if (how.startsWith('{')) return Buffer.from(how + text.slice(1));
      return Buffer.concat([
        Buffer.from(text.slice(0, at)),
        Buffer.from(how, 'latin1'),
        Buffer.from(text.slice(at)),
      ]);
    });

const TRACE = new RegExp(`${TEXT}|${String(NUMBER)}|7\\.3317331`);

async function messagesOf<T>(shape: Shape<T>, value: Buffer): Promise<string[]> {
  const decode = await createDecoder({ shape, maxRecordBytes: 5000, findWriter: undefined })([value]);
  const result = decode(value) as { code?: 'RECORD_INVALID'; message?: string };
  if (result.code === undefined) return [];
  const poison = { code: result.code, message: result.message! };
  const record = { offset: 1, timestampMs: 0, key: null, value, headers: {} };
  const letter = deadLetter({ topic: 't', topicId: undefined, partition: 0 }, 'g', record, poison, 10_000);
  return Object.values(letter.headers!).map(String);
}

test.each([
  ['an event', EVENT, good, [...EVENT_FIELDS, ...COLUMNS]],
  ['an outcome', OUTCOME, goodOutcome, OUTCOME_FIELDS],
] as const)('the dead letter of %s says nothing of its values', async (_, shape, valid, names) => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(broken(objects(valid, names)), async (value) => {
      const headers = await messagesOf<unknown>(shape, value);
      refused += headers.length > 0 ? 1 : 0;
      expect(headers.filter((header) => TRACE.test(header))).toEqual([]);
    }),
    { numRuns: 3000 },
  );
  expect(refused).toBeGreaterThan(500);
});

test('nor do Avro bodies, of which any byte may be wrong', () => {
  const decode = compileWriter(BANK_AVRO, EVENT);
  if (typeof decode !== 'function') throw new Error(decode.message);
  const body = Buffer.from(`\0\0\0\0\x01${TEXT.repeat(20)}`);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(body.length - 6), fc.nat(255)), { maxLength: 6 }), (changes) => {
      const bytes = Buffer.from(body);
      for (const [at, byte] of changes) bytes[at + 5] = byte;
      const result = decode(bytes, EVENT.read);
      if ('code' in result) expect(result.message).not.toMatch(TRACE);
    }),
  );
});

test('an error of our own code is named by class and place, one of ours by its message', () => {
  const thrown = [
    () => JSON.parse(`{"${TEXT}`) as unknown,
    () => (undefined as unknown as Record<string, () => void>)[TEXT]!(),
    () => BigInt(TEXT),
    () => {
      throw new Error(`\n    at ${TEXT}/${TEXT}.ts:1:1`);
    },
    () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw TEXT;
    },
  ];
  for (const run of thrown) {
    let error: unknown;
    try {
      run();
    } catch (caught) {
      error = caught;
    }
    expect(messageWithoutValues(error)).not.toContain(TEXT);
  }
  expect(messageWithoutValues(new TypeError(TEXT))).toMatch(
    /^TypeError at schemas\/no-customer-values\.test\.ts:\d+:\d+$/,
  );
  expect(messageWithoutValues(new BankChurnError('RECORD_INVALID', 'm'))).toBe('m');
});
