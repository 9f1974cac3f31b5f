/** Odd JSON events: each is taken as it is, or refused with the reason; docs/input.md has the table. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventShape } from './avro.ts';
import { BANK, BANK_READER, EVENT } from './customer/bank.fixture.ts';
import { createEventReader } from './customer/event-reader.ts';
import { EVENT_RULES } from './event.ts';
import type { CustomerEvent } from './customer/schema.ts';
import { decodeJson } from './json.ts';

const event: CustomerEvent = {
  eventId: 'e1', customerId: 'c1', occurredAt: 1_764_000_000_000, creditScore: 600, geography: 'France', gender: 'Male', age: 40,
  tenure: 3, balance: 60_000.5, numOfProducts: 2, hasCrCard: true, isActiveMember: false, estimatedSalary: 50_000,
}; // prettier-ignore
const text = JSON.stringify(event);
const read = (json: string | Buffer, unknown = new Map<string, number>(), shape = EVENT) =>
  decodeJson(Buffer.from(json as string), shape.read, unknown);
/** The event's text with one field written otherwise. */
const having = (field: string, value: string): string =>
  text.replace(`"${field}":${JSON.stringify(event[field])}`, `"${field}":${value}`);
const code = 'RECORD_INVALID';

test.each<[what: string, json: string, expected: Partial<CustomerEvent>]>([
  ['a byte order mark', `\ufeff${text}`, event],
  ['white space', text.replaceAll(',', ' ,\n'), event],
  ['escapes in a key', text.replace('"age"', '"\\u0061ge"'), event],
  ['escapes in a value', having('customerId', '"\\u0063\\/1\\ud83d\\ude00"'), { ...event, customerId: 'c/1😀' }],
  ['what is not ASCII', having('geography', '"España"'), { ...event, geography: 'España' }],
  ['an ISO time with an offset', having('occurredAt', '"2025-11-24T17:00:00+01:00"'), event],
  ['a number in another form', having('age', '4.0e1'), event],
  ['0 and 1 for booleans', having('hasCrCard', '1.0'), event],
  ['an unknown field that is nested', text.replace('{', '{"more":{"age":1,"a":[{"age":2}]},'), event],
  ['a text of over 1,000 bytes', text.replace('{', `{"more":"${'x'.repeat(2000)}",`), event],
  ['columns of the data set', '{"EventId":7,"CustomerId":15634602,"OccurredAt":1764000000000,"Age":40}', {
    eventId: '7', customerId: '15634602', age: 40, balance: null,
  }],
])('%s is read', (_, json, expected) => {
  expect(read(json)).toMatchObject(expected);
}); // prettier-ignore

test.each([
  [
    '{"eventId":"e","customerId":"c","occurredAt":{"toString":1}}',
    'occurredAt is an object, not milliseconds',
  ],
  [having('age', '{"toString":1}'), 'age is an object, not a number'],
  [having('eventId', '{"toString":1}'), 'eventId is an object, not a string'],
  [having('hasCrCard', '{"valueOf":[]}'), 'hasCrCard is an object, not true or false'],
  [having('geography', `${'['.repeat(20_000)}${']'.repeat(20_000)}`), 'geography is an array, not a string'],
  [having('customerId', '"\\ud800"'), 'customerId holds half a character'],
  [having('gender', '"a\\udc00"'), 'half a character'],
  [having('customerId', '5'), 'customerId is a number, not a string'],
  [
    '{"EventId":"e","CustomerId":9007199254740993,"OccurredAt":1764000000000,"Age":40}',
    'customerId is a number, but no whole one',
  ],
  [
    '{"EventId":"e","CustomerId":-0,"OccurredAt":1764000000000,"Age":40}',
    'customerId is a number, but no whole one',
  ],
  [
    '{"EventId":"e","CustomerId":1.5,"OccurredAt":1764000000000,"Age":40}',
    'customerId is a number, but no whole one',
  ],
  [having('occurredAt', '"7"'), 'occurredAt is a string'],
  [having('occurredAt', '7'), 'occurredAt is too early, possible are times from 2000-01-01 until 2100-01-01'],
  [having('occurredAt', '1764000000'), 'possible are times from 2000'],
  [having('occurredAt', '1764000000000000'), 'possible are times from 2000'],
  [having('occurredAt', '"1764000000000"'), 'an ISO 8601 time with an offset'],
  [having('occurredAt', '"2024-02-31T00:00:00Z"'), 'an ISO 8601 time with an offset'],
  [having('occurredAt', '"Customer 5"'), 'an ISO 8601 time with an offset'],
  [having('occurredAt', 'null'), 'occurredAt is missing'],
  [text.replace('{', '{"age":39,'), 'the key "age" is there twice'],
  [text.replace('{', '{"age":40,'), 'the key "age" is there twice'],
  [text.replace('{', '{"\\u0061ge":39,'), 'the key "age" is there twice'],
  [text.replace('{', '{"customerId":"c2",'), 'the key "customerId" is there twice'],
  [text.replace('{', '{"x":[1],"x":{"age":1},'), 'a key that is no field is there twice'],
  [text.replace('{', `{"x":"${'y'.repeat(2000)}","x":1,`), 'a key that is no field is there twice'],
  [text.replace('{', '{"__proto__":1,"__proto__":2,'), 'a key that is no field is there twice'],
  [text.replace('{', '{"Age":39,'), 'age and Age are one field'],
  [text.replace('"eventId"', '"event_id"'), 'eventId is missing: misspelt is eventId'],
])('%.90s is refused', (json, message) => {
  expect(read(json)).toMatchObject({ code, message: expect.stringContaining(message) as string });
});

