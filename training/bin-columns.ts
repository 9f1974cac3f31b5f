/** Columns cut into bins, for the histograms of the boosting. */
export interface BinnedColumns {
  readonly rows: number;
  readonly columns: number;
  /** One array per column: bin of each row; `thresholds.length + 1` stands for missing. */
  readonly bins: readonly Uint8Array[];
  /** Ascending float32 values per column: bin b holds thresholds[b-1] < x <= thresholds[b]. */
  readonly thresholds: readonly Float32Array[];
  readonly hasMissing: readonly boolean[];
  /** Of columns in which nearly all rows are in one bin, as in most one-hot columns. */
  readonly sparse: readonly (SparseColumn | undefined)[];
}

/** A column by its few rows that are not in the bin of most. */
export interface SparseColumn {
  readonly commonBin: number;
  /** Rows in other bins, ascending. */
  readonly others: Int32Array;
}

/** Bins of one column at most, missing not counted. */
const MAX_BINS = 254;
/** Columns that are read side by side: neighbours in a row are one cache line. */
const BLOCK = 16;
/** Different values that are collected without sorting. */
const FEW = 8;
/** Of the rows, so many may be in other bins. The sums of a sparse column differ from the others' in the last bits. */
const SPARSE_SHARE = 1 / 8;

const scratch = new DataView(new ArrayBuffer(4));

/** The largest float32 not above x: so `value <= threshold` is the same in double and in the float32 of the ONNX. */
export function float32Below(x: number): number {
  const rounded = Math.fround(x);
  if (rounded <= x) return rounded;
  scratch.setFloat32(0, rounded);
  const bits = scratch.getInt32(0);
  scratch.setInt32(0, rounded > 0 ? bits - 1 : bits + 1);
  return rounded === 0 ? -1.401298464324817e-45 : scratch.getFloat32(0);
}

/**
 * @param x feature rows, float32 [rows × columns], NaN = missing.
 */
export function binColumns(x: Float32Array, rows: number, columns: number): BinnedColumns {
  const bins: Uint8Array[] = [];
  const thresholds: Float32Array[] = [];
  const hasMissing: boolean[] = [];
  const sparse: (SparseColumn | undefined)[] = [];
  const block = new Float32Array(rows * BLOCK);
  for (let from = 0; from < columns; from += BLOCK) {
    const width = Math.min(BLOCK, columns - from);
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < width; i++) block[i * rows + row] = x[row * columns + from + i]!;
    for (let i = 0; i < width; i++) {
      const values = block.subarray(i * rows, (i + 1) * rows);
      const cuts = chooseThresholds(values);
      const binned = new Uint8Array(rows);
      for (let row = 0; row < rows; row++) binned[row] = binOf(values[row]!, cuts);
      bins.push(binned);
      thresholds.push(cuts);
      hasMissing.push(binned.includes(cuts.length + 1));
      sparse.push(findSparse(binned, cuts.length + 2));
    }
  }
  return { rows, columns, bins, thresholds, hasMissing, sparse };
}

function findSparse(bins: Uint8Array, width: number): SparseColumn | undefined {
  const counts = new Int32Array(width);
  for (let row = 0; row < bins.length; row++) counts[bins[row]!] = counts[bins[row]!]! + 1;
  const commonBin = counts.reduce((best, count, bin) => (count > counts[best]! ? bin : best), 0);
  const others = new Int32Array(bins.length - counts[commonBin]!);
  if (others.length > bins.length * SPARSE_SHARE) return undefined;
  for (let row = 0, to = 0; row < bins.length; row++) if (bins[row] !== commonBin) others[to++] = row;
  return { commonBin, others };
}

function binOf(value: number, thresholds: Float32Array): number {
  if (Number.isNaN(value)) return thresholds.length + 1;
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= thresholds[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Between all distinct values where they are few, else at quantiles. */
function chooseThresholds(values: Float32Array): Float32Array {
  const few = fewValues(values);
  if (few !== undefined) return cutsBetween(few);
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const distinct: number[] = [];
  for (const value of sorted) if (value !== distinct[distinct.length - 1]) distinct.push(value);
  if (distinct.length <= MAX_BINS) return cutsBetween(distinct);
  const cuts: number[] = [];
  for (let i = 1; i < MAX_BINS; i++) {
    const at = Math.floor((i * sorted.length) / MAX_BINS);
    const below = sorted[at - 1]!;
    const above = sorted[at]!;
    const cut = below === above ? below : between(below, above);
    if (cut !== cuts[cuts.length - 1]) cuts.push(cut);
  }
  return Float32Array.from(cuts);
}

/** The values of a column, ascending, if they are few: most columns are one-hot, and sorting 0 and 1 takes its time. */
function fewValues(values: Float32Array): number[] | undefined {
  const found: number[] = [];
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value) || found.includes(value)) continue;
    if (found.length === FEW) return undefined;
    found.push(value);
  }
  return found.sort((a, b) => a - b);
}

const cutsBetween = (distinct: readonly number[]): Float32Array =>
  Float32Array.from(distinct.slice(1), (value, i) => between(distinct[i]!, value));

/** A float32 t with below <= t < above. */
function between(below: number, above: number): number {
  return Math.max(below, float32Below((below + above) / 2));
}
