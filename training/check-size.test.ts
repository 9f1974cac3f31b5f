import { describe, expect, it } from 'vitest';
import { manifestBytes } from '../models/limits.ts';
import type { FeatureSpec } from '../models/manifest.ts';
import { DEFAULT_PARAMETERS } from './boosting.ts';
import { assertSize, manifestBytesAtMost, treeBytesAtMost } from './check-size.ts';
import { splitDataset } from './split.ts';
import { trainRelease } from './train.ts';
import { inventWide, WIDEST, wideSchema, type Shape } from './wide.fixture.ts';

/** What is said of a training of that shape. */
function refusal(shape: Shape, more: { rows?: number; rounds?: number; depth?: number; letters?: number } = {}): string {
  const { rows = 1000, rounds = DEFAULT_PARAMETERS.rounds, depth = DEFAULT_PARAMETERS.depth, letters = 0 } = more;
  const customer = wideSchema(shape);
  const categories = Array.from({ length: shape.levels }, (_, i) => `level ${String(i)}`.padEnd(letters, 'é'));
  const features = customer.inputs.map(({ name, type }): FeatureSpec =>
    type === 'category' ? { name, kind: 'categorical', categories } : { name, kind: 'numeric' },
  );
  try {
    assertSize({ customer, features, rows, parameters: { rounds, depth } });
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
} // prettier-ignore

describe('assertSize', () => {
  it('takes 500 inputs of 2,000 columns, and not one more', () => {
    expect(refusal(WIDEST)).toBe('none');
    expect(refusal({ ...WIDEST, numbers: 441 })).toMatch(
      /^there are 501 inputs, allowed are 500: .*\n {2}a feature row would have 2001 columns, allowed are 2000 .*The widest are category0 \(26 levels\), /s,
    );
    expect(refusal({ numbers: 0, categories: 2, levels: 1001 })).toMatch(
      /^a feature row would have 2002 columns.*The widest are category0 \(1001 levels\), category1 \(1001 levels\): list the levels that matter/,
    );
  });

  it('refuses names that the model log cannot hold', () => {
    expect(refusal(WIDEST, { letters: 70 })).toBe('none');
    expect(refusal(WIDEST, { letters: 128 })).toMatch(
      /^the manifest has \d+ bytes, allowed are 900000: shorten the names/,
    );
  });

  it('refuses more rows than there is memory for, with the size of a sample', () => {
    expect(refusal(WIDEST, { rows: 125_000 })).toBe('none');
    expect(refusal(WIDEST, { rows: 125_001 })).toMatch(
      /^125001 rows of 2000 columns are 250002000 cells, allowed are 250000000: train on a sample of 125000 rows$/,
    );
    expect(refusal({ numbers: 10, categories: 0, levels: 0 }, { rows: 2_000_000 })).toBe('none');
  });

  it('refuses an ensemble that the proof cannot take, with the rounds that it can', () => {
    expect(refusal(WIDEST, { depth: 8, rounds: 300 })).toBe('none');
    expect(refusal(WIDEST, { depth: 8, rounds: 1000 })).toMatch(
      /^1000 rounds of depth 8 .*: take 3\d\d rounds at most/,
    );
  });

  it('knows before what the manifest and the ONNX may have after', () => {
    const shape = { numbers: 12, categories: 3, levels: 5 };
    const dataset = inventWide(600, shape);
    const customer = wideSchema(shape);
    const parameters = { rounds: 20, depth: 8 };
    const { release } = trainRelease(dataset, splitDataset(dataset, 1), { customer, parameters });
    const { manifest, onnx } = release;
    const manifestBound = manifestBytesAtMost(customer, manifest.features);
    const onnxBound = parameters.rounds * treeBytesAtMost(parameters.depth, manifest.features.length);
    for (const [bound, bytes] of [
      [manifestBound, manifestBytes(manifest)],
      [onnxBound, onnx.length],
    ] as const) {
      expect(bound).toBeGreaterThan(bytes);
      expect(bound).toBeLessThan(2 * bytes + 10_000);
    }
  });
});
