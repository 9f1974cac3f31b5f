import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binColumns, float32Below } from './bin-columns.ts';

const nextFloat32 = (x: number): number => -float32Below(-x - Math.abs(x) * 1e-12 - 1e-50);

describe('float32Below', () => {
  it('is the largest float32 not above', () => {
    fc.assert(
      fc.property(fc.double({ min: -3e38, max: 3e38, noNaN: true }), (x) => {
        const below = float32Below(x);
        expect(Math.fround(below)).toBe(below);
        expect(below).toBeLessThanOrEqual(x);
        const above = nextFloat32(below);
        expect(Math.fround(above)).toBe(above);
        expect(above).toBeGreaterThan(x);
      }),
    );
  });
});

const cell = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.constant(NaN),
  fc.integer({ min: -3, max: 3 }).map(Math.fround),
);

describe('binColumns', () => {
  it('puts a value at or below a threshold exactly when its bin is at or below it', () => {
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 600 }), (values) => {
        const x = Float32Array.from(values);
        const { bins, thresholds, hasMissing } = binColumns(x, x.length, 1);
        const cuts = thresholds[0]!;
        expect(cuts.length).toBeLessThan(254);
        expect([...cuts]).toEqual([...new Set(cuts)].sort((a, b) => a - b));
        expect(hasMissing[0]).toBe(values.some(Number.isNaN));
        x.forEach((value, row) => {
          const bin = bins[0]![row]!;
          if (Number.isNaN(value)) expect(bin).toBe(cuts.length + 1);
          else cuts.forEach((cut, i) => expect(bin <= i).toBe(value <= cut));
        });
      }),
    );
  });

  it('separates all distinct values where they are few', () => {
    const { bins } = binColumns(Float32Array.of(3, 1, 2, 1, 1.0000001), 5, 1);
    expect([...bins[0]!]).toEqual([3, 0, 2, 0, 1]);
  });

  it('separates float32 neighbours, also where halfway rounds up', () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(-1e30), max: Math.fround(1e30), noNaN: true }), (value) => {
        const above = nextFloat32(value);
        const { bins } = binColumns(Float32Array.of(value, above, nextFloat32(above)), 3, 1);
        expect([...bins[0]!]).toEqual([0, 1, 2]);
      }),
    );
  });
});
