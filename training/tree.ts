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
