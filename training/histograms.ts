/** Sums of gradients by leaf and bin: what the splits of a tree are chosen by. */
import type { BinnedColumns, SparseColumn } from './bin-columns.ts';

/** Memory that the trees of one fit share. */
export interface Workspace {
  /** Leaf of each row (sampled or not) in the newest tree. */
  readonly leafOf: Uint16Array;
  /** Gradient and hessian by (leaf, bin), interleaved. */
  readonly histogram: Float64Array;
  /** Gradient and hessian of each leaf so far. */
  readonly totals: Float64Array;
  /** Gradient and hessian per row, interleaved; 0 where the row is not sampled. */
  readonly masked: Float64Array;
  readonly byLeaf: RowsByLeaf;
}

/**
 * The sampled rows leaf by leaf, in ascending order within each: a histogram is filled from memory that lies together, and
 * sums are taken in the same order as without.
 */
interface RowsByLeaf {
  readonly rows: Int32Array;
  /** Gradient and hessian of each of `rows`, interleaved. */
  readonly gradients: Float64Array;
  /** Where each leaf begins, and the end. */
  readonly starts: Int32Array;
}

export function createWorkspace(binned: BinnedColumns, depth: number): Workspace {
  const widest = Math.max(...binned.thresholds.map((t) => t.length + 2));
  return {
    leafOf: new Uint16Array(binned.rows),
    histogram: new Float64Array((1 << depth) * widest * 2),
    totals: new Float64Array((1 << depth) * 2),
    masked: new Float64Array(binned.rows * 2),
    byLeaf: {
      rows: new Int32Array(binned.rows),
      gradients: new Float64Array(binned.rows * 2),
      starts: new Int32Array((1 << depth) + 1),
    },
  };
}

/** Sorts the sampled rows by leaf, stable. */
export function sortByLeaf(
  { rows, gradients: sorted, starts }: RowsByLeaf,
  leafOf: Uint16Array,
  gradients: Float64Array,
  sampled: Int32Array,
  leaves: number,
): void {
  starts.fill(0);
  for (let i = 0; i < sampled.length; i++) {
    const leaf = leafOf[sampled[i]!]! + 1;
    starts[leaf] = starts[leaf]! + 1;
  }
  for (let leaf = 0; leaf < leaves; leaf++) starts[leaf + 1] = starts[leaf + 1]! + starts[leaf]!;
  const next = starts.slice(0, leaves);
  for (let i = 0; i < sampled.length; i++) {
    const row = sampled[i]!;
    const leaf = leafOf[row]!;
    const to = next[leaf]!;
    next[leaf] = to + 1;
    rows[to] = row;
    sorted[2 * to] = gradients[2 * row]!;
    sorted[2 * to + 1] = gradients[2 * row + 1]!;
  }
}

/** Takes the sampled rows of a new tree; their gradients and hessians are interleaved. All rows are in its root. */
export function beginTree({ leafOf, masked }: Workspace, gradients: Float64Array, sampled: Int32Array): void {
  leafOf.fill(0);
  masked.fill(0);
  for (let i = 0; i < sampled.length; i++) {
    const at = 2 * sampled[i]!;
    masked[at] = gradients[at]!;
    masked[at + 1] = gradients[at + 1]!;
  }
}

/** Sums of each leaf: gradient and hessian, interleaved. */
export function leafTotals(
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

/** Sums of one column: gradient and hessian by (leaf, bin), interleaved. */
export function fillHistogram(
  workspace: Workspace,
  { thresholds, bins, sparse }: BinnedColumns,
  column: number,
  leaves: number,
): void {
  const width = thresholds[column]!.length + 2;
  const few = sparse[column];
  if (few === undefined) fillDense(workspace, bins[column]!, leaves, width);
  else fillSparse(workspace, bins[column]!, few, leaves, width);
}

function fillDense(
  { histogram, byLeaf: { rows, gradients, starts } }: Workspace,
  bins: Uint8Array,
  leaves: number,
  width: number,
): void {
  histogram.fill(0, 0, leaves * width * 2);
  for (let leaf = 0; leaf < leaves; leaf++) {
    const end = starts[leaf + 1]!;
    for (let i = starts[leaf]!; i < end; i++) {
      const at = (leaf * width + bins[rows[i]!]!) * 2;
      histogram[at] = histogram[at]! + gradients[2 * i]!;
      histogram[at + 1] = histogram[at + 1]! + gradients[2 * i + 1]!;
    }
  }
}

/** Sums the few rows that are not in the bin of most; that one has the rest of each leaf. */
function fillSparse(
  { histogram, leafOf, masked, totals }: Workspace,
  bins: Uint8Array,
  { commonBin, others }: SparseColumn,
  leaves: number,
  width: number,
): void {
  histogram.fill(0, 0, leaves * width * 2);
  for (let leaf = 0; leaf < leaves; leaf++) {
    const common = (leaf * width + commonBin) * 2;
    histogram[common] = totals[2 * leaf]!;
    histogram[common + 1] = totals[2 * leaf + 1]!;
  }
  for (let i = 0; i < others.length; i++) {
    const row = others[i]!;
    const first = leafOf[row]! * width;
    const at = (first + bins[row]!) * 2;
    const common = (first + commonBin) * 2;
    const g = masked[2 * row]!;
    const h = masked[2 * row + 1]!;
    histogram[at] = histogram[at]! + g;
    histogram[at + 1] = histogram[at + 1]! + h;
    histogram[common] = histogram[common]! - g;
    histogram[common + 1] = histogram[common + 1]! - h;
  }
}
