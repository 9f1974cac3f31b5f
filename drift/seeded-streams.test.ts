/** A small version of `make bench SECTIONS=drift`: seeded streams with and without drift. */
import { expect, test } from 'vitest';
import type { Manifest } from '../models/manifest.ts';
import type { DriftCounts } from '../schemas/generated.ts';
import { Ids } from '../schemas/customer/ids.ts';
import { createRandom, type Random } from '../schemas/random.ts';
import { createBinOf, profileNumbers } from './bins.ts';
import { countCustomers } from './customers.ts';
import { initialState, takeCounts, type Verdict } from './monitor.ts';
import { RULE } from './rule.fixture.ts';

const rule = { ...RULE, windowPanes: 8, requestEvents: 8000, cooldownEvents: 8000 };
const SD = 10;

/** Ages of so many customers, and the profile of others of the same law. */
const profileOf = (random: Random, rows: number): Manifest['profile'] => {
  const age = profileNumbers(
    'age',
    Array.from({ length: rows }, () => 40 + SD * random.normal()),
  );
  return { rows, features: [age], score: { ...age, name: 'score' } };
};

/** @param of the n-th event: which customer, and by how much older. */
function verdictsOf(seed: number, rows: number, records: number, of: (nth: number) => { customer: number; older: number }): Verdict[] {
  const random = createRandom(seed);
  const profile = profileOf(random, rows);
  const binOf = createBinOf(profile.features[0]!);
  const ages = new Map<number, number>();
  let state = initialState('m', 3);
  const verdicts: Verdict[] = [];
  for (let offset = 0; offset < records; offset++) {
    const counts = profile.features[0]!.counts.map(() => 0);
    const ids = new Ids(250);
    for (let nth = offset * 250; nth < (offset + 1) * 250; nth++) {
      const { customer, older } = of(nth);
      if (!ages.has(customer)) ages.set(customer, 40 + SD * random.normal());
      counts[binOf(ages.get(customer)! + older)]! += 1;
      ids.setText(nth % 250, `customer-${String(customer)}`);
    }
    const series = ['age', 'score'].map((name) => ({ name, counts, contributionSum: 0 }));
    const customers = Array.from(countCustomers(ids, 250));
    const range = { sourceTopic: 't', sourcePartition: 0, firstOffset: offset * 250, lastOffset: offset * 250 + 249 };
    const record: DriftCounts = { modelSha256: 'm', activation: 3, ...range, maxTimestamp: offset, events: 250, series, customers };
    const step = takeCounts(state, record, offset, profile, rule);
    state = step.state;
    if (step.verdict !== undefined) verdicts.push(step.verdict);
  }
  return verdicts;
} // prettier-ignore

const SEEDS = [1, 2, 3, 4, 5, 6];
const calm = (customer: number) => ({ customer, older: 0 });

test.each([
  ['each customer once, a profile of 1,000', 1000, calm],
  ['customers twenty times in turn', 8000, (nth: number) => calm(Math.floor(nth / 20))],
  ['customers a hundred times', 8000, (nth: number) => calm(nth % 200)],
  ['one bursts 1,000 events', 8000, (nth: number) => calm(nth >= 9000 && nth < 10_000 ? 0 : nth)],
])('no drift: %s', (_, rows, of) => {
  for (const seed of SEEDS) {
    const verdicts = verdictsOf(seed, rows, 80, of);
    expect(verdicts).toHaveLength(40);
    expect(verdicts.filter(({ alert, request }) => alert || request)).toEqual([]);
  }
});

test.each([
  [2, 4500],
  [3, 3500],
  [5, 3000],
])('%i years older: an alert within %i events, then one request', (older, within) => {
  for (const seed of SEEDS) {
    const verdicts = verdictsOf(seed, 8000, 120, (nth) => ({
      customer: nth,
      older: nth < 10_000 ? 0 : older,
    }));
    const alert = verdicts.findIndex((verdict) => verdict.alert);
    expect([(alert + 1) * 500 > 10_000, (alert + 1) * 500 - 10_000 <= within + 1500]).toEqual([true, true]);
    expect(verdicts.filter(({ request }) => request)).toHaveLength(1);
  }
});

test('days of the young and nights of the old: alerts, and no request', () => {
  for (const seed of SEEDS) {
    const verdicts = verdictsOf(seed, 8000, 200, (nth) => ({ customer: nth, older: Math.floor(nth / 4000) % 2 === 0 ? 3 : -3 }));
    expect(verdicts.some(({ alert }) => alert)).toBe(true);
    expect(verdicts.some(({ request }) => request)).toBe(false);
  }
}); // prettier-ignore
