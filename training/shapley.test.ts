import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainEnsemble, leafContributions } from './shapley.ts';
import { leafIndex, type Tree } from './tree.ts';

const COLUMNS = 6;
/** Columns 1, 2 and 3 are one feature, as one-hot columns are. */
const PLAYER_OF = [0, 1, 1, 1, 2, 3];
const PLAYERS = 4;

const trees = fc.integer({ min: 1, max: 5 }).chain((depth) =>
  fc.record({
    columns: fc
      .array(fc.integer({ min: 0, max: COLUMNS - 1 }), { minLength: depth, maxLength: depth })
      .map((columns) => Int32Array.from(columns)),
    thresholds: fc
      .array(fc.integer({ min: -2, max: 2 }), { minLength: depth, maxLength: depth })
      .map((thresholds) => Float32Array.from(thresholds)),
    missingLeft: fc
      .array(fc.integer({ min: 0, max: 1 }), { minLength: depth, maxLength: depth })
      .map((flags) => Uint8Array.from(flags)),
    leaves: fc
      .array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1 << depth, maxLength: 1 << depth })
      .map((leaves) => Float64Array.from(leaves)),
    // Leaves that no training row reached (0) among them.
    cover: fc
      .array(fc.integer({ min: 0, max: 20 }), { minLength: 1 << depth, maxLength: 1 << depth })
      .map((cover) => Float64Array.from(cover)),
  }),
);
const rows = fc
  .array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(NaN)), {
    minLength: COLUMNS,
    maxLength: COLUMNS,
  })
  .map((row) => Float32Array.from(row));

/** Value of a set of players, straight from the definition: descend, and average by cover where the player is unknown. */
function valueOf(tree: Tree, row: Float32Array, known: ReadonlySet<number>): number {
  const depth = tree.columns.length;
  const coverUnder = (prefix: number, level: number): number =>
    tree.cover.reduce((sum, cover, leaf) => (leaf >> (depth - level) === prefix ? sum + cover : sum), 0);
  const descend = (prefix: number, level: number): number => {
    if (level === depth) return tree.leaves[prefix]!;
    const column = tree.columns[level]!;
    const [left, right] = [prefix << 1, (prefix << 1) | 1];
    if (known.has(PLAYER_OF[column]!)) {
      const value = row[column]!;
      const goesLeft = Number.isNaN(value) ? tree.missingLeft[level] === 1 : value <= tree.thresholds[level]!;
      return descend(goesLeft ? left : right, level + 1);
    }
    const total = coverUnder(prefix, level);
    const share = total === 0 ? 0.5 : coverUnder(left, level + 1) / total;
    return share * descend(left, level + 1) + (1 - share) * descend(right, level + 1);
  };
  return descend(0, 0);
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}
const ORDERS = permutations([0, 1, 2, 3]);

/** Mean marginal contribution over all orders of all players. */
function bruteForce(tree: Tree, row: Float32Array): number[] {
  const sums = new Array<number>(PLAYERS).fill(0);
  for (const order of ORDERS) {
    const known = new Set<number>();
    for (const player of order) {
      const before = valueOf(tree, row, known);
      known.add(player);
      sums[player] = sums[player]! + (valueOf(tree, row, known) - before) / ORDERS.length;
    }
  }
  return sums;
}

describe('leafContributions', () => {
  it('are the Shapley values by definition', () => {
    fc.assert(
      fc.property(trees, rows, (tree, row) => {
        const { values, expected } = leafContributions(tree, PLAYER_OF, PLAYERS);
        const leaf = leafIndex(tree, row, 0);
        bruteForce(tree, row).forEach((wanted, player) => {
          expect(Math.abs(values[leaf * PLAYERS + player]! - wanted)).toBeLessThan(1e-9);
        });
        expect(Math.abs(expected - valueOf(tree, row, new Set()))).toBeLessThan(1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('sum to the value of the leaf minus what is expected', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const { values, expected } = leafContributions(tree, PLAYER_OF, PLAYERS);
        tree.leaves.forEach((value, leaf) => {
          const sum = values.subarray(leaf * PLAYERS, (leaf + 1) * PLAYERS).reduce((a, b) => a + b, 0);
          expect(Math.abs(sum - (value - expected))).toBeLessThan(1e-9);
        });
      }),
    );
  });

  it('give the base margin of an ensemble', () => {
    fc.assert(
      fc.property(fc.array(trees, { maxLength: 4 }), (members) => {
        const { baseMargin, trees: explained } = explainEnsemble(
          { startMargin: -1.5, columns: COLUMNS, trees: members },
          PLAYER_OF,
          PLAYERS,
        );
        expect(baseMargin).toBeCloseTo(
          explained.reduce((sum, tree) => sum + tree.expected, -1.5),
          9,
        );
      }),
    );
  });
});
