import { expect, test } from 'vitest';
import type { Manifest } from '../models/manifest.ts';
import { profileCategories, profileNumbers } from './bins.ts';
import { binName, explainMoves, explainShift } from './explain.ts';
import type { Pane } from './pane.ts';
import type { WindowTest } from './window-test.ts';

const age = profileNumbers('age', [...Array(1000).keys()]);
const country = profileCategories('country', ['France', 'Spain'], [...Array(100).keys()].map((i) => (i < 60 ? 'France' : 'Spain'))); // prettier-ignore
const profile: Manifest['profile'] = {
  rows: 1000,
  features: [age, country],
  score: { ...age, name: 'score' },
};

const pane = (counts: readonly (readonly number[])[], contributions: readonly number[], events = 100): Pane => ({
  ...{ firstOffset: 0, lastOffset: 1, events, minTimestamp: 1, maxTimestamp: 1, customers: [], counts, contributions },
}); // prettier-ignore
const one = (name: string, drifted: boolean, effect: number) => ({
  ...{ name, drifted, effect, psi: 0, chiSquare: 0, degrees: 1, pValue: 0 },
});
const tested = (...series: WindowTest['series']): WindowTest => ({
  ...{ events: 100, customers: 100, drifted: true, calm: false, series },
});

test('bins by name: ranges, categories, and the special ones', () => {
  expect([0, 1, 9, 10, 11, 12].map((bin) => binName(age, bin))).toEqual([
    'up to 99', '99 to 199', 'above 899', 'missing', 'unseen', 'out of range',
  ]); // prettier-ignore
  expect([0, 1, 2, 3].map((bin) => binName(country, bin))).toEqual(['France', 'Spain', 'missing', 'unseen']);
  expect(binName({ ...age, edges: [], counts: [1, 0, 0, 0] }, 0)).toBe('any number');
});

test('the bins that moved most of each series that drifted, and every special one; the largest drift first', () => {
  const ages = [...new Array<number>(9).fill(10), 4, 1, 0, 5];
  const window = pane([ages, [42, 38, 0, 20, 0], ages], [0, 0, 0]);
  const moves = explainMoves(window, tested(one('age', true, 0.1), one('country', true, 0.3), one('score', false, 0)), profile);
  expect(moves.map(({ series, bin, expected, found }) => [series, bin, expected, found])).toEqual([
    ['country', 'unseen', 0, 0.2], ['country', 'France', 0.6, 0.42], ['country', 'Spain', 0.4, 0.38],
    ['age', 'above 899', 0.1, 0.04], ['age', 'out of range', 0, 0.05], ['age', 'missing', 0, 0.01],
  ]);
}); // prettier-ignore

test('the shift of the mean margin is the sum of those of the features, from events without drift if there are enough', () => {
  const window = pane([], [30, -10, 20]);
  const base = explainShift(window, { events: 1999, contributions: [1, 1, 2] }, profile);
  expect(base).toMatchObject({ referenceEvents: 0, margin: 0.2 });
  expect(Math.abs(base.residual)).toBeLessThan(1e-12);
  expect(base.features).toEqual([{ name: 'age', shift: 0.3 }, { name: 'country', shift: -0.1 }]);
  const from = explainShift(window, { events: 2000, contributions: [100, 100, 200] }, profile);
  expect(from).toMatchObject({ referenceEvents: 2000, margin: 0.1 });
  expect(from.features[0]!.shift).toBeCloseTo(0.25, 12);
  expect(Math.abs(from.residual)).toBeLessThan(1e-12);
}); // prettier-ignore
