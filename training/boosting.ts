/**
 * Gradient boosting of symmetric (oblivious) trees: one split per level for all leaves (Kohavi 1994; Prokhorenkova et
 * al. 2018, CatBoost), Newton steps on the logistic loss (Friedman 2000; Chen & Guestrin 2016), histograms (Ke et al.
 * 2017), rows sampled per round (Friedman 2002). Deterministic: same data, parameters and seed, same ensemble.
 */
import { createRandom } from '../schemas/random.ts';
import { binColumns, type BinnedColumns } from './bin-columns.ts';

export interface BoostingParameters {
  readonly rounds: number;
  /** Splits of a tree; 2^depth leaves; at most 8. */
  readonly depth: number;
  readonly learningRate: number;
  /** L2 penalty on leaf values. */
  readonly l2: number;
  /** Share of the rows that a round sees, 0..1. */
  readonly rowSampling: number;
  readonly seed: number;
}

export const DEFAULT_PARAMETERS: BoostingParameters = {
  rounds: 60,
  depth: 5,
  learningRate: 0.15,
  l2: 5,
  rowSampling: 0.8,
  seed: 42,
};

/** One symmetric tree. A row's leaf has bit `depth - 1 - level` set where it goes right at that level. */
export interface Tree {
  readonly columns: Int32Array;
  /** float32 values: x <= threshold goes left. */
  readonly thresholds: Float32Array;
  /** 1 where a missing value goes left. */
  readonly missingLeft: Uint8Array;
  /** Log-odds added by each leaf. */
  readonly leaves: Float64Array;
  /** Weight of the training rows in each leaf (all rows, not the sampled ones). */
  readonly cover: Float64Array;
}

export interface Ensemble {
  /** Log-odds before any tree. */
  readonly startMargin: number;
  readonly columns: number;
  readonly trees: readonly Tree[];
}

export interface BoostingData {
  /** Feature rows, float32 [rows × columns], NaN = missing. */
  readonly x: Float32Array;
  /** 1 = churned. */
  readonly y: Uint8Array;
  readonly columns: number;
  /** Weight of each row; all 1 without. */
  readonly weights?: Float64Array;
}

/** Fits an ensemble. `onRound` is told how many rounds are done. */
export function fitEnsemble(
  data: BoostingData,
  parameters: BoostingParameters,
  onRound?: (done: number) => void,
): Ensemble {
  const { y, columns } = data;
  const rows = y.length;
  const weights = data.weights ?? new Float64Array(rows).fill(1);
  const binned = binColumns(data.x, rows, columns);
  const startMargin = logOdds(y, weights);
  const margins = new Float64Array(rows).fill(startMargin);
  const gradients = new Float64Array(rows * 2);
  const random = createRandom(parameters.seed);
  const workspace = createWorkspace(binned, parameters.depth);
  const trees: Tree[] = [];
  for (let round = 0; round < parameters.rounds; round++) {
    computeGradients(margins, y, weights, gradients);
    const sampled = sampleRows(rows, parameters.rowSampling, random.next);
    const tree = growTree(binned, gradients, weights, sampled, parameters, workspace);
    for (let row = 0; row < rows; row++) margins[row] = margins[row]! + tree.leaves[workspace.leafOf[row]!]!;
    trees.push(tree);
    onRound?.(round + 1);
  }
  return { startMargin, columns, trees };
}

function logOdds(y: Uint8Array, weights: Float64Array): number {
  let positive = 0;
  let total = 0;
  for (let row = 0; row < y.length; row++) {
    total += weights[row]!;
    positive += weights[row]! * y[row]!;
  }
  if (!(positive > 0 && positive < total))
    throw new RangeError('training needs customers who left and customers who stayed');
  return Math.log(positive / (total - positive));
}

/** Gradient and hessian of the logistic loss, interleaved per row. */
function computeGradients(
  margins: Float64Array,
  y: Uint8Array,
  weights: Float64Array,
  out: Float64Array,
): void {
  for (let row = 0; row < y.length; row++) {
    const p = 1 / (1 + Math.exp(-margins[row]!));
    out[2 * row] = weights[row]! * (p - y[row]!);
    out[2 * row + 1] = weights[row]! * p * (1 - p);
  }
}

function sampleRows(rows: number, share: number, next: () => number): Int32Array {
  const sampled = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) if (share >= 1 || next() < share) sampled[count++] = row;
  return sampled.subarray(0, count);
}

