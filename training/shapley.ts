/**
 * Exact Shapley values in the leaves of symmetric trees. The value of a set of players is the path-dependent expectation
 * of Lundberg et al. 2020 (TreeExplainer): splits on players outside the set are averaged by training cover. In a
 * symmetric tree a leaf fixes the outcome of every split, so the values are a function of the leaf alone (ADR 3).
 */
import type { Ensemble } from './boosting.ts';
import type { Tree } from './tree.ts';

/** Contributions of one tree. */
export interface LeafContributions {
  /** Expected value of the tree over its training cover. */
  readonly expected: number;
  /** [leaves × players], log-odds. */
  readonly values: Float64Array;
}

/**
 * @param playerOf player (the bank's feature) of each column: columns of one feature move together.
 * @param players number of players.
 */
export function leafContributions(
  tree: Tree,
  playerOf: readonly number[],
  players: number,
): LeafContributions {
  const depth = tree.columns.length;
  const levelPlayers = Array.from(tree.columns, (column) => playerOf[column]!);
  const inTree = [...new Set(levelPlayers)].sort((a, b) => a - b);
  const nodeCover = coverOfNodes(tree, depth);
  const leaves = 1 << depth;
  const values = new Float64Array(leaves * players);
  const levelBits = levelPlayers.map((player) => 1 << inTree.indexOf(player));
  const weights = shapleyWeights(inTree.length);
  const worth = new Float64Array(1 << inTree.length);
  for (let leaf = 0; leaf < leaves; leaf++) {
    for (let set = 0; set < worth.length; set++)
      worth[set] = expectation(tree, nodeCover, levelBits, depth, leaf, set);
    inTree.forEach((player, i) => {
      let sum = 0;
      for (let set = 0; set < worth.length; set++) {
        if ((set & (1 << i)) === 0) sum += weights[bitCount(set)]! * (worth[set | (1 << i)]! - worth[set]!);
      }
      values[leaf * players + player] = sum;
    });
  }
  return { expected: expectation(tree, nodeCover, levelBits, depth, 0, 0), values };
}

/** Cover by node: node 1 is the root, node n has the children 2n (left) and 2n + 1. */
function coverOfNodes(tree: Tree, depth: number): Float64Array {
  const cover = new Float64Array(2 << depth);
  cover.set(tree.cover, 1 << depth);
  for (let node = (1 << depth) - 1; node >= 1; node--) cover[node] = cover[2 * node]! + cover[2 * node + 1]!;
  return cover;
}

/** Expected tree value when only the players in `set` (bits) are known to go the way of `leaf`. */
function expectation(
  tree: Tree,
  cover: Float64Array,
  levelBits: readonly number[],
  depth: number,
  leaf: number,
  set: number,
): number {
  const below = (node: number, level: number): number => {
    if (level === depth) return tree.leaves[node - (1 << depth)]!;
    if ((set & levelBits[level]!) !== 0)
      return below(2 * node + ((leaf >> (depth - 1 - level)) & 1), level + 1);
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
  players: number,
): { baseMargin: number; trees: LeafContributions[] } {
  const trees = ensemble.trees.map((tree) => leafContributions(tree, playerOf, players));
  return { baseMargin: trees.reduce((sum, tree) => sum + tree.expected, ensemble.startMargin), trees };
}
