/** Columns cut into bins, for the histograms of the boosting. */
export interface BinnedColumns {
  readonly rows: number;
  readonly columns: number;
  /** One array per column: bin of each row; `thresholds.length + 1` stands for missing. */
  readonly bins: readonly Uint8Array[];
  /** Ascending float32 values per column: bin b holds thresholds[b-1] < x <= thresholds[b]. */
  readonly thresholds: readonly Float32Array[];
  readonly hasMissing: readonly boolean[];
}

/** Bins of one column at most, missing not counted. */
const MAX_BINS = 254;

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
  const values = new Float32Array(rows);
  for (let column = 0; column < columns; column++) {
    let present = 0;
    for (let row = 0; row < rows; row++) {
      const value = x[row * columns + column]!;
      if (!Number.isNaN(value)) values[present++] = value;
    }
    const cuts = chooseThresholds(values.slice(0, present).sort());
    const binned = new Uint8Array(rows);
    for (let row = 0; row < rows; row++) binned[row] = binOf(x[row * columns + column]!, cuts);
    bins.push(binned);
    thresholds.push(cuts);
    hasMissing.push(present < rows);
  }
  return { rows, columns, bins, thresholds, hasMissing };
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
function chooseThresholds(sorted: Float32Array): Float32Array {
  const distinct: number[] = [];
  for (const value of sorted) if (value !== distinct[distinct.length - 1]) distinct.push(value);
  const cuts: number[] = [];
  if (distinct.length <= MAX_BINS) {
    for (let i = 1; i < distinct.length; i++) cuts.push(between(distinct[i - 1]!, distinct[i]!));
  } else {
    for (let i = 1; i < MAX_BINS; i++) {
      const at = Math.floor((i * sorted.length) / MAX_BINS);
      const below = sorted[at - 1]!;
      const above = sorted[at]!;
      const cut = below === above ? below : between(below, above);
      if (cut !== cuts[cuts.length - 1]) cuts.push(cut);
    }
  }
  return Float32Array.from(cuts);
}

/** A float32 t with below <= t < above. */
function between(below: number, above: number): number {
  return Math.max(below, float32Below((below + above) / 2));
}
