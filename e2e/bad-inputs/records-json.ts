/** JSON with odd values, and text that is nearly JSON. */
import {
  field,
  invalid,
  json,
  letter,
  recordsOfKind,
  scored,
  scoredOtherwise,
  text,
  valued,
  type RecordCase,
  type RecordInput,
} from './record-case.ts';

const values: readonly RecordInput[] = [
  {
    input: '`{"toString":1}` as the time',
    record: field('occurredAt', '{"toString":1}'),
    back: invalid(
      'occurredAt is an object, not milliseconds since 1970 or an ISO 8601 time with an offset, such as 2026-01-31T12:00:00Z',
    ),
  },
  {
    input: '`{"valueOf":null,"toString":[]}` as an age',
    record: field('age', '{"valueOf":null,"toString":[]}'),
    back: invalid('age is an object, not a number'),
  },
  {
    input: '`{"then":1}` as a customer id',
    record: field('customerId', '{"then":1}'),
    back: invalid('customerId is an object, not a string'),
  },
  {
    input: '20,000 arrays in each other as an age',
    record: field('age', '['.repeat(20_000) + ']'.repeat(20_000)),
    back: invalid('age is an array, not a number'),
  },
  {
    input: '40,000 objects in each other, in a field that nobody reads',
    record: text((whole) => `{"note":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)},${whole.slice(1)}`),
    back: scored(),
  },
  {
    input: '`__proto__`, `constructor` and `toString` as further fields',
    record: text((whole) => `{"__proto__":{"age":1},"constructor":null,"toString":7,${whole.slice(1)}`),
    back: scored('ignored and counted'),
  },
  {
    input: '`credit_score` and `geograpy`, and no other input',
    record: ({ eventId, customerId, occurredAt }) =>
      valued(
        { customerId } as never,
        JSON.stringify({ eventId, customerId, occurredAt, credit_score: 600, geograpy: 'Spain' }),
      ),
    back: invalid('no model input: misspelt is creditScore, geography'),
  },
  {
    input: '`tenuer` instead of `tenure`',
    record: text((whole) => whole.replace('"tenure"', '"tenuer"')),
    back: scoredOtherwise('without a tenure; the field is counted and named in the log'),
  },
  {
    input: 'a field under both its names',
    record: json({ Age: 40 }),
    back: invalid('age and Age are one field: only one may be there'),
  },
  { input: 'an empty object', record: text(() => '{}'), back: invalid('eventId is missing') },
];

const inputs: readonly RecordInput[] = [
  { input: '`"42"` as an age', record: field('age', '"42"'), back: invalid('age is a string, not a number') },
  {
    input: '`1e999` as a balance',
    record: field('balance', '1e999'),
    back: invalid('balance is infinite, possible are 0..any finite amount'),
  },
  {
    input: '1 and 400 zeros as a salary',
    record: field('estimatedSalary', `1${'0'.repeat(400)}`),
    back: invalid('estimatedSalary is infinite, possible are 0..any finite amount'),
  },
  {
    input: '`1e308` as a balance',
    record: field('balance', '1e308'),
    back: scoredOtherwise('a finite number'),
  },
  { input: '`NaN` as a balance', record: field('balance', 'NaN'), back: letter('RECORD_UNDECODABLE') },
  {
    input: '`"NaN"` as a balance',
    record: field('balance', '"NaN"'),
    back: invalid('balance is a string, not a number'),
  },
  {
    input: '`-1` as an age',
    record: field('age', '-1'),
    back: invalid('age is below 0, possible are 0..150'),
  },
  {
    input: '`41.5` as an age',
    record: field('age', '41.5'),
    back: invalid('age is not a whole number'),
  },
  {
    input: '`2` as a flag',
    record: field('hasCrCard', '2'),
    back: invalid('hasCrCard is a number, not true or false'),
  },
  {
    input: 'a country of 129 characters',
    record: field('geography', `"${'x'.repeat(129)}"`),
    back: invalid('geography has 129 characters, allowed are at most 128'),
  },
];

