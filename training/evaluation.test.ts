import { expect, test } from 'vitest';
import { averagePrecision, bestThreshold, evaluate, rocAuc } from './evaluation.ts';

const scores = [0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.3, 0.1];
const labels = [1, 1, 0, 1, 0, 1, 0, 0];

test('figures computed by hand', () => {
  // Of 16 pairs 13 are in order, and one pair is tied.
  expect(rocAuc(scores, labels)).toBeCloseTo(12.5 / 16, 12);
  expect(averagePrecision(scores, labels)).toBeCloseTo((1 + 1 + 3 / 4 + 4 / 7) / 4, 12);
  const result = evaluate(scores, labels, 0.5);
  expect(result.confusion).toEqual({ tp: 3, fp: 1, fn: 1, tn: 3 });
  expect([result.precision, result.recall, result.f1_churn, result.f1_weighted]).toEqual([
    0.75, 0.75, 0.75, 0.75,
  ]);
  expect(result.brier).toBeCloseTo((0.01 + 0.04 + 0.49 + 0.16 + 0.16 + 0.49 + 0.09 + 0.01) / 8, 12);
});

test('order does not matter, a constant score is worth nothing', () => {
  expect(rocAuc([...scores].reverse(), [...labels].reverse())).toBeCloseTo(rocAuc(scores, labels), 12);
  expect(rocAuc([0.5, 0.5, 0.5], [1, 0, 0])).toBe(0.5);
  expect(evaluate([0.2, 0.2, 0.2, 0.2, 0.2], [1, 0, 0, 0, 0], 0.5).ece).toBeCloseTo(0, 12);
});

test('the best threshold is the best of all', () => {
  const threshold = bestThreshold(scores, labels);
  const best = evaluate(scores, labels, threshold).f1_churn;
  for (let other = 0; other <= 1; other += 0.01)
    expect(evaluate(scores, labels, other).f1_churn).toBeLessThanOrEqual(best);
});
