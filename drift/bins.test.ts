import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  binEdges,
  createBinOf,
  createCountColumn,
  profileCategories,
  profileNumbers,
  regularBins,
  SPECIAL_BINS,
} from './bins.ts';
import { psi } from './psi.ts';

const amount = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -3, max: 3 }));
const values = fc.array(fc.option(amount, { freq: 6 }), { maxLength: 200 });
const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

describe('profile of a numeric series', () => {
  it('counts every training value once, none unseen or out of range', () => {
    fc.assert(
      fc.property(values, (training) => {
        const profile = profileNumbers('s', training);
        const [missing, unseen, outOfRange] = profile.counts.slice(-3);
        expect(profile.counts).toHaveLength(regularBins(profile) + SPECIAL_BINS.length);
        expect(sum(profile.counts)).toBe(training.length);
        expect(missing).toBe(training.filter((value) => value === null).length);
        expect([unseen, outOfRange]).toEqual([0, 0]);
      }),
    );
  });

  it('has ascending edges below the largest value, so no bin of the training data is empty', () => {
    fc.assert(
      fc.property(values, (training) => {
        const profile = profileNumbers('s', training);
        expect(profile.edges.length).toBeLessThan(10);
        profile.edges.forEach((edge, i) => {
          expect(edge).toBeGreaterThan(profile.edges[i - 1] ?? -Infinity);
          expect(edge).toBeLessThan(profile.max!);
        });
        if (training.some((value) => value !== null)) expect(profile.counts.slice(0, -3)).not.toContain(0);
      }),
    );
  });

  it('has a bin by the law edges[i-1] < x <= edges[i]', () => {
    fc.assert(
      fc.property(values, amount, (training, x) => {
        const profile = profileNumbers('s', training);
        fc.pre(profile.min !== null);
        const regular = regularBins(profile);
        const bin = createBinOf(profile)(x);
        if (x < profile.min || x > profile.max!) {
          expect(bin).toBe(regular + 2);
        } else {
          expect(x).toBeGreaterThan(profile.edges[bin - 1] ?? -Infinity);
          expect(x).toBeLessThanOrEqual(profile.edges[bin] ?? Infinity);
        }
      }),
    );
  });

  it('counts many values as one by one, however many edges there are', () => {
    const column = fc.oneof(
      fc
        .array(fc.oneof(amount, fc.constantFrom(NaN, -0, Infinity, -Infinity, 0.5)), { maxLength: 40 })
        .map((all) => Float64Array.from(all)),
      fc.array(fc.option(fc.constantFrom('a', 'b', '', '1', 'toString')), { maxLength: 9 }),
    );
    const profiles = [
      profileNumbers(
        's',
        Array.from({ length: 9 }, (_, i) => i),
      ),
      profileCategories('c', ['a', '1'], []),
      { ...profileNumbers('s', []), edges: Array.from({ length: 50 }, (_, i) => i - 25) },
    ];
    fc.assert(
      fc.property(
        column,
        fc.oneof(
          values.map((all) => profileNumbers('s', all)),
          fc.constantFrom(...profiles),
        ),
        (all, profile) => {
          const bins = regularBins(profile) + 3;
          const [found, wanted] = [new Uint32Array(bins), new Uint32Array(bins)];
          const count = Math.max(0, all.length - 1);
          createCountColumn(profile)(found, all, count);
          for (const value of all.slice(0, count)) wanted[createBinOf(profile)(value)]!++;
          expect(found).toEqual(wanted);
          createCountColumn(profile)(found, undefined, 7);
          wanted[bins - 3]! += 7;
          expect(found).toEqual(wanted);
        },
      ),
    );
  });

  it('counts by addition: the counts of the parts are the counts of the whole', () => {
    fc.assert(
      fc.property(values, values, values, (training, a, b) => {
        const binOf = createBinOf(profileNumbers('s', training));
        const count = (part: typeof a): Map<number, number> => {
          const counts = new Map<number, number>();
          for (const value of part) counts.set(binOf(value), (counts.get(binOf(value)) ?? 0) + 1);
          return counts;
        };
        const merged = count(a);
        for (const [bin, n] of count(b)) merged.set(bin, (merged.get(bin) ?? 0) + n);
        const order = (counts: Map<number, number>) => [...counts].sort(([x], [y]) => x - y);
        expect(order(merged)).toEqual(order(count([...a, ...b])));
      }),
    );
  });

  it('has ten bins of equal size where values differ', () => {
    const profile = profileNumbers(
      's',
      Array.from({ length: 1000 }, (_, i) => i),
    );
    expect(profile.counts.slice(0, -3)).toEqual(new Array(10).fill(100));
    expect(binEdges([7, 7])).toEqual([]);
    expect(binEdges([])).toEqual([]);
  });

  it('has a bin for each of at most ten values, however rare', () => {
    fc.assert(
      fc.property(fc.uniqueArray(amount, { minLength: 1, maxLength: 10 }), fc.nat(9), (distinct, common) => {
        const often = new Array<number>(1000).fill(distinct[common % distinct.length]!);
        const profile = profileNumbers('s', [...often, ...distinct]);
        const bins = new Set(distinct.map(createBinOf(profile)));
        expect(bins.size).toBe(new Set(distinct).size);
        expect(regularBins(profile)).toBe(bins.size);
      }),
    );
    expect(binEdges([1, 1, 2, 4])).toEqual([1.5, 3]);
    expect(binEdges(Array.from({ length: 11 }, (_, i) => i))).toHaveLength(9);
  });

  it('keeps a value in its bin that came as float32', () => {
    const binOf = createBinOf(profileNumbers('s', [0.1, 0.2, 0.3, 0.7]));
    expect([0.1, 0.2, 0.3, 0.7].map((value) => binOf(Math.fround(value)))).toEqual([0, 1, 2, 3]);
  });

  it('shows that customers with three products have four', () => {
    const products = (three: number, four: number): number[] =>
      [5084, 4590, three, four].flatMap((count, i) => new Array<number>(count).fill(i + 1));
    const profile = profileNumbers('products', products(266, 60));
    const binOf = createBinOf(profile);
    const counts = new Array<number>(profile.counts.length).fill(0);
    for (const value of products(0, 326)) counts[binOf(value)]! += 1;
    expect(psi(profile.counts, counts)).toBeGreaterThan(0.15);
  });

  it('gives booleans and the odd values their bins', () => {
    const flags = profileNumbers('flag', [0, 1, 1, 1, null]);
    expect(flags.counts).toEqual([1, 3, 1, 0, 0]);
    const binOf = createBinOf(flags);
    expect([true, false, null, NaN, 2, -1, Infinity].map(binOf)).toEqual([1, 0, 2, 2, 4, 4, 4]);
  });
});

describe('profile of a categorical series', () => {
  it('counts by category, then missing and unseen', () => {
    const profile = profileCategories('g', ['F', 'G'], ['F', 'F', 'G', null, 'X']);
    expect(profile.counts).toEqual([2, 1, 1, 1, 0]);
    expect(['F', 'G', null, 'X', '', 'toString'].map(createBinOf(profile))).toEqual([0, 1, 2, 3, 3, 3]);
  });
});