test.each([
  [
    Buffer.concat([Buffer.from('{"eventId":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    'JSON that is not UTF-8',
  ],
  [Buffer.from([0xef, 0xbb, 0xbf]), 'JSON that ends too early'],
  [Buffer.from('{"a":}'), 'JSON that is not valid'],
  [Buffer.from('{"a":1,}'), 'JSON that is not valid at position 7'],
  [Buffer.from('['.repeat(20_000)), 'JSON that '],
])('%.20s is no JSON', (json, message) => {
  expect(read(json)).toMatchObject({
    code: 'RECORD_UNDECODABLE',
    message: expect.stringContaining(message) as string,
  });
});

test('a key that comes twice is found in a text of any length, and no other text is taken for one', () => {
  for (let length = 700; length < 2200; length += 1) {
    const more = text.replace('{', `{"more":"${(length % 2 === 0 ? 'x' : 'é').repeat(length)}",`);
    expect(read(more)).toEqual(event);
    if (length % 50 === 0) expect(read(more.replace('{', '{"age":1,'))).toMatchObject({ code });
  }
});

test('`__proto__` is a field like any other: it is not read, and counted', () => {
  const unknown = new Map<string, number>();
  const hidden = '{"eventId":"e","occurredAt":1764000000000,"age":40,"__proto__":{"customerId":"c"}}';
  expect(read(hidden, unknown)).toMatchObject({ code, message: 'customerId is missing' });
  expect(unknown).toEqual(new Map([['__proto__', 1]]));
});

test('a key that comes twice is found, wherever and however it is written', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string()),
    fc.dictionary(fc.string(), fc.string()),
  );
  const extra = fc.array(
    fc.tuple(
      fc.string({ minLength: 1 }).map((key) => `x${key}`),
      value,
    ),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(extra, fc.nat(20), fc.boolean(), (pairs, place, isTwice) => {
      const unique = [...new Map(pairs)];
      const members = [...Object.entries(event), ...unique].map(
        ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
      );
      if (isTwice) members.splice(place % members.length, 0, members[(place * 7) % members.length]!);
      const unknown = new Map<string, number>();
      const result = read(`{${members.join(',')}}`, unknown);
      if (isTwice)
        expect(result).toMatchObject({ code, message: expect.stringContaining('is there twice') as string });
      else expect([result, unknown.size]).toEqual([event, unique.length]);
    }),
    { numRuns: 2000 },
  );
});

test('an event without a model input is refused, with the fields that are misspelt; it is scored if that is wanted', () => {
  const empty =
    '{"eventId":"e","customerId":"c","occurredAt":1764000000000,"credit_score":600,"NUM_OF_PRODUCTS":1,"Geograpy":"France","age":null,"tags":[1]}';
  expect(read(empty)).toEqual({
    code,
    message: 'no model input: misspelt is creditScore, numOfProducts, geography',
  });
  const shape = eventShape(createEventReader(BANK, { ...EVENT_RULES, emptyEvents: 'score' }));
  expect(read(empty, undefined, shape)).toMatchObject({ eventId: 'e', age: null, creditScore: null });
});

test('unknown fields are counted under at most 20 names of at most 64 characters', () => {
  const unknown = new Map<string, number>();
  const snake =
    '{"eventId":"s1","customerId":"c1","occurredAt":1764000000000,"credit_score":600,"age":52,"num_of_products":1,"has_cr_card":true,"is_active_member":false,"estimated_salary":50000}';
  expect(read(snake, unknown)).toMatchObject({ eventId: 's1', age: 52, creditScore: null });
  expect(Object.fromEntries(unknown)).toEqual({
    credit_score: 1, num_of_products: 1, has_cr_card: 1, is_active_member: 1, estimated_salary: 1,
  }); // prettier-ignore
  for (let i = 0; i < 30; i++) read(text.replace('{', `{"${'n'.repeat(100)}":1,"y${String(i)}":1,`), unknown);
  expect(unknown.size).toBe(21);
  expect(unknown.get('other')).toBe(16);
  expect(unknown.get('n'.repeat(64))).toBe(30);
});

test('limits of times are handed in', () => {
  const rules = { ...EVENT_RULES, times: { fromMs: 0, toMs: 10 } };
  const { read } = createEventReader(BANK, rules);
  expect(read({ ...event, occurredAt: 9 })).toMatchObject({ occurredAt: 9 });
  expect(read({ ...event, occurredAt: 10 })).toMatchObject({ code });
});

test('never throws, whatever the value', () => {
  fc.assert(fc.property(fc.anything(), (raw) => typeof BANK_READER.read(raw) === 'object'));
  const field = fc.constantFrom(...Object.keys(event));
  fc.assert(
    fc.property(
      field,
      fc.anything(),
      (name, value) => typeof BANK_READER.read({ ...event, [name]: value }) === 'object',
    ),
    { numRuns: 3000 },
  );
});
