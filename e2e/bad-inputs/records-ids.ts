/** Times and ids with two readings, or none. */
import {
  field,
  invalid,
  json,
  recordsOfKind,
  scored,
  text,
  type MakeRecord,
  type RecordCase,
  type RecordInput,
} from './record-case.ts';

const noTime = (kind: string) =>
  invalid(
    `occurredAt is ${kind}, not milliseconds since 1970 or an ISO 8601 time with an offset, such as 2026-01-31T12:00:00Z`,
  );
const farAway = (where: 'too early' | 'too late') =>
  invalid(`occurredAt is ${where}, possible are times from 2000-01-01 until 2100-01-01`);
const at = (time: string): MakeRecord => field('occurredAt', time);
const named = (time: string, back = noTime('a string')): RecordInput => ({
  input: `\`"${time}"\``,
  record: at(`"${time}"`),
  back,
});

const times: readonly RecordInput[] = [
  named('2026-01-31T12:00:00'),
  named('2024-02-31T00:00:00Z'),
  named('2026-01-31T24:00:00Z'),
  named('2026-01-31T12:00:60Z'),
  named('2026-01-31'),
  named('1764000000000'),
  named('Customer 5'),
  named('2026-01-31T12:00:00+24:00'),
  named('1970-01-01T00:00:00Z', farAway('too early')),
  named(
    '2026-01-31 13:00:00.123456+01:00',
    scored(
      'the same instant everywhere; finer than milliseconds is cut off',
      Date.UTC(2026, 0, 31, 12, 0, 0, 123),
    ),
  ),
];

const numbers: readonly RecordInput[] = [
  { input: 'seconds', record: at('1764000000'), back: farAway('too early') },
  { input: 'microseconds', record: at('1764000000000000'), back: farAway('too late') },
  { input: 'half a millisecond', record: at('1764000000000.5'), back: noTime('a number') },
  { input: '`0`', record: at('0'), back: farAway('too early') },
  { input: '`-1764000000000`', record: at('-1764000000000'), back: farAway('too early') },
  { input: '`1e400`', record: at('1e400'), back: noTime('a number') },
  { input: '`true`', record: at('true'), back: noTime('a boolean') },
  { input: '`null`', record: at('null'), back: invalid('occurredAt is missing') },
  { input: '`1.764e12`', record: at('1.764e12'), back: scored('the number is whole') },
  { input: 'no time', record: json({ occurredAt: undefined }), back: invalid('occurredAt is missing') },
];

/** The event with its customer id under the data set's own name. */
const column = (value: string): MakeRecord =>
  text((whole) => whole.replace(/"customerId":"[^"]*"/, `"CustomerId":${value}`));
const rounded = invalid('customerId is a number, but no whole one of at most 2^53: write ids as strings');

const ids: readonly RecordInput[] = [
  {
    input: 'an empty text',
    record: json({ customerId: '' }),
    back: invalid('customerId has 0 characters, allowed are 1..128'),
  },
  {
    input: '129 characters',
    record: json({ eventId: 'x'.repeat(129) }),
    back: invalid('eventId has 129 characters, allowed are at most 128'),
  },
  { input: '`null`', record: json({ customerId: null }), back: invalid('customerId is missing') },
  {
    input: '`CustomerID`, which is no field',
    record: text((whole) => whole.replace('"customerId"', '"CustomerID"')),
    back: invalid('customerId is missing: misspelt is customerId'),
  },
  {
    input: 'a number under the field’s own name',
    record: field('customerId', '502'),
    back: invalid('customerId is a number, not a string'),
  },
  {
    input: '`9007199254740993` as a `CustomerId`',
    record: column('9007199254740993'),
    back: rounded,
  },
  { input: '`502.5` as a `CustomerId`', record: column('502.5'), back: rounded },
  { input: '`-0` as a `CustomerId`', record: column('-0'), back: rounded },
  { input: '`502.0` as a `CustomerId`', record: column('502.0'), back: scored('the id is `502`') },
  {
    input: '`true`',
    record: field('customerId', 'true'),
    back: invalid('customerId is a boolean, not a string'),
  },
];

export const ID_RECORDS: readonly RecordCase[] = [
  ...recordsOfKind('times as text', times),
  ...recordsOfKind('times as numbers', numbers),
  ...recordsOfKind('ids', ids),
];
