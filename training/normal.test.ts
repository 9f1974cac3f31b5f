import { expect, test } from 'vitest';
import { normalQuantile } from './normal.ts';

test('quantiles of tables, in the middle and in both tails', () => {
  const table: [p: number, z: number][] = [
    [0.5, 0],
    [0.95, 1.6448536],
    [0.975, 1.959964],
    [0.05, -1.6448536],
    [1e-5, -4.2648908],
    [1e-12, -7.0344838],
  ];
  for (const [p, z] of table) expect(normalQuantile(p)).toBeCloseTo(z, 5);
  expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
});
