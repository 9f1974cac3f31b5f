import { expect, test } from 'vitest';
import { judgeChallenger, type GateFigures } from './gate.ts';

const rule = { minWeightedF1: 0.8, maxAucLoss: 0.01, minRecentLabels: 1000 };
const good: GateFigures = {
  weightedF1: 0.85,
  recentLabels: 1000,
  championAuc: 0.8,
  challengerAuc: 0.791,
};

test('passes on the bounds, with every number in the reason', () => {
  const { passed, reason } = judgeChallenger(good, rule);
  expect(passed).toBe(true);
  for (const number of ['1000', '0.7910', '0.8000', '0.7900', '0.8500', '0.8'])
    expect(reason).toContain(number);
});

test.each([
  ['too few labels', { recentLabels: 999 }, '999 recent labels'],
  ['a worse challenger', { challengerAuc: 0.7899 }, 'ROC AUC'],
  ['one class only', { challengerAuc: NaN, championAuc: NaN }, 'ROC AUC'],
  ['a weighted F1 on the bound', { weightedF1: 0.8 }, 'weighted F1'],
])('%s fails, and the reason says which', (_, change, named) => {
  const { passed, reason } = judgeChallenger({ ...good, ...change }, rule);
  expect(passed).toBe(false);
  expect(reason.split('; ').filter((part) => part.startsWith('FAILED'))).toEqual([
    expect.stringContaining(named),
  ]);
});

test('without a base set the weighted F1 is not looked at, and that is said', () => {
  const { passed, reason } = judgeChallenger({ ...good, weightedF1: undefined }, rule);
  expect([passed, reason.includes('no base set')]).toEqual([true, true]);
});
