import { describe, expect, it } from 'vitest';
import { createRandom } from '../schemas/random.ts';
import type { BoostingData } from './boosting.ts';
import { resample, smoteBytes } from './resampling.ts';

const random = createRandom(1);
const y = Uint8Array.from({ length: 300 }, (_, row) => Number(row % 5 === 0));
const x = Float32Array.from({ length: 600 }, () => (random.next() < 0.05 ? NaN : random.normal()));
const data: BoostingData = { x, y, columns: 2 };
const sum = (labels: Uint8Array): number => labels.reduce((a, b) => a + b, 0);
const rowsOf = ({ x, y }: BoostingData): string[] =>
  [...y.keys()].map((row) => `${String(x[2 * row])} ${String(x[2 * row + 1])}`);

describe('resample', () => {
  it('none: leaves the rows alone', () => {
    expect(resample(data, 'none', 1)).toBe(data);
  });

  it('class_weight: both classes weigh the same, all together as before', () => {
    const { weights } = resample(data, 'class_weight', 1);
    const left = weights!.reduce((total, weight, row) => total + weight * y[row]!, 0);
    expect(left).toBeCloseTo(150, 9);
    expect(weights!.reduce((a, b) => a + b)).toBeCloseTo(300, 9);
  });

  it('undersample: keeps all of the small class and as many of the large, rows as they were', () => {
    const taken = resample(data, 'undersample', 1);
    expect([taken.y.length, sum(taken.y)]).toEqual([120, 60]);
    const known = new Set(rowsOf(data));
    expect(rowsOf(taken).every((row) => known.has(row))).toBe(true);
    expect(resample(data, 'undersample', 1)).toEqual(taken);
  });

  it('oversample: adds rows between neighbours of the small class', () => {
    const grown = resample(data, 'oversample', 1);
    expect([grown.y.length, sum(grown.y)]).toEqual([480, 240]);
    expect(grown.x.subarray(0, 600)).toEqual(x);
    for (const column of [0, 1]) {
      const small = [...y.keys()].filter((row) => y[row] === 1).map((row) => x[2 * row + column]!);
      const present = small.filter((value) => !Number.isNaN(value));
      const added = [...grown.y.keys()].slice(300).map((row) => grown.x[2 * row + column]!);
      for (const value of added) {
        expect(Number.isNaN(value) || (value >= Math.min(...present) && value <= Math.max(...present))).toBe(
          true,
        );
      }
    }
    expect(resample(data, 'oversample', 1)).toEqual(grown);
  });

  it('oversample: works with one churned customer only', () => {
    const one = { x: Float32Array.of(1, 2, 3, 4), y: Uint8Array.of(1, 0, 0, 0), columns: 1 };
    expect([...resample(one, 'oversample', 1).x]).toEqual([1, 2, 3, 4, 1, 1]);
  });

  it('oversample: refuses what would take too long, and says what to do', () => {
    const rows = 400_000;
    const large = {
      x: new Float32Array(rows),
      y: new Uint8Array(rows).map((_, i) => Number(i % 10 === 0)),
      columns: 1,
    };
    expect(() => resample(large, 'oversample', 1)).toThrow(/comparisons.*undersample/);
  });

  it('oversample: refuses what would take more memory than its budget, exactly there, before it takes any', () => {
    const needed = smoteBytes(480, 2);
    expect(resample(data, 'oversample', 1, needed).y).toHaveLength(480);
    const untouchable = { ...data, get x(): never { throw new Error('taken before the estimate'); } }; // prettier-ignore
    expect(() => resample(untouchable, 'oversample', 1, needed - 1)).toThrow(
      /from 300 to 480 rows would take .* MiB of memory, the budget is .* MiB: .*undersample/,
    );
    expect(() => resample(untouchable, 'oversample', 1, needed)).toThrow('taken before the estimate');
    expect(resample(data, 'undersample', 1, 0).y).toHaveLength(120);
  });
});
