import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainEnsemble, leafContributions, type LeafContributions } from './shapley.ts';
import { leafIndex, type Tree } from './tree.ts';

const COLUMNS = 6;
/** Columns 1, 2 and 3 are one feature, as one-hot columns are; most features have no column here, as most are in no tree. */
const PLAYER_OF = [0, 31, 31, 31, 63, 499];
const PLAYERS = [...new Set(PLAYER_OF)];

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

/** Shapley's formula over all subsets of the players, of the value of some trees together. */
function bruteForce(members: readonly Tree[], row: Float32Array): Map<number, number> {
  const subsets = Array.from({ length: 1 << PLAYERS.length }, (_, set) =>
    PLAYERS.filter((__, i) => (set & (1 << i)) !== 0),
  );
  const valueOfAll = (known: readonly number[]): number =>
    members.reduce((sum, tree) => sum + valueOf(tree, row, new Set(known)), 0);
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  const m = PLAYERS.length;
  const share = (player: number): number =>
    subsets
      .filter((known) => !known.includes(player))
      .map((known) => {
        const weight = (factorial(known.length) * factorial(m - known.length - 1)) / factorial(m);
        return weight * (valueOfAll([...known, player]) - valueOfAll(known));
      })
      .reduce((sum, part) => sum + part, 0);
  return new Map(PLAYERS.map((player) => [player, share(player)]));
}

/** What a player adds in one leaf. */
const inLeaf = ({ players, values }: LeafContributions, leaf: number, player: number): number =>
  players.includes(player) ? values[leaf * players.length + players.indexOf(player)]! : 0;

describe('leafContributions', () => {
  it('are the Shapley values by definition', () => {
    fc.assert(
      fc.property(trees, rows, (tree, row) => {
        const found = leafContributions(tree, PLAYER_OF);
        const leaf = leafIndex(tree, row, 0);
        for (const [player, wanted] of bruteForce([tree], row))
          expect(Math.abs(inLeaf(found, leaf, player) - wanted)).toBeLessThan(1e-9);
        expect(Math.abs(found.expected - valueOf(tree, row, new Set()))).toBeLessThan(1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('name the players of the tree alone, ascending', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const { players, values } = leafContributions(tree, PLAYER_OF);
        const inTree = new Set(Array.from(tree.columns, (column) => PLAYER_OF[column]!));
        expect(players).toEqual([...inTree].sort((a, b) => a - b));
        expect(values.length).toBe(tree.leaves.length * players.length);
      }),
    );
  });

  it('sum to the value of the leaf minus what is expected', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const { values, expected, players } = leafContributions(tree, PLAYER_OF);
        tree.leaves.forEach((value, leaf) => {
          const sum = values
            .subarray(leaf * players.length, (leaf + 1) * players.length)
            .reduce((a, b) => a + b, 0);
          expect(Math.abs(sum - (value - expected))).toBeLessThan(1e-9);
        });
      }),
    );
  });
});

describe('explainEnsemble', () => {
  it('gives the base margin, and the Shapley values of all trees together', () => {
    fc.assert(
      fc.property(fc.array(trees, { maxLength: 4 }), rows, (members, row) => {
        const ensemble = { startMargin: -1.5, columns: COLUMNS, trees: members };
        const { baseMargin, trees: explained } = explainEnsemble(ensemble, PLAYER_OF);
        const expected = members.reduce((sum, tree) => sum + valueOf(tree, row, new Set()), -1.5);
        expect(baseMargin).toBeCloseTo(expected, 9);
        for (const [player, wanted] of bruteForce(members, row)) {
          const parts = explained.map((tree, t) => inLeaf(tree, leafIndex(members[t]!, row, 0), player));
          expect(
            parts.reduce((sum, part) => sum + part, 0),
            String(player),
          ).toBeCloseTo(wanted, 9);
        }
      }),
    );
  });
});