const texts: readonly RecordInput[] = [
  {
    input: 'a key twice',
    record: text((whole) => `{"customerId":"another",${whole.slice(1)}`),
    back: invalid('the key "customerId" is there twice'),
  },
  {
    input: 'a key twice, once with an escape (`"\\u0061ge"`)',
    record: text((whole) => `{"\\u0061ge":7,${whole.slice(1)}`),
    back: invalid('the key "age" is there twice'),
  },
  {
    input: 'a key twice that nobody reads',
    record: text((whole) => `{"note":1,"note":2,${whole.slice(1)}`),
    back: invalid('a key that is no field is there twice'),
  },
  {
    input: 'JSON cut in the middle',
    record: text((whole) => whole.slice(0, whole.length / 2)),
    back: letter('RECORD_UNDECODABLE'),
  },
  { input: 'JSON and `;`', record: text((whole) => `${whole};`), back: letter('RECORD_UNDECODABLE') },
  { input: 'two objects', record: text((whole) => whole + whole), back: letter('RECORD_UNDECODABLE') },
  {
    input: 'an array of an event',
    record: text((whole) => `[${whole}]`),
    back: letter('RECORD_UNDECODABLE', 'first byte 0x5b starts neither JSON nor the Confluent wire format'),
  },
  {
    input: '`null`',
    record: text(() => 'null'),
    back: letter('RECORD_UNDECODABLE', 'first byte 0x6e starts neither JSON nor the Confluent wire format'),
  },
  {
    input: 'a space, then a number',
    record: text(() => ' 17'),
    back: invalid('the value is not an object with the fields of a CustomerEvent'),
  },
  {
    input: '`\'` instead of `"`',
    record: text((whole) => whole.replaceAll('"', "'")),
    back: letter('RECORD_UNDECODABLE'),
  },
];

const NOT_UTF8 = 'JSON that is not UTF-8';
const half = (name: string): string => `${name} holds half a character`;
const bytesOf =
  (place: string, bytes: string) =>
  (whole: string): Buffer =>
    Buffer.from(
      Buffer.from(whole.replace(place, '????')).toString('latin1').replace('????', bytes),
      'latin1',
    );

const encodings: readonly RecordInput[] = [
  {
    input: 'a byte order mark before UTF-8',
    record: text((whole) => `\ufeff${whole}`),
    back: scored('the mark is skipped'),
  },
  {
    input: 'two byte order marks',
    record: text((whole) => `\ufeff\ufeff${whole}`),
    back: letter('RECORD_UNDECODABLE'),
  },
  {
    input: 'UTF-16 with a byte order mark',
    record: text((whole) => Buffer.from(`\ufeff${whole}`, 'utf16le')),
    back: letter('RECORD_UNDECODABLE', 'first byte 0xff starts neither JSON nor the Confluent wire format'),
  },
  {
    input: 'UTF-16 without one',
    record: text((whole) => Buffer.from(whole, 'utf16le')),
    back: letter('RECORD_UNDECODABLE'),
  },
  {
    input: 'Latin-1 (`M\\xfcnchen` as a country)',
    record: text(bytesOf('France', 'M\xfcnchen')),
    back: letter('RECORD_UNDECODABLE', NOT_UTF8),
  },
  {
    input: 'a `/` in two bytes (overlong UTF-8)',
    record: text(bytesOf('France', '\xc0\xaf')),
    back: letter('RECORD_UNDECODABLE', NOT_UTF8),
  },
  {
    input: 'half a surrogate pair in three bytes',
    record: text(bytesOf('France', '\xed\xa0\x80')),
    back: letter('RECORD_UNDECODABLE', NOT_UTF8),
  },
  {
    input: '`"\\ud800"` as a customer id',
    record: field('customerId', '"\\ud800"'),
    back: invalid(half('customerId')),
  },
  {
    input: '`"\\ud800"` as a country',
    record: field('geography', '"\\ud800"'),
    back: invalid(half('geography')),
  },
  {
    input: '`"\\u0000"` and an emoji as ids',
    record: json({ eventId: '\u0000', customerId: '😀' }),
    back: scored('they are text'),
  },
];

export const JSON_RECORDS: readonly RecordCase[] = [
  ...recordsOfKind('JSON values', values),
  ...recordsOfKind('inputs', inputs),
  ...recordsOfKind('JSON text', texts),
  ...recordsOfKind('encodings', encodings),
];
