import { expect, test } from 'vitest';
import { createRandom } from '../schemas/random.ts';
import { rocAuc } from './evaluation.ts';
import { compareAucs, countCustomers, customerMean, customerWeights, numberCustomers, type PairedRows } from './paired-auc.ts'; // prettier-ignore

/** Customers of whom one in four left, scored by two models; `repeats` rows of each. */
function draw(n: number, seed: number, repeats = 1): PairedRows {
  const random = createRandom(seed);
  const people = Array.from({ length: n }, (_, i) => {
    const label = Number(i % 4 === 0);
    const common = label + random.normal();
    return { label, champion: common + 0.5 * random.normal(), challenger: common + 0.5 * random.normal() };
  });
  const rows = people.flatMap((person, customer) =>
    Array.from({ length: repeats }, () => ({ ...person, customer })),
  );
  return {
    labels: rows.map(({ label }) => label),
    customers: Int32Array.from(rows, ({ customer }) => customer),
    champion: Float64Array.from(rows, ({ champion }) => champion),
    challenger: Float64Array.from(rows, ({ challenger }) => challenger),
  };
}

/** DeLong's formula as it stands in the paper: every pair, the covariances of the components. */
function delong({ labels, champion, challenger }: PairedRows): { difference: number; standardError: number } {
  const at = (wanted: number) => Array.from(labels).flatMap((label, row) => (label === wanted ? row : []));
  const [left, stayed] = [at(1), at(0)];
  const wins = (s: Float64Array, i: number, j: number) => (s[i]! > s[j]! ? 1 : s[i] === s[j] ? 0.5 : 0);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const d = (i: number, j: number) => wins(challenger, i, j) - wins(champion, i, j);
  const v10 = left.map((i) => mean(stayed.map((j) => d(i, j))));
  const v01 = stayed.map((j) => mean(left.map((i) => d(i, j))));
  const difference = mean(v10);
  const part = (v: readonly number[]) =>
    v.reduce((sum, x) => sum + (x - difference) ** 2, 0) / (v.length - 1) / v.length;
  return { difference, standardError: Math.sqrt(part(v10) + part(v01)) };
}

test('without repeated customers the comparison is DeLong’s, ties included', () => {
  const rows = draw(300, 1);
  const coarse = { ...rows, challenger: rows.challenger.map((score) => Math.round(score)) };
  for (const some of [rows, coarse]) {
    const { champion, challenger, difference } = compareAucs(some);
    const expected = delong(some);
    expect(champion.value).toBeCloseTo(rocAuc(some.champion, some.labels), 12);
    expect(challenger.value).toBeCloseTo(rocAuc(some.challenger, some.labels), 12);
    expect(difference.value).toBeCloseTo(expected.difference, 12);
    expect(difference.standardError).toBeCloseTo(expected.standardError, 12);
  }
});

test('a customer who repeats says no more than once', () => {
  const [once, often] = [compareAucs(draw(300, 1)), compareAucs(draw(300, 1, 20))];
  expect(often.difference.value).toBeCloseTo(once.difference.value, 12);
  expect(often.difference.standardError).toBeCloseTo(once.difference.standardError, 12);
});

test('one customer with a thousand rows weighs as much as any other', () => {
  const rows = draw(300, 1);
  const extra = 1000;
  const burst = {
    labels: [...Array.from(rows.labels), ...Array<number>(extra).fill(0)],
    customers: Int32Array.from([...rows.customers, ...Array<number>(extra).fill(1)]),
    champion: Float64Array.from([...rows.champion, ...Array<number>(extra).fill(-9)]),
    challenger: Float64Array.from([...rows.challenger, ...Array<number>(extra).fill(9)]),
  };
  const [calm, stormy] = [compareAucs(rows), compareAucs(burst)];
  expect(Math.abs(stormy.difference.value - calm.difference.value)).toBeLessThan(2 / 225);
});

test('one class alone has no ranks', () => {
  const { difference } = compareAucs({ ...draw(20, 1), labels: Array<number>(20).fill(1) });
  expect(difference.value).toBeNaN();
});

test('customers are numbered and counted, one with both labels on either side', () => {
  const customers = numberCustomers(['a', 'b', 'a', 'c']);
  expect([...customers]).toEqual([0, 1, 0, 2]);
  expect(countCustomers({ labels: [0, 1, 1, 0], customers })).toEqual({
    customers: 3,
    leavers: 2,
    stayers: 2,
  });
});

test('a mean over customers has the standard error of one', () => {
  const customers = Int32Array.from([0, 0, 1, 2]);
  const mean = customerMean(Float64Array.from([1, 3, 4, 9]), customers, customerWeights(customers));
  expect(mean.value).toBeCloseTo(5, 12);
  expect(mean.standardError).toBeCloseTo(Math.sqrt((9 + 1 + 16) / 6), 12);
});
