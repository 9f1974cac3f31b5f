import { describe, expect, it } from 'vitest';
import { createGolden, createGoldenRows, goldenBytes, parseGolden } from './golden.ts';
import { readRelease } from './store.io.ts';

const { manifest } = await readRelease('models/champion');
const { features, profile } = manifest;
const rows = createGoldenRows(features, profile.features, 42);

describe('createGoldenRows', () => {
  it('gives the same rows for the same seed, others for another', () => {
    expect(createGoldenRows(features, profile.features, 42)).toEqual(rows);
    expect(createGoldenRows(features, profile.features, 43)).not.toEqual(rows);
  });

  it('has at least 64 rows of the width of the model', () => {
    expect(rows.length).toBeGreaterThanOrEqual(64);
    expect(rows.every((row) => row.length === manifest.columns)).toBe(true);
  });

  it('holds missing, unseen, out-of-range values and values on bin edges', () => {
    let column = 0;
    features.forEach((feature, i) => {
      const { edges, min, max } = profile.features[i]!;
      if (feature.kind === 'numeric') {
        const values: (number | null)[] = rows.map((row) => row[column] ?? null);
        expect(values).toContain(null);
        expect(values.some((value) => value !== null && edges.map(Math.fround).includes(value))).toBe(true);
        expect(values.some((value) => value !== null && value < min!)).toBe(true);
        expect(values.some((value) => value !== null && value > max!)).toBe(true);
        column += 1;
        return;
      }
      const width = feature.categories.length;
      const parts = rows.map((row) => row.slice(column, column + width));
      expect(parts).toContainEqual(new Array(width).fill(null));
      expect(parts).toContainEqual(new Array(width).fill(0));
      column += width;
    });
  });

  it('has in every row a fraction of something counted in whole numbers', () => {
    // creditScore, age, tenure, numOfProducts, hasCrCard, isActiveMember
    const whole = [0, 6, 7, 9, 10, 11];
    for (const row of rows) {
      expect(whole.some((column) => row[column] !== null && !Number.isInteger(row[column]))).toBe(true);
    }
  });

  it('can be stored and read again', () => {
    const made = createGolden([[1, null]], [0.1, 0.2], 2);
    expect(parseGolden(goldenBytes(made))).toEqual(made);
    expect(made.outputs).toEqual([[Math.fround(0.1), Math.fround(0.2)]]);
  });
});
