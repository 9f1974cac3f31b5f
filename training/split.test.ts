import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dataset } from './dataset.ts';
import { HOLDOUT_42 } from './holdout-42.ts';
import { readRealDataset } from './real-data.fixture.ts';
import { splitDataset, stratifiedFolds } from './split.ts';

function labelled(labels: readonly number[]): Dataset {
  const rowNumbers = labels.map((_, i) => i + 1);
  return { name: 'test', sha256: '00', events: [], labels: Uint8Array.from(labels), rowNumbers };
}

const labelsOf = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 10, maxLength: 300 });

describe('splitDataset', () => {
  it('parts every row once, a fifth of each class held out', () => {
    fc.assert(
      fc.property(labelsOf, fc.integer(), (labels, seed) => {
        const split = splitDataset(labelled(labels), seed);
        expect([...split.train, ...split.holdout].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
        for (const label of [0, 1]) {
          const all = labels.filter((value) => value === label).length;
          const held = split.holdout.filter((position) => labels[position] === label).length;
          expect(Math.abs(held - all / 5)).toBeLessThan(1);
        }
      }),
    );
  });

  it('is the same for the same seed, named after it', () => {
    const dataset = labelled(Array.from({ length: 100 }, (_, i) => i % 2));
    expect(splitDataset(dataset, 3)).toEqual(splitDataset(dataset, 3));
    expect(splitDataset(dataset, 3).holdout).not.toEqual(splitDataset(dataset, 4).holdout);
    expect(splitDataset(dataset, 3).name).toBe('stratified-3');
  });

  it('takes given rows, and refuses rows that are not there', () => {
    const dataset = labelled([0, 1, 0, 1]);
    const split = splitDataset(dataset, 1, { name: 'mine', rows: [2, 4] });
    expect(split).toEqual({ name: 'mine', train: [0, 2], holdout: [1, 3] });
    expect(() => splitDataset(dataset, 1, { name: 'mine', rows: [2, 9, 10] })).toThrow(
      'mine: 2 of its 3 rows are not in test',
    );
  });

  it('has folds that part the rows', () => {
    fc.assert(
      fc.property(labelsOf, fc.integer({ min: 2, max: 7 }), (labels, k) => {
        const folds = stratifiedFolds(Uint8Array.from(labels), k, 1);
        expect(folds.flat().sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
      }),
    );
  });
});

const real = await readRealDataset();
describe.skipIf(real === undefined)('the split of the bank’s set', () => {
  it('is split 42: 2,000 rows, 407 of them left', () => {
    const split = splitDataset(real!, 1);
    expect(split.name).toBe('holdout-42');
    expect(split.holdout).toHaveLength(2000);
    expect(split.train).toHaveLength(8000);
    expect(split.holdout.map((position) => real!.rowNumbers[position])).toEqual(HOLDOUT_42);
    expect(split.holdout.filter((position) => real!.labels[position] === 1)).toHaveLength(407);
  });
});
