import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averagePrecision, bestThreshold, evaluate, rocAuc } from './evaluation.ts';

describe('evaluate', () => {
  /** By hand: at 0.5 predicted are rows 0, 1, 2; of them 0 and 2 left. */
  const scores = [0.9, 0.8, 0.6, 0.4, 0.3, 0.1];
  const labels = [1, 0, 1, 1, 0, 0];
  const figures = evaluate(scores, labels, 0.5);

  it('counts the confusion', () => {
    expect(figures.confusion).toEqual({ tp: 2, fp: 1, fn: 1, tn: 2 });
    expect(figures.precision).toBeCloseTo(2 / 3, 12);
    expect(figures.recall).toBeCloseTo(2 / 3, 12);
    expect(figures.f1_churn).toBeCloseTo(2 / 3, 12);
    expect(figures.f1_weighted).toBeCloseTo(2 / 3, 12);
  });

  it('weights F1 by the size of the classes', () => {
    // tp 1, fp 1, fn 0, tn 2: F1 of churn 2/3, of stayed 4/5.
    const uneven = evaluate([0.9, 0.8, 0.2, 0.1], [1, 0, 0, 0], 0.5);
    expect(uneven.f1_weighted).toBeCloseTo((2 / 3 + 3 * (4 / 5)) / 4, 12);
    expect(uneven.f1_macro).toBeCloseTo((2 / 3 + 4 / 5) / 2, 12);
  });

  it('ranks: 7 of 9 pairs in order; precision at each hit 1, 2/3, 3/4', () => {
    expect(figures.roc_auc).toBeCloseTo(7 / 9, 12);
    expect(figures.pr_auc).toBeCloseTo((1 + 2 / 3 + 3 / 4) / 3, 12);
  });

  it('measures distance and calibration', () => {
    expect(figures.brier).toBeCloseTo((0.01 + 0.64 + 0.16 + 0.36 + 0.09 + 0.01) / 6, 12);
    const likelihood = 0.9 * 0.2 * 0.6 * 0.4 * 0.7 * 0.9;
    expect(figures.log_loss).toBeCloseTo(-Math.log(likelihood) / 6, 12);
    // Two bins: 0.12 and 0.14 (none left), 0.95 and 0.97 (one of two left).
    const ece = evaluate([0.12, 0.14, 0.95, 0.97], [0, 0, 1, 0], 0.5).ece;
    expect(ece).toBeCloseTo((2 * 0.13 + 2 * Math.abs(0.96 - 0.5)) / 4, 12);
  });

  it('counts equal scores as half, and as one step', () => {
    expect(rocAuc([0.5, 0.5, 0.5, 0.5], [1, 0, 1, 0])).toBe(0.5);
    expect(averagePrecision([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0])).toBe(0.25);
  });

  it('is finite where nothing is predicted, and for certain scores that are wrong', () => {
    const none = evaluate([0.1, 0.2], [1, 0], 0.5);
    expect([none.precision, none.recall, none.f1_churn]).toEqual([0, 0, 0]);
    expect(evaluate([0, 1], [1, 0], 0.5).log_loss).toBeCloseTo(-Math.log(1e-15), 6);
    expect(evaluate([1, 0], [1, 0], 0.5).ece).toBe(0);
  });

  it('has an AUC that is the share of pairs in order', () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 }));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rest) => {
        const rows: [number, number][] = [[1, 0], [3, 1], ...rest]; // prettier-ignore
        let [inOrder, pairs] = [0, 0];
        for (const [a, stayed] of rows) {
          for (const [b, left] of rows) {
            if (stayed !== 0 || left !== 1) continue;
            pairs += 1;
            inOrder += b > a ? 1 : b === a ? 0.5 : 0;
          }
        }
        const auc = rocAuc(rows.map(([score]) => score), rows.map(([, label]) => label)); // prettier-ignore
        expect(auc).toBeCloseTo(inOrder / pairs, 12);
      }),
    );
  });
});

describe('bestThreshold', () => {
  it('lies halfway between two scores', () => {
    expect(bestThreshold([0.9, 0.7, 0.3, 0.1], [1, 1, 0, 0])).toBeCloseTo(0.5, 12);
  });

  it('is never beaten by another threshold', () => {
    const row = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 1 }));
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 30 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rows, other) => {
          const scores = rows.map(([score]) => Math.round(score * 1e6) / 1e6);
          const labels = rows.map(([, label]) => label);
          fc.pre(labels.includes(1));
          const best = evaluate(scores, labels, bestThreshold(scores, labels)).f1_churn;
          expect(best).toBeGreaterThanOrEqual(evaluate(scores, labels, other).f1_churn);
        },
      ),
    );
  });
});
