import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBinOf, profileCategories, profileNumbers, regularBins } from './bins.ts';

test('every value has one bin, and the counts of a profile are those of its values', () => {
  const values = fc.array(fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 })), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(values, fc.double(), (training, probe) => {
      const profile = profileNumbers('x', training);
      const regular = regularBins(profile);
      const counts = new Array<number>(regular + 3).fill(0);
      const binOf = createBinOf(profile);
      for (const value of training) counts[binOf(value)]! += 1;
      expect(profile.counts).toEqual(counts);
      expect(counts[regular]).toBe(training.filter((value) => value === null).length);
      expect(counts[regular + 2]).toBe(0);
      const bin = binOf(probe);
      expect(Number.isInteger(bin) && bin >= 0 && bin < regular + 3).toBe(true);
    }),
  );
});

test('ten bins of equal size, edges belong to the lower bin, outside is out of range', () => {
  const profile = profileNumbers('x', [...Array(1000).keys()]);
  expect(profile.counts).toEqual([100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 0, 0, 0]);
  const binOf = createBinOf(profile);
  expect([
    binOf(0),
    binOf(99),
    binOf(99.5),
    binOf(999),
    binOf(1000),
    binOf(-1),
    binOf(null),
    binOf(NaN),
  ]).toEqual([0, 0, 1, 9, 12, 12, 10, 10]);
});

test('categories: missing and unseen have bins of their own', () => {
  const profile = profileCategories('geography', ['France', 'Spain'], ['France', 'Spain', 'France', null]);
  expect(profile.counts).toEqual([2, 1, 1, 0, 0]);
  expect(createBinOf(profile)('Atlantis')).toBe(3);
});
