import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from './random.ts';

describe('createRandom', () => {
  it('gives the same numbers for the same seed, on any machine', () => {
    const random = createRandom(42);
    expect([random.int(1000), random.int(1000), random.int(1000), random.next()]).toEqual([
      456, 564, 574, 0.9649424790404737,
    ]);
  });

  it('gives other numbers for another seed', () => {
    const first = (seed: number): number => createRandom(seed).next();
    expect(new Set(Array.from({ length: 1000 }, (_, seed) => first(seed))).size).toBeGreaterThan(990);
  });

  it('stays in range', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 1e6 }), (seed, n) => {
        const random = createRandom(seed);
        for (let i = 0; i < 50; i++) {
          const [u, k] = [random.next(), random.int(n)];
          expect(u >= 0 && u < 1 && Number.isInteger(k) && k >= 0 && k < n).toBe(true);
        }
      }),
    );
  });

  it('is uniform and normal', () => {
    const random = createRandom(1);
    const n = 100_000;
    const bins = new Array<number>(10).fill(0);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i++) {
      const bin = random.int(10);
      bins[bin] = bins[bin]! + 1;
      const z = random.normal();
      sum += z;
      squares += z * z;
    }
    const chiSquare = bins.reduce((total, count) => total + (count - n / 10) ** 2 / (n / 10), 0);
    expect(chiSquare).toBeLessThan(27.9); // 99.9 % of χ² with 9 degrees of freedom
    expect(Math.abs(sum / n)).toBeLessThan(0.015);
    expect(Math.abs(squares / n - 1)).toBeLessThan(0.02);
  });

  it('shuffles into a permutation, every order as often', () => {
    const random = createRandom(7);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const items = Int32Array.from([1, 2, 3]);
      random.shuffle(items);
      seen.set(items.join(), (seen.get(items.join()) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
