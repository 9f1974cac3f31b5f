import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../schemas/random.ts';
import { bootstrapIntervals, bootstrapOf, wilsonInterval } from './intervals.ts';
import { createEvaluator, evaluate } from './evaluation.ts';

const random = createRandom(3);
const scores = Float64Array.from({ length: 1000 }, () => random.next());
const labels = Uint8Array.from(scores, (score) => Number(random.next() < score));

describe('bootstrapIntervals', () => {
  const intervals = bootstrapIntervals(scores, labels, 0.5, bootstrapOf(scores.length, 1));

  it('hold every figure of the whole, the same for the same seed', () => {
    const { confusion, ...figures } = evaluate(scores, labels, 0.5);
    for (const [name, value] of Object.entries({ ...figures, ...confusion })) {
      if (name === 'threshold') continue;
      const { low, high } = intervals[name as keyof typeof intervals];
      expect(low).toBeLessThan(high);
      // The calibration error of a sample is never below that of the whole: sampling adds to it.
      if (name !== 'ece') expect([low < value, value < high]).toEqual([true, true]);
    }
    expect(bootstrapIntervals(scores, labels, 0.5, bootstrapOf(1000, 1))).toEqual(intervals);
    expect(bootstrapIntervals(scores, labels, 0.5, bootstrapOf(1000, 2))).not.toEqual(intervals);
  });

  it('are as wide as theory says: 1.96 standard errors of a share on each side', () => {
    const positives = labels.reduce((sum, label) => sum + label, 0);
    const { recall } = evaluate(scores, labels, 0.5);
    const error = Math.sqrt((recall * (1 - recall)) / positives);
    const width = (intervals.recall.high - intervals.recall.low) / (2 * 1.96 * error);
    expect(Math.abs(width - 1)).toBeLessThan(0.1);
  });

  it('have no bounds where no sample has both classes', () => {
    const { roc_auc, brier } = bootstrapIntervals([0.1, 0.2], [0, 0], 0.5, bootstrapOf(2, 1));
    expect(roc_auc).toEqual({ low: NaN, high: NaN });
    expect(brier.high).toBeGreaterThan(0);
  });

  it('draw fewer samples of very many rows', () => {
    expect(bootstrapOf(2000, 1).samples).toBe(1000);
    expect(bootstrapOf(500_000, 1).samples).toBe(200);
  });
});

describe('wilsonInterval', () => {
  it('is that of the literature, and never leaves 0..1', () => {
    const { low, high } = wilsonInterval(0.1, 50); // Newcombe 1998: 5 of 50
    expect([low, high].map((bound) => bound.toFixed(4))).toEqual(['0.0435', '0.2136']);
    expect(wilsonInterval(0, 10).low).toBe(0);
    expect(wilsonInterval(1, 10).high).toBeCloseTo(1, 12);
  });
});

describe('createEvaluator', () => {
  it('counts a row n times as n rows', () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 1 }), fc.nat(3));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (more) => {
        const rows = [[3, 0, 1], [6, 1, 2], ...more] as [number, number, number][]; // prettier-ignore
        const score = rows.map(([tenths]) => tenths / 10);
        const label = rows.map(([, value]) => value);
        const copies = rows.flatMap(([, , count], i) => new Array<number>(count).fill(i));
        const whole = evaluate(copies.map((i) => score[i]!), copies.map((i) => label[i]!), 0.5); // prettier-ignore
        const counted = createEvaluator(score, label, 0.5)(rows.map(([, , count]) => count));
        expect(counted.confusion).toEqual(whole.confusion);
        for (const [name, value] of Object.entries(whole))
          if (typeof value === 'number') expect(counted[name as 'brier']).toBeCloseTo(value, 12);
      }),
    );
  });
});
