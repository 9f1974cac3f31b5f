import { expect, test } from 'vitest';
import { constantFault, goldenFaults, outputFaults, toleranceOf } from './check-golden.ts';
import { goldenBytes, parseGolden } from './golden.ts';
import type { Golden } from './manifest.ts';
import { pythonGolden, TINY_GOLDEN, tinyRelease } from './tiny-release.fixture.ts';

const { manifest } = tinyRelease();

test('a sound golden set has no faults', () => {
  expect([...goldenFaults(TINY_GOLDEN, manifest)]).toEqual([]);
  expect([...outputFaults(Float32Array.from(TINY_GOLDEN.outputs.flat()), manifest, 'row')]).toEqual([]);
});

test.each<[change: (golden: Golden) => unknown, fault: string]>([
  [(g) => [g.rows.splice(31), g.outputs.splice(31)], 'golden.json has 31 rows, allowed are 32 to 10000'],
  [
    (g) => (g.rows = new Array<Golden['rows'][0]>(10_001).fill([1, null])),
    'golden.json has 10001 rows, allowed are 32 to 10000',
  ],
  [(g) => g.outputs.pop(), 'golden.json has 40 rows and the outputs of 39'],
  [(g) => g.rows[3]!.pop(), 'the golden rows have another width than the model: 2 columns, 3 outputs'],
  [(g) => g.outputs[3]!.push(0), 'the golden rows have another width than the model: 2 columns, 3 outputs'],
  [
    (g) => (g.rows = g.rows.map((row) => row.map((value) => value ?? 0))),
    'no golden row has a missing value',
  ],
])('what makes golden rows prove nothing is refused (%#)', (change, fault) => {
  const golden = structuredClone(TINY_GOLDEN);
  change(golden);
  expect([...goldenFaults(golden, manifest)]).toContain(fault);
});

test('the tolerance is ours, or less', () => {
  expect(toleranceOf({ ...TINY_GOLDEN, tolerance: 1e9 })).toBe(1e-4);
  expect(toleranceOf({ ...TINY_GOLDEN, tolerance: 1e-6 })).toBe(1e-6);
});

test('outputs must be finite and add up, in each row', () => {
  const faults = (outputs: number[]): string[] => [
    ...outputFaults(Float32Array.from(outputs), manifest, 'row'),
  ];
  expect(faults([0, 0.5, 0.5, 1, 0.5, 0.5])).toEqual([
    'row 1 has the margin 1, baseMargin and contributions are 0',
  ]);
  for (const odd of [NaN, Infinity, -Infinity])
    for (const at of [0, 1, 2]) {
      const outputs = [0, 0.5, 0.5];
      outputs[at] = odd;
      expect(faults(outputs)).toEqual(['row 0 has an output that is no finite number']);
    }
});

test('margins within a thousandth tell nobody apart', () => {
  expect(constantFault(Float32Array.of(1, 9, 1.0005, 7), 2)).toMatch('all golden rows have the same margin');
  expect(constantFault(Float32Array.of(1, 9, 1.01, 9), 2)).toBeUndefined();
});

test('golden rows are read however they are spaced, if they are not too many', () => {
  expect(parseGolden(pythonGolden(TINY_GOLDEN))).toEqual(parseGolden(goldenBytes(TINY_GOLDEN)));
  expect(pythonGolden(TINY_GOLDEN).length).toBeGreaterThan(goldenBytes(TINY_GOLDEN).length);
  expect(() => parseGolden(Buffer.from('{"rows":[]'))).toThrow('golden.json is not valid');
  expect(() => parseGolden(Buffer.from('{"rows":[[1]],"outputs":[[1e999]],"tolerance":1}'))).toThrow(
    'outputs',
  );
  expect(() => parseGolden(Buffer.alloc(8 * 1024 * 1024 + 1, ' '))).toThrow('allowed are 8388608');
});
