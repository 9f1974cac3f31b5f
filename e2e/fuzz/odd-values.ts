/** Odd values, as JSON text: what parsers, checks and people stumble over. All of it is made from a seed. */
import type { Random } from '../../schemas/random.ts';

const STRINGS = [
  '', ' ', 'Customer 5', '7', '1e3', 'true', 'yes', 'null', 'NaN', 'Infinity', '-0', 'toString', 'constructor', '__proto__',
  '2024-02-31', '2024-02-31T00:00:00Z', '2026-03-29T02:30:00', '2026-01-31T12:00:00Z', '2026-01-31T24:00:00Z', '1700000000000',
  'ä', '日本', '😀', '\u0000', '\u2028', '\ufeff', '\ufffd', 'x'.repeat(128), 'x'.repeat(129), 'x'.repeat(5000),
].map((text) => JSON.stringify(text)); // prettier-ignore
/** What JSON.stringify does not write. */
const RAW_STRINGS = [
  '"\\ud800"', '"\\udc00"', '"a\\ud83d"', '"\\u0000"', '"\\u0061ge"', '"\\/"', '"\\""', '"\\\\"', '"\\ud83d\\ude00"',
]; // prettier-ignore
const NUMBERS = [
  '0', '-0', '-0.0', '1', '-1', '0.5', '1.0', '42', '1000', '1001', '150', '151', '1e3', '1E+3', '1e-7', '5e-324', '1e308', '1e309',
  '1e999', '-1e999', '2147483647', '2147483648', '9007199254740991', '9007199254740992', '9007199254740993', '1700000000',
  '1700000000000', '1700000000000.5', '1700000000000000', '8.64e15', '8640000000000001', `1${'0'.repeat(400)}`, `0.${'0'.repeat(400)}1`,
]; // prettier-ignore
const KEYS = [
  '"toString"', '"valueOf"', '"__proto__"', '"constructor"', '"then"', '"toJSON"', '"length"', '"0"', '"code"', '"message"', '""',
  '"credit_score"', '"event_id"', '"Age"', '"EventId"', '"CustomerId"', '"churn"', '"\\ud800"', '"\\u0061ge"', '"a.b"', '"other"',
]; // prettier-ignore
const NOT_JSON = [
  'undefined',
  'NaN',
  '01',
  '+1',
  '.5',
  '1.',
  '0x10',
  "'a'",
  '"\n"',
  '"\\x"',
  '{',
  ']',
  ',',
  '',
  '// a',
];
/** One in so many values is nested as deep as a record has room for. */
const DEEP_ONE_IN = 5000;

/** One of several. */
export const oneOf = <T>(random: Random, items: readonly T[]): T => items[random.int(items.length)]!;

/** An odd key, with its quotes. */
export const oddKey = (random: Random): string => oneOf(random, KEYS);

/** An odd value: a scalar, or arrays and objects of such. Now and then it is no JSON. */
export function oddValue(random: Random, depth = 0): string {
  const kind = random.int(depth > 3 ? 6 : 10);
  if (kind < 2) return oneOf(random, STRINGS);
  if (kind === 2) return oneOf(random, RAW_STRINGS);
  if (kind < 5) return oneOf(random, NUMBERS);
  if (kind === 5) return oneOf(random, ['true', 'false', 'null']);
  if (kind === 6) return random.int(20) === 0 ? oneOf(random, NOT_JSON) : oneOf(random, NUMBERS);
  if (kind === 7 && random.int(DEEP_ONE_IN) === 0) return deep(random);
  const items = Array.from({ length: random.int(4) }, () => oddValue(random, depth + 1));
  if (kind < 9) return `{${items.map((item) => `${oddKey(random)}:${item}`).join(',')}}`;
  return `[${items.join(',')}]`;
}

function deep(random: Random): string {
  const [open, close] = oneOf(random, [
    ['[', ']'],
    ['{"a":', '}'],
    ['[', ''],
  ]);
  const levels = 1000 + random.int(30_000);
  return open.repeat(levels) + (open === '[' ? '' : '1') + close.repeat(levels);
}

/** An object with some fields odd, some missing, some there twice, and some that nobody knows. */
export function oddObject(random: Random, fields: Readonly<Record<string, unknown>>): string {
  const members = Object.entries(fields).flatMap(([name, value]) => {
    const key = JSON.stringify(name);
    const good = `${key}:${JSON.stringify(value)}`;
    const odd = (): string => `${key}:${oddValue(random)}`;
    const change = random.int(40);
    if (change === 0) return [];
    if (change < 6) return [odd()];
    return change === 6 ? [good, odd()] : [good];
  });
  if (random.int(3) === 0) members.push(`${oddKey(random)}:${oddValue(random)}`);
  if (random.int(8) === 0) members.reverse();
  const space = oneOf(random, ['', '', '', ' ', '\n\t']);
  return `${oneOf(random, ['', '', '', '', ' ', '\ufeff'])}{${members.join(`,${space}`)}}`;
}
