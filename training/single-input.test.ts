import { describe, expect, it, test } from 'vitest';
import { createRandom } from '../schemas/random.ts';
import type { InputValue } from '../schemas/customer/schema.ts';
import { sampleRows, singleInputAuc } from './single-input.ts';

const random = createRandom(1);
const labels = Uint8Array.from({ length: 2000 }, () => random.int(4) === 0 ? 1 : 0); // prettier-ignore
const auc = (valueOf: (label: number, row: number) => InputValue): number =>
  singleInputAuc([...labels].map(valueOf), labels);

describe('singleInputAuc', () => {
  it.each<[string, (label: number, row: number) => InputValue]>([
    ['a number that is higher', (label, row) => label * 10 + (row % 7)],
    ['a number that is lower', (label, row) => -label * 10 + (row % 7)],
    ['a number in the middle of the others', (label, row) => (label === 1 ? 50 : (row % 2) * 100)],
    ['a flag', (label) => label === 1],
    ['a level', (label, row) => (label === 1 ? `quit-${String(row % 3)}` : 'stays')],
    ['a missing value alone', (label) => (label === 1 ? 3 : null)],
    ['a missing level alone', (label) => (label === 1 ? null : 'x')],
  ])('finds %s', (_, valueOf) => {
    expect(auc(valueOf)).toBeGreaterThan(0.99);
  });

  it.each<[string, (label: number, row: number) => InputValue]>([
    ['noise', () => random.normal()],
    ['one level for each customer', (_, row) => `c-${String(row)}`],
    ['a level of few customers', (_, row) => `g-${String(row % 400)}`],
    ['one value', () => 7],
    ['nothing', () => null],
  ])('finds nothing in %s', (_, valueOf) => {
    expect(auc(valueOf)).toBeLessThan(0.56);
    expect(auc(valueOf)).toBeGreaterThanOrEqual(0.5);
  });
});

test('a sample is a part of very many rows, in an order that has nothing to do with theirs', () => {
  const rows = Array.from({ length: 300_000 }, (_, i) => i);
  const sample = sampleRows(rows);
  expect([sample.length, new Set(sample).size]).toEqual([10_000, 10_000]);
  expect(sampleRows(rows)).toEqual(sample);
  const everyFifth = sample.filter((row, i) => i % 2 === 0 && row % 5 === 0).length;
  expect(Math.abs(everyFifth - 1000)).toBeLessThan(150);
  expect(sampleRows([4, 5]).sort()).toEqual([4, 5]);
});
