/** Headers that nobody expects, and records of odd sizes. */
import { now } from './records-batches.ts';
import { randomBytes } from 'node:crypto';
import { batchOf } from '../../kafka/kafkajs/record-batches.fixture.ts';
import {
  cutLetter,
  IGNORED,
  invalid,
  letter,
  recordsOfKind,
  scored,
  valued,
  withHeaders,
  type MakeRecord,
  type RecordCase,
  type RecordInput,
} from './record-case.ts';
import type { CustomerEvent } from '../../schemas/customer/schema.ts';

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${String(i)}`, 'v']));
/** A record without customer id, and with headers. */
const badWith =
  (headers: Readonly<Record<string, unknown>>): MakeRecord =>
  (event) => ({ ...withHeaders(headers)({ ...event, customerId: '' }), key: event.customerId });
const NO_ID_MESSAGE = 'customerId has 0 characters, allowed are 1..128';
const NO_ID = invalid(NO_ID_MESSAGE);
const NO_PROTOTYPE = {
  ...JSON.parse('{"__proto__":"a"}'),
  constructor: 'b',
  toString: 'c',
  then: 'd',
} as object;
const OURS = {
  'error-code': 'NONE', 'source-topic': 'elsewhere', 'source-partition': '99', 'source-offset': '7', 'source-first-offset': '1',
  'dead-letter-cut': 'true', 'original-size': '1', 'original-sha256': 'x', ce_id: 'elsewhere/99/7', 'content-type': 'image/png',
}; // prettier-ignore

const headers: readonly RecordInput[] = [
  { input: '5,000 on a good event', record: withHeaders(many(5000)), back: scored() },
  { input: '5,000 on a bad one', record: badWith(many(5000)), back: NO_ID },
  { input: '20,000', record: withHeaders(many(20_000)), back: letter('RECORD_TOO_LARGE') },
  {
    input: 'names `__proto__`, `constructor`, `toString` and `then`',
    record: badWith(NO_PROTOTYPE as never),
    back: NO_ID,
  },
  {
    input: 'a `traceparent` of 2 KB',
    record: withHeaders({ traceparent: 'x'.repeat(2000) }),
    back: scored('the header is dropped'),
  },
  { input: 'null and no bytes as values', record: badWith({ none: [null], empty: '' }), back: NO_ID },
  {
    input: 'a name a thousand times',
    record: badWith({ again: Array.from({ length: 1000 }, (_, i) => String(i)) }),
    back: NO_ID,
  },
  { input: 'one of 900 KB', record: badWith({ large: randomBytes(450_000).toString('hex') }), back: NO_ID },
  {
    input: 'an empty name, and one of an emoji and a NUL',
    record: badWith({ '': 'a', '😀\u0000': 'b' }),
    back: NO_ID,
  },
  {
    input: 'names of our own, such as `source-offset` and `dead-letter-cut`',
    record: badWith(OURS),
    back: NO_ID,
  },
];

/** The event in JSON, `size` bytes of it. */
const padded =
  (size: number) =>
  (event: CustomerEvent): string => {
    const whole = JSON.stringify({ ...event, note: '' });
    return whole.replace('"note":""', `"note":"${'n'.repeat(size - whole.length)}"`);
  };
const sized =
  (size: number): MakeRecord =>
  (event) =>
    valued(event, padded(size)(event));
const tooLarge = (size: number): string => `the value has ${String(size)} bytes, allowed are 262144`;

const sizes: readonly RecordInput[] = [
  { input: '262,144 bytes', record: sized(262_144), back: scored('the limit') },
  { input: '262,145 bytes', record: sized(262_145), back: letter('RECORD_TOO_LARGE', tooLarge(262_145)) },
  { input: '900 KB', record: sized(900_000), back: letter('RECORD_TOO_LARGE', tooLarge(900_000)) },
  {
    input: '3 MB of JSON that came as 3 KB of gzip',
    batch: async (event) => ({
      bytes: await batchOf([{ value: padded(3_000_000)(event) }], 'gzip', now()),
      records: 1,
      value: padded(3_000_000)(event),
    }),
    back: cutLetter('RECORD_TOO_LARGE', tooLarge(3_000_000)),
  },
  {
    input: 'a key of 500 KB on a good event',
    record: (event) => ({ key: Buffer.alloc(500_000, 'k'), value: JSON.stringify(event) }),
    back: scored(),
  },
  {
    input: 'a key of 500 KB on a bad one',
    record: () => ({ key: Buffer.alloc(500_000, 'k'), value: '{}' }),
    back: invalid('eventId is missing'),
  },
  {
    input: 'no bytes',
    record: (event) => valued(event, ''),
    back: letter('RECORD_EMPTY', 'the value has no bytes'),
  },
  { input: 'a null value', record: (event) => valued(event, null), back: IGNORED },
  {
    input: 'a null value, with `tombstones: dead-letter`',
    record: (event) => valued(event, null),
    back: letter('RECORD_EMPTY', 'the value is null'),
    isStrict: true,
  },
];

const letters: readonly RecordInput[] = [
  {
    input: 'a bad event of 100 KB',
    record: (event) => valued(event, padded(100_000)({ ...event, customerId: '' })),
    back: cutLetter('RECORD_INVALID', NO_ID_MESSAGE),
    isStrict: true,
  },
  {
    input: 'one with a header of 100 KB',
    record: badWith({ large: 'h'.repeat(100_000) }),
    back: cutLetter('RECORD_INVALID', NO_ID_MESSAGE),
    isStrict: true,
  },
  {
    input: 'one with 1,000 headers',
    record: badWith(many(1000)),
    back: cutLetter('RECORD_INVALID', NO_ID_MESSAGE),
    isStrict: true,
  },
  {
    input: 'one with a key of 100 KB',
    record: () => ({ key: Buffer.alloc(100_000, 'k'), value: '{}' }),
    back: cutLetter('RECORD_INVALID', 'eventId is missing'),
    isStrict: true,
  },
  {
    input: 'one of 19,900 bytes, with headers of our own',
    record: (event) => ({
      ...withHeaders(OURS)({ ...event, customerId: '' }),
      value: padded(19_900)({ ...event, customerId: '' }),
    }),
    back: cutLetter('RECORD_INVALID', NO_ID_MESSAGE),
    isStrict: true,
  },
];

export const HEADER_RECORDS: readonly RecordCase[] = recordsOfKind('headers', headers);
export const SIZE_RECORDS: readonly RecordCase[] = [
  ...recordsOfKind('sizes', sizes),
  ...recordsOfKind('letters of at most 20,000 bytes', letters),
];
