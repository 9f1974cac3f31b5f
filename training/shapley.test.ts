import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tree } from './boosting.ts';
import { leafContributions } from './shapley.ts';

const PLAYERS = 3;
/** Column → player: columns 2 and 3 are one feature. */
const PLAYER_OF = [0, 1, 2, 2];

const anyTree: fc.Arbitrary<Tree> = fc.integer({ min: 1, max: 4 }).chain((depth) =>
  fc.record({
    columns: fc.array(fc.nat(3), { minLength: depth, maxLength: depth }).map((c) => Int32Array.from(c)),
    leaves: fc
      .array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1 << depth, maxLength: 1 << depth })
      .map((l) => Float64Array.from(l)),
    cover: fc
      .array(fc.integer({ min: 1, max: 50 }), { minLength: 1 << depth, maxLength: 1 << depth })
      .map((c) => Float64Array.from(c)),
    thresholds: fc.constant(new Float32Array(depth)),
    missingLeft: fc.constant(new Uint8Array(depth)),
  }),
);

/** Expected tree value when the players of `known` go the way of `leaf`: straight from the definition. */
function expectation(tree: Tree, leaf: number, known: ReadonlySet<number>): number {
  const depth = tree.columns.length;
  const walk = (prefix: number, level: number): number => {
    if (level === depth) return tree.leaves[prefix]!;
    if (known.has(PLAYER_OF[tree.columns[level]!]!))
      return walk((prefix << 1) | ((leaf >> (depth - 1 - level)) & 1), level + 1);
    const coverOf = (node: number): number => {
      const width = depth - level - 1;
      let sum = 0;
      for (let i = node << width; i < (node + 1) << width; i++) sum += tree.cover[i]!;
      return sum;
    };
    const [left, right] = [prefix << 1, (prefix << 1) | 1];
    const total = coverOf(left) + coverOf(right);
    return (coverOf(left) * walk(left, level + 1) + coverOf(right) * walk(right, level + 1)) / total;
  };
  return walk(0, 0);
}

/** Shapley values as the mean over all orders of the players. */
function bruteForce(tree: Tree, leaf: number): number[] {
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]; // prettier-ignore
  const values = new Array<number>(PLAYERS).fill(0);
  for (const order of orders) {
    const known = new Set<number>();
    for (const player of order) {
      const before = expectation(tree, leaf, known);
      known.add(player);
      values[player] = values[player]! + (expectation(tree, leaf, known) - before) / orders.length;
    }
  }
  return values;
}

test('equal to the enumeration of all orders, and summing to leaf − expectation', () => {
  fc.assert(
    fc.property(anyTree, (tree) => {
      const { expected, values } = leafContributions(tree, PLAYER_OF, PLAYERS);
      for (let leaf = 0; leaf < tree.leaves.length; leaf++) {
        const exact = bruteForce(tree, leaf);
        const found = values.subarray(leaf * PLAYERS, (leaf + 1) * PLAYERS);
        exact.forEach((value, player) => expect(Math.abs(value - found[player]!)).toBeLessThan(1e-9));
        expect(Math.abs(expected + found.reduce((a, b) => a + b, 0) - tree.leaves[leaf]!)).toBeLessThan(1e-9);
      }
    }),
    { numRuns: 200 },
  );
});
