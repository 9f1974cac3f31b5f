import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topFeatures } from './score.ts';

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `feature${String(i)}`);

/** The names of the features with the largest contributions, and these. */
function topReasons(names: readonly string[], outputs: Float32Array, at: number, count: number) {
  const top = new Int32Array(count);
  const found = topFeatures(outputs, at, names.length, top);
  return Array.from(top.subarray(0, found), (i) => ({ feature: names[i]!, contribution: outputs[at + i]! }));
}

/** Straight from the definition: a stable sort by size. */
function sorted(names: readonly string[], contributions: readonly number[], count: number): string[] {
  const order = contributions.flatMap((value, i) => (Number.isNaN(value) ? [] : [i]));
  order.sort((a, b) => Math.abs(contributions[b]!) - Math.abs(contributions[a]!) || a - b);
  return order.slice(0, count).map((i) => names[i]!);
}

describe('topFeatures', () => {
  it.each([1, 10, 31, 32, 33, 40, 64, 500])('is the largest by size, of %i features', (features) => {
    const names = namesOf(features);
    // Few different sizes, so that there are ties.
    const contribution = fc.oneof(fc.integer({ min: -6, max: 6 }), fc.constant(NaN));
    const outputs = fc.array(contribution, { minLength: features, maxLength: features });
    fc.assert(
      fc.property(outputs, fc.integer({ min: 1, max: 10 }), (contributions, count) => {
        const reasons = topReasons(names, Float32Array.from([99, ...contributions]), 1, count);
        expect(reasons.map(({ feature }) => feature)).toEqual(sorted(names, contributions, count));
        for (const { feature, contribution } of reasons)
          expect(contribution).toBe(Math.fround(contributions[names.indexOf(feature)]!));
      }),
      { numRuns: 50 },
    );
  });

  it('keeps features apart whose numbers differ by 32', () => {
    const outputs = new Float32Array(40);
    [outputs[33], outputs[1], outputs[34]] = [3, -2, 1];
    expect(topReasons(namesOf(40), outputs, 0, 4)).toEqual([
      { feature: 'feature33', contribution: 3 },
      { feature: 'feature1', contribution: -2 },
      { feature: 'feature34', contribution: 1 },
      { feature: 'feature0', contribution: 0 },
    ]);
  });
});
