import { expect, test } from 'vitest';
import type { CustomerEvent, InputValue } from '../schemas/customer/schema.ts';
import { GYM } from './invented.fixture.ts';
import { sliceRows } from './slices.ts';

const eventsWith = (name: string, values: readonly InputValue[]): CustomerEvent[] =>
  values.map((value) => ({ eventId: '', customerId: '', occurredAt: 0, [name]: value }));
const groups = (input: string, bounds: readonly number[], values: readonly InputValue[]) => [
  ...sliceRows({ ...GYM, slices: [{ input, bounds }] }, eventsWith(input, values)).get(input)!,
];

test('bands of whole numbers name their last one, of other numbers what they lie below; missing comes last', () => {
  expect(groups('visits', [5, 10], [null, 12, 9, 5, 4, 10])).toEqual([
    ['below 5', [4]],
    ['5 to 9', [2, 3]],
    ['10 and above', [1, 5]],
    ['missing', [0]],
  ]);
  expect(groups('fee', [5, 10], [4.9, 9.99, 10]).map(([name]) => name)).toEqual([
    'below 5',
    '5 to below 10',
    '10 and above',
  ]);
});

test('levels come by name; a band without customers is left out', () => {
  expect(groups('club', [], ['West', null, 'North', 'West'])).toEqual([
    ['North', [2]],
    ['West', [0, 3]],
    ['missing', [1]],
  ]);
  expect(groups('visits', [5, 10], [1, 20]).map(([name]) => name)).toEqual(['below 5', '10 and above']);
});

test('of many levels the largest are told apart', () => {
  const values = Array.from({ length: 200 }, (_, i) => (i < 100 ? 'big' : `small ${String(i)}`));
  const found = new Map(groups('club', [], values));
  expect(found.size).toBe(41);
  expect([found.get('big')!.length, found.get('all others')!.length]).toEqual([100, 61]);
  expect([...found.values()].flat().sort((a, b) => a - b)).toEqual(values.map((_, i) => i));
});
