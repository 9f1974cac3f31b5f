/** Shapley values straight from their definition, for comparison: slow, and written without a look at the product's code. */
import type { Tree } from './tree.ts';

/** A tree's value for a row of which some players are known: descend, and average by cover where the player is unknown. */
export function valueOf(
  tree: Tree,
  row: Float32Array,
  playerOf: readonly number[],
  known: ReadonlySet<number>,
): number {
  const depth = tree.columns.length;
  const coverUnder = (prefix: number, level: number): number =>
    tree.cover.reduce((sum, cover, leaf) => (leaf >> (depth - level) === prefix ? sum + cover : sum), 0);
  const descend = (prefix: number, level: number): number => {
    if (level === depth) return tree.leaves[prefix]!;
    const column = tree.columns[level]!;
    const [left, right] = [prefix << 1, (prefix << 1) | 1];
    if (known.has(playerOf[column]!)) {
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

/**
 * Shapley's formula over all subsets of some players, of the value of all trees together.
 *
 * @param players those that have a part; 2^players subsets are gone through.
 */
export function bruteForce(
  trees: readonly Tree[],
  row: Float32Array,
  playerOf: readonly number[],
  players: readonly number[],
): Map<number, number> {
  const m = players.length;
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  const worth = Array.from({ length: 1 << m }, (_, set) => {
    const known = new Set(players.filter((__, i) => (set & (1 << i)) !== 0));
    return {
      size: known.size,
      value: trees.reduce((sum, tree) => sum + valueOf(tree, row, playerOf, known), 0),
    };
  });
  return new Map(
    players.map((player, i) => {
      let sum = 0;
      worth.forEach(({ size, value }, set) => {
        if ((set & (1 << i)) !== 0) return;
        const weight = (factorial(size) * factorial(m - size - 1)) / factorial(m);
        sum += weight * (worth[set | (1 << i)]!.value - value);
      });
      return [player, sum];
    }),
  );
}
