/** The best symmetric tree for given gradients: one split per level for all its leaves, found in histograms. */
import type { BinnedColumns } from './bin-columns.ts';
import { beginTree, fillHistogram, leafTotals, sortByLeaf, type Workspace } from './histograms.ts';
import type { Tree } from './tree.ts';

export interface TreeParameters {
  /** Splits of a tree; 2^depth leaves; 1..8. */
  readonly depth: number;
  /** Share of the Newton step that a leaf takes, 0..1. */
  readonly learningRate: number;
  /** L2 penalty on leaf values; above 0. */
  readonly l2: number;
}

interface Split {
  readonly gain: number;
  readonly column: number;
  readonly bin: number;
  readonly missingLeft: boolean;
}

/**
 * Grows one tree.
 *
 * @param gradients gradient and hessian per row, interleaved.
 * @param weights per row, for the cover.
 * @param sampled rows that choose splits and leaf values.
 * @param allowed columns that may split.
 */
export function growTree(
  binned: BinnedColumns,
  gradients: Float64Array,
  weights: Float64Array,
  sampled: Int32Array,
  allowed: Int32Array,
  { depth, learningRate, l2 }: TreeParameters,
  workspace: Workspace,
): Tree {
  const { leafOf } = workspace;
  beginTree(workspace, gradients, sampled);
  const columns = new Int32Array(depth);
  const thresholds = new Float32Array(depth);
  const missingLeft = new Uint8Array(depth);
  for (let level = 0; level < depth; level++) {
    const split = bestSplit(binned, gradients, sampled, allowed, 1 << level, l2, workspace);
    columns[level] = split.column;
    thresholds[level] = binned.thresholds[split.column]![split.bin]!;
    missingLeft[level] = split.missingLeft ? 1 : 0;
    applySplit(binned, split, leafOf);
  }
  const leafCount = 1 << depth;
  const totals = leafTotals(gradients, sampled, leafOf, workspace.totals, leafCount);
  const leaves = new Float64Array(leafCount);
  for (let leaf = 0; leaf < leafCount; leaf++) {
    leaves[leaf] = (-learningRate * totals[2 * leaf]!) / (totals[2 * leaf + 1]! + l2);
  }
  const cover = new Float64Array(leafCount);
  for (let row = 0; row < leafOf.length; row++) cover[leafOf[row]!] = cover[leafOf[row]!]! + weights[row]!;
  return { columns, thresholds, missingLeft, leaves, cover };
}

function bestSplit(
  binned: BinnedColumns,
  gradients: Float64Array,
  sampled: Int32Array,
  allowed: Int32Array,
  leaves: number,
  l2: number,
  workspace: Workspace,
): Split {
  let best: Split | undefined;
  const { leafOf, histogram, byLeaf } = workspace;
  const totals = leafTotals(gradients, sampled, leafOf, workspace.totals, leaves);
  sortByLeaf(byLeaf, leafOf, gradients, sampled, leaves);
  for (const column of allowed) {
    const width = binned.thresholds[column]!.length + 2;
    fillHistogram(workspace, binned, column, leaves);
    const directions = binned.hasMissing[column] ? [true, false] : [true];
    for (const missingLeft of directions) {
      const isLeft = missingLeft && binned.hasMissing[column]!;
      const split = scanColumn(histogram, totals, leaves, width, l2, isLeft);
      if (best === undefined || split.gain > best.gain) best = { ...split, column, missingLeft };
    }
  }
  return best!;
}

/** Sums of one leaf left of the scanned cut, reused by all scans (leaves ≤ 256). */
const left = new Float64Array(512);

/** The cut of one column with the greatest sum over leaves of G²/(H + λ) on both sides. */
function scanColumn(
  histogram: Float64Array,
  totals: Float64Array,
  leaves: number,
  width: number,
  l2: number,
  missingLeft: boolean,
): { gain: number; bin: number } {
  const cuts = width - 2;
  for (let leaf = 0; leaf < leaves; leaf++) {
    const missing = (leaf * width + cuts + 1) * 2;
    left[2 * leaf] = missingLeft ? histogram[missing]! : 0;
    left[2 * leaf + 1] = missingLeft ? histogram[missing + 1]! : 0;
  }
  let gain = -Infinity;
  let bin = 0;
  for (let cut = 0; cut < cuts; cut++) {
    let sum = 0;
    for (let leaf = 0; leaf < leaves; leaf++) {
      const at = (leaf * width + cut) * 2;
      const g = left[2 * leaf]! + histogram[at]!;
      const h = left[2 * leaf + 1]! + histogram[at + 1]!;
      left[2 * leaf] = g;
      left[2 * leaf + 1] = h;
      const rightG = totals[2 * leaf]! - g;
      sum += (g * g) / (h + l2) + (rightG * rightG) / (totals[2 * leaf + 1]! - h + l2);
    }
    if (sum > gain) {
      gain = sum;
      bin = cut;
    }
  }
  return { gain, bin };
}

function applySplit(binned: BinnedColumns, { column, bin, missingLeft }: Split, leafOf: Uint16Array): void {
  const bins = binned.bins[column]!;
  const missing = binned.thresholds[column]!.length + 1;
  for (let row = 0; row < leafOf.length; row++) {
    const value = bins[row]!;
    const goesLeft = value === missing ? missingLeft : value <= bin;
    leafOf[row] = (leafOf[row]! << 1) | (goesLeft ? 0 : 1);
  }
}