interface Workspace {
  readonly leafOf: Uint16Array;
  /** Gradient and hessian by (leaf, bin), interleaved. */
  readonly histogram: Float64Array;
  /** Gradient and hessian of each leaf so far. */
  readonly totals: Float64Array;
}

function createWorkspace(binned: BinnedColumns, depth: number): Workspace {
  const widest = Math.max(...binned.thresholds.map((t) => t.length + 2));
  return {
    leafOf: new Uint16Array(binned.rows),
    histogram: new Float64Array((1 << depth) * widest * 2),
    totals: new Float64Array((1 << depth) * 2),
  };
}

interface Split {
  readonly gain: number;
  readonly column: number;
  readonly bin: number;
  readonly missingLeft: boolean;
}

function growTree(
  binned: BinnedColumns,
  gradients: Float64Array,
  weights: Float64Array,
  sampled: Int32Array,
  { depth, learningRate, l2 }: BoostingParameters,
  workspace: Workspace,
): Tree {
  const { leafOf } = workspace;
  leafOf.fill(0);
  const columns = new Int32Array(depth);
  const thresholds = new Float32Array(depth);
  const missingLeft = new Uint8Array(depth);
  for (let level = 0; level < depth; level++) {
    const split = bestSplit(binned, gradients, sampled, 1 << level, l2, workspace);
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

function leafTotals(
  gradients: Float64Array,
  sampled: Int32Array,
  leafOf: Uint16Array,
  totals: Float64Array,
  leaves: number,
): Float64Array {
  totals.fill(0, 0, leaves * 2);
  for (let i = 0; i < sampled.length; i++) {
    const row = sampled[i]!;
    const leaf = leafOf[row]! * 2;
    totals[leaf] = totals[leaf]! + gradients[2 * row]!;
    totals[leaf + 1] = totals[leaf + 1]! + gradients[2 * row + 1]!;
  }
  return totals;
}

function bestSplit(
  binned: BinnedColumns,
  gradients: Float64Array,
  sampled: Int32Array,
  leaves: number,
  l2: number,
  workspace: Workspace,
): Split {
  let best: Split | undefined;
  const totals = leafTotals(gradients, sampled, workspace.leafOf, workspace.totals, leaves);
  for (let column = 0; column < binned.columns; column++) {
    const cuts = binned.thresholds[column]!.length;
    if (cuts === 0) continue;
    const width = cuts + 2;
    fillHistogram(
      workspace.histogram,
      binned.bins[column]!,
      workspace.leafOf,
      gradients,
      sampled,
      leaves,
      width,
    );
    const directions = binned.hasMissing[column] ? [true, false] : [true];
    for (const missingLeft of directions) {
      const split = scanColumn(
        workspace.histogram,
        totals,
        leaves,
        width,
        l2,
        missingLeft && binned.hasMissing[column]!,
      );
      if (best === undefined || split.gain > best.gain) best = { ...split, column, missingLeft };
    }
  }
  if (best === undefined)
    throw new RangeError('training needs at least one feature with two different values');
  return best;
}

function fillHistogram(
  histogram: Float64Array,
  bins: Uint8Array,
  leafOf: Uint16Array,
  gradients: Float64Array,
  sampled: Int32Array,
  leaves: number,
  width: number,
): void {
  histogram.fill(0, 0, leaves * width * 2);
  for (let i = 0; i < sampled.length; i++) {
    const row = sampled[i]!;
    const at = (leafOf[row]! * width + bins[row]!) * 2;
    histogram[at] = histogram[at]! + gradients[2 * row]!;
    histogram[at + 1] = histogram[at + 1]! + gradients[2 * row + 1]!;
  }
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

/** Leaf that a feature row (starting at `at`) falls into. */
export function leafIndex(tree: Tree, x: Float32Array, at: number): number {
  let leaf = 0;
  for (let level = 0; level < tree.columns.length; level++) {
    const value = x[at + tree.columns[level]!]!;
    const goesLeft = Number.isNaN(value) ? tree.missingLeft[level] === 1 : value <= tree.thresholds[level]!;
    leaf = (leaf << 1) | (goesLeft ? 0 : 1);
  }
  return leaf;
}

/** Margins (log-odds) of feature rows. */
export function predictMargins(ensemble: Ensemble, x: Float32Array): Float64Array {
  const rows = x.length / ensemble.columns;
  const margins = new Float64Array(rows).fill(ensemble.startMargin);
  for (const tree of ensemble.trees) {
    for (let row = 0; row < rows; row++)
      margins[row] = margins[row]! + tree.leaves[leafIndex(tree, x, row * ensemble.columns)]!;
  }
  return margins;
}
