import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bruteForce, valueOf } from './brute-force.fixture.ts';
import { explainEnsemble, leafContributions, type LeafContributions } from './shapley.ts';
import { leafIndex } from './tree.ts';

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

/** What a player adds in one leaf. */
const inLeaf = ({ players, values }: LeafContributions, leaf: number, player: number): number =>
  players.includes(player) ? values[leaf * players.length + players.indexOf(player)]! : 0;

describe('leafContributions', () => {
  it('are the Shapley values by definition', () => {
    fc.assert(
      fc.property(trees, rows, (tree, row) => {
        const found = leafContributions(tree, PLAYER_OF);
        const leaf = leafIndex(tree, row, 0);
        for (const [player, wanted] of bruteForce([tree], row, PLAYER_OF, PLAYERS))
          expect(Math.abs(inLeaf(found, leaf, player) - wanted)).toBeLessThan(1e-9);
        expect(Math.abs(found.expected - valueOf(tree, row, PLAYER_OF, new Set()))).toBeLessThan(1e-9);
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
        const expected = members.reduce((sum, tree) => sum + valueOf(tree, row, PLAYER_OF, new Set()), -1.5);
        expect(baseMargin).toBeCloseTo(expected, 9);
        for (const [player, wanted] of bruteForce(members, row, PLAYER_OF, PLAYERS)) {
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
