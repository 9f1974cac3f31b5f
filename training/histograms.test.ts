import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../schemas/random.ts';
import { binColumns } from './bin-columns.ts';
import { beginTree, createWorkspace, fillHistogram, leafTotals, sortByLeaf } from './histograms.ts';

const LEAVES = 4;

describe('fillHistogram', () => {
  it('sums the sampled rows by leaf and bin, of full and of sparse columns', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 300 }), (seed, rows) => {
        const random = createRandom(seed);
        // Ten values, one-hot, nearly all missing, nearly none.
        const row = (): number[] => [
          random.int(10),
          Number(random.next() < 0.05),
          random.next() < 0.95 ? NaN : random.int(3),
          random.next() < 0.05 ? NaN : 7,
        ];
        const x = Float32Array.from(Array.from({ length: rows }, row).flat());
        const binned = binColumns(x, rows, 4);
        const workspace = createWorkspace(binned, 2);
        const gradients = Float64Array.from({ length: rows * 2 }, () => random.normal());
        const sampled = Int32Array.from(
          Array.from({ length: rows }, (_, i) => i).filter(() => random.next() < 0.8),
        );
        beginTree(workspace, gradients, sampled);
        for (let i = 0; i < rows; i++) workspace.leafOf[i] = random.int(LEAVES);
        const { leafOf, histogram, byLeaf, totals } = workspace;
        leafTotals(gradients, sampled, leafOf, totals, LEAVES);
        sortByLeaf(byLeaf, leafOf, gradients, sampled, LEAVES);
        for (let column = 0; column < 4; column++) {
          fillHistogram(workspace, binned, column, LEAVES);
          const width = binned.thresholds[column]!.length + 2;
          const wanted = new Float64Array(LEAVES * width * 2);
          for (const i of sampled)
            for (const part of [0, 1])
              wanted[(leafOf[i]! * width + binned.bins[column]![i]!) * 2 + part]! += gradients[2 * i + part]!;
          wanted.forEach((sum, at) => expect(Math.abs(sum - histogram[at]!)).toBeLessThan(1e-9));
        }
      }),
    );
  });
});

describe('binColumns', () => {
  it('knows the rows of a column that are not in the bin of most', () => {
    const rows = 100;
    const x = new Float32Array(rows * 3);
    for (let row = 0; row < rows; row++)
      x.set([row % 2, Number(row === 40), row % 20 === 3 ? NaN : 5], row * 3);
    const [half, one, missing] = binColumns(x, rows, 3).sparse;
    expect(half).toBeUndefined();
    expect(one).toEqual({ commonBin: 0, others: Int32Array.of(40) });
    expect(missing).toEqual({ commonBin: 0, others: Int32Array.of(3, 23, 43, 63, 83) });
  });
});
