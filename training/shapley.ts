/**
 * Exact Shapley values in the leaves of symmetric trees. The value of a set of players is the path-dependent expectation
 * of Lundberg et al. 2020 (TreeExplainer): splits on players outside the set are averaged by training cover. In a
 * symmetric tree a leaf fixes the outcome of every split, so the values are a function of the leaf alone (ADR 3).
 */
import type { Ensemble } from './boosting.ts';
import type { Tree } from './tree.ts';

/** Contributions of one tree: those of the players that it splits on; the others have none. */
export interface LeafContributions {
  /** Expected value of the tree over its training cover. */
  readonly expected: number;
  /** Players of the tree, ascending; no more than its depth, however many players there are. */
  readonly players: readonly number[];
  /** [leaves × players of the tree], log-odds. */
  readonly values: Float64Array;
}

/**
 * @param playerOf player (the bank's feature) of each column: columns of one feature move together.
 */
export function leafContributions(tree: Tree, playerOf: readonly number[]): LeafContributions {
  const depth = tree.columns.length;
  const levelPlayers = Array.from(tree.columns, (column) => playerOf[column]!);
  const players = [...new Set(levelPlayers)].sort((a, b) => a - b);
  const leaves = 1 << depth;
  const values = new Float64Array(leaves * players.length);
  const weights = shapleyWeights(players.length);
  const worth = worthOfSets(tree, levelPlayers, players);
  const sets = 1 << players.length;
  for (let leaf = 0; leaf < leaves; leaf++) {
    for (let i = 0; i < players.length; i++) {
      let sum = 0;
      for (let set = 0; set < sets; set++) {
        if ((set & (1 << i)) !== 0) continue;
        const gain = worth[(set | (1 << i)) * leaves + leaf]! - worth[set * leaves + leaf]!;
        sum += weights[bitCount(set)]! * gain;
      }
      values[leaf * players.length + i] = sum;
    }
  }
  return { expected: worth[0]!, players, values };
}

/** [sets of players × leaves]: what the tree is expected to give when the players of the set go the way of the leaf. */
function worthOfSets(tree: Tree, levelPlayers: readonly number[], players: readonly number[]): Float64Array {
  const depth = levelPlayers.length;
  const leaves = 1 << depth;
  const cover = coverOfNodes(tree, depth);
  const worth = new Float64Array(leaves << players.length);
  for (let set = 0; set < 1 << players.length; set++) {
    const isKnown = levelPlayers.map((player) => (set & (1 << players.indexOf(player))) !== 0);
    const known = isKnown.reduce((bits, is, level) => bits | (is ? 1 << (depth - 1 - level) : 0), 0);
    for (let leaf = 0; leaf < leaves; leaf++) {
      // Leaves that go the same way where it is known are worth the same.
      const first = leaf & known;
      worth[set * leaves + leaf] =
        first < leaf ? worth[set * leaves + first]! : expectation(tree, cover, isKnown, leaf);
    }
  }
  return worth;
}

/** Cover by node: node 1 is the root, node n has the children 2n (left) and 2n + 1. */
function coverOfNodes(tree: Tree, depth: number): Float64Array {
  const cover = new Float64Array(2 << depth);
  cover.set(tree.cover, 1 << depth);
  for (let node = (1 << depth) - 1; node >= 1; node--) cover[node] = cover[2 * node]! + cover[2 * node + 1]!;
  return cover;
}

/** Expected tree value when only the levels that are known go the way of `leaf`. */
function expectation(tree: Tree, cover: Float64Array, isKnown: readonly boolean[], leaf: number): number {
  const depth = isKnown.length;
  const below = (node: number, level: number): number => {
    if (level === depth) return tree.leaves[node - (1 << depth)]!;
    if (isKnown[level]!) return below(2 * node + ((leaf >> (depth - 1 - level)) & 1), level + 1);
    const total = cover[node]!;
    // A node that no training row reached: both ways count the same.
    const share = total > 0 ? cover[2 * node]! / total : 0.5;
    const leftPart = share > 0 ? share * below(2 * node, level + 1) : 0;
    return leftPart + (share < 1 ? (1 - share) * below(2 * node + 1, level + 1) : 0);
  };
  return below(1, 0);
}

/** |S|! (m − |S| − 1)! / m! by |S|. */
function shapleyWeights(m: number): number[] {
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  return Array.from({ length: m }, (_, size) => (factorial(size) * factorial(m - size - 1)) / factorial(m));
}

function bitCount(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** Base margin of an ensemble (expected margin over the training cover) and the contributions of every tree. */
export function explainEnsemble(
  ensemble: Ensemble,
  playerOf: readonly number[],
): { baseMargin: number; trees: LeafContributions[] } {
  const trees = ensemble.trees.map((tree) => leafContributions(tree, playerOf));
  return { baseMargin: trees.reduce((sum, tree) => sum + tree.expected, ensemble.startMargin), trees };
}
