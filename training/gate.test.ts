import { expect, test } from 'vitest';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import type { GateRules } from '../schemas/customer/schema.ts';
import { evaluate, type Evaluation } from './evaluation.ts';
import { checkHoldout, constantLogLoss, DEFAULT_RULES, gateRules, rulesFor, verdictOf } from './gate.ts'; // prettier-ignore

const NONE: GateRules = { minWeightedF1: undefined, minAucGain: undefined, minLogLossGain: undefined };

test('where churn is rare, one hundredth of what a constant score has is gain enough', () => {
  expect(rulesFor({ churned: 200, stayed: 800 })).toEqual(DEFAULT_RULES);
  expect(rulesFor({ churned: 10, stayed: 990 })).toEqual({ minAucGain: 0.05, minLogLossGain: 0.0006 });
});

test('the rules are those of the schema; the configuration takes the place of its F1, for any schema', () => {
  expect(gateRules(BANK, null)).toMatchObject({ minWeightedF1: 0.8, minAucGain: undefined });
  expect(gateRules(BANK, 0.9)).toMatchObject({ minWeightedF1: 0.9, minAucGain: undefined });
  expect(gateRules(BANK, 0)).toMatchObject({ minWeightedF1: 0 });
  expect(gateRules({ gate: NONE }, null)).toEqual({ minWeightedF1: undefined, ...DEFAULT_RULES });
  expect(gateRules({ gate: NONE }, 0.7)).toEqual({ minWeightedF1: 0.7, ...DEFAULT_RULES });
  expect(gateRules({ gate: { ...NONE, minAucGain: 0.2 } }, null)).toEqual({ ...NONE, minAucGain: 0.2 });
});

/** 100 customers of whom 20 left; `share` of those who left have the score of one who leaves. */
function figures(share: number): Evaluation {
  const labels = Array.from({ length: 100 }, (_, i) => Number(i < 20));
  return evaluate(labels.map((label, i) => (label === 1 && i < 20 * share ? 0.8 : 0.1)), labels, 0.5); // prettier-ignore
}

test('each rule that is asked is one check, with the figure and the bound', () => {
  expect(checkHoldout(figures(1), NONE)).toEqual([]);
  const checks = checkHoldout(figures(1), { minWeightedF1: 0.8, minAucGain: 0.2, minLogLossGain: 0.01 });
  expect(checks.map(({ passed }) => passed)).toEqual([true, true, true]);
  expect(checks.map(({ text }) => text)).toEqual([
    'weighted F1 1.0000 (above 0.80)',
    'ROC AUC 1.0000 (at least 0.7000: 0.5 and a gain of 0.2)',
    'log loss 0.1289 (at most 0.4904: 0.5004 of the best constant score less 0.01)',
  ]);
  const poor = checkHoldout(figures(0), { minWeightedF1: 0.8, minAucGain: 0.2, minLogLossGain: 0.01 });
  expect(poor.map(({ passed }) => passed)).toEqual([false, false, false]);
});

test('a bound with more than two decimals is shown whole, and a figure on the bound of F1 fails', () => {
  const { f1_weighted } = figures(0.5);
  const [on] = checkHoldout(figures(0.5), { ...NONE, minWeightedF1: f1_weighted });
  expect(on?.passed).toBe(false);
  expect(checkHoldout(figures(1), { ...NONE, minWeightedF1: 0.805 })[0]?.text).toContain('(above 0.805)');
});

test('a gain in AUC that chance gives on so few customers is none', () => {
  const few = evaluate([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [1, 0, 1, 0, 1, 0], 0.5);
  const [check] = checkHoldout(few, { ...NONE, minAucGain: 0.05 });
  expect(few.roc_auc).toBeGreaterThan(0.6);
  expect(check?.passed).toBe(false);
  expect(check?.text).toContain('what chance reaches on 3 who left and 3 who stayed');
});

test('the log loss of the churn rate as everyone’s score', () => {
  expect(constantLogLoss(50, 50)).toBeCloseTo(Math.log(2), 12);
  expect(constantLogLoss(1, 3)).toBeCloseTo(-(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75)), 12);
  expect(constantLogLoss(0, 3)).toBe(0);
});

test('one failed check fails the whole', () => {
  const checks = [{ passed: true, text: 'a' }, { passed: false, text: 'b' }]; // prettier-ignore
  expect(verdictOf(checks)).toEqual({ passed: false, reason: 'a; FAILED: b' });
});
