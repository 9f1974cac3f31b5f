import { expect, test } from 'vitest';
import { createRandom, type Random } from '../schemas/random.ts';
import { chiSquareTail } from './chi-square.ts';
import { agrees, compareCounts, falseDiscoveries } from './compare.ts';

test('tails of χ² as the closed forms for whole and half arguments have them', () => {
  for (const [x, degrees, tail] of [
    [3.841458820694124, 1, 0.05], [16.918977604620448, 9, 0.05], [21.665994333461924, 9, 0.01], [5, 10, 0.8911780189141513],
    [50, 9, 1.0772382022574716e-7], [100, 12, 5.567756260698089e-16], [1, 1, 0.31731050786291415], [0, 3, 1], [7, 0, 1],
  ] as const)
    expect(Math.abs(chiSquareTail(x, degrees) / tail - 1)).toBeLessThan(1e-6);
  expect(chiSquareTail(1e6, 9)).toBe(0);
}); // prettier-ignore

const draw = (random: Random, shares: readonly number[], count: number): number[] => {
  const counts = shares.map(() => 0);
  for (let i = 0; i < count; i++) {
    let [bin, rest] = [0, random.next()];
    while (bin < shares.length - 1 && rest >= shares[bin]!) rest -= shares[bin++]!;
    counts[bin]! += 1;
  }
  return counts;
};
const even = new Array<number>(10).fill(0.1);

test('without drift, p is about uniform, whatever the sizes of both samples; the effect is about 0', () => {
  const random = createRandom(5);
  for (const [rows, events] of [[8000, 4000], [1000, 4000], [1000, 300]] as const) {
    const found = Array.from({ length: 400 }, () =>
      compareCounts(draw(random, even, rows), draw(random, even, events), events),
    );
    const below = (level: number): number => found.filter(({ pValue }) => pValue < level).length / 400;
    expect([below(0.5) > 0.42, below(0.5) < 0.58, below(0.05) < 0.09]).toEqual([true, true, true]);
    expect(found.filter(({ effect }) => effect < 25 * (1 / rows + 1 / events))).toHaveLength(400);
  }
}); // prettier-ignore

test('the same counts say less if they are of few customers', () => {
  const found = [1300, 700, 1000, 1000];
  const [many, few] = [4000, 40].map((customers) => compareCounts([1000, 1000, 1000, 1000], found, customers));
  expect(many!.pValue).toBeLessThan(1e-9);
  expect(few!.pValue).toBeGreaterThan(0.1);
  expect([compareCounts([0, 0], [1, 1], 2), compareCounts([1, 1], [0, 0], 0)]).toMatchObject([{ pValue: 1 }, { effect: 0 }]);
}); // prettier-ignore

test('a value that few rows of a small profile have is no evidence alone', () => {
  const rare = compareCounts([997, 3], [20_000, 0], 20_000);
  expect(rare.pValue).toBeGreaterThan(1e-5);
  const common = compareCounts([8000, 0], [3920, 80], 4000);
  expect([common.pValue < 1e-9, common.effect > 0.02]).toEqual([true, true]);
});

test('false discoveries: the largest k with p(k) ≤ k/m · level, and all below', () => {
  expect(falseDiscoveries([0.04, 0.001, 0.9, 0.02], 0.05)).toEqual([false, true, false, true]);
  expect(falseDiscoveries([0.03, 0.04, 0.05, 0.05], 0.05)).toEqual([true, true, true, true]);
  expect(falseDiscoveries([0.2, 0.3], 0.05)).toEqual([false, false]);
});

test('a part agrees if it moved the way of the window, and at least half as far', () => {
  const window = [600, 400];
  const parts = [[60, 40], [56, 44], [54, 46], [50, 50], [40, 60], [0, 0]] as const;
  expect(parts.map((part) => agrees([500, 500], window, part, 1000))).toEqual([true, true, false, false, false, false]);
}); // prettier-ignore
