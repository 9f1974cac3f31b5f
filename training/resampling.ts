import { createRandom } from '../schemas/random.ts';
import type { BoostingData } from './boosting.ts';

export const RESAMPLING_STRATEGIES = ['none', 'undersample', 'oversample', 'class_weight'] as const;
export type Resampling = (typeof RESAMPLING_STRATEGIES)[number];

/** Neighbours of SMOTE. */
const NEIGHBOURS = 5;
/** What SMOTE may take without another budget, bytes. */
export const SMOTE_BUDGET_BYTES = 512 * 1024 * 1024;
/** Comparisons of rows it may make: some minutes. */
const MAX_SMOTE_COMPARISONS = 2e9;
/** Bytes that a fit takes for a row beside its columns: weight, margin, gradient and hessian, leaf, two indices. */
const FIT_BYTES_PER_ROW = 8 + 8 + 16 + 2 + 4 + 4;

/**
 * Balances the classes of training rows. None of these raises F1 once the threshold is chosen by cross-validation, and
 * all cost calibration; they are here because the runbook has them.
 *
 * @throws Error before any memory is taken where `oversample` (SMOTE) would need too much.
 */
export function resample(
  data: BoostingData,
  strategy: Resampling,
  seed: number,
  memoryBudgetBytes = SMOTE_BUDGET_BYTES,
): BoostingData {
  if (strategy === 'none') return data;
  if (strategy === 'oversample') assertAffordable(data, memoryBudgetBytes);
  const churned: number[] = [];
  const stayed: number[] = [];
  data.y.forEach((label, row) => (label === 1 ? churned : stayed).push(row));
  const [small, large] = churned.length <= stayed.length ? [churned, stayed] : [stayed, churned];
  switch (strategy) {
    case 'class_weight':
      return {
        ...data,
        weights: Float64Array.from(
          data.y,
          (label) => data.y.length / (2 * (label === 1 ? churned : stayed).length),
        ),
      };
    case 'undersample': {
      const order = Int32Array.from(large);
      createRandom(seed).shuffle(order);
      return takeRows(
        data,
        [...small, ...order.subarray(0, small.length)].sort((a, b) => a - b),
      );
    }
    case 'oversample':
      return smote(data, small, large.length - small.length, seed);
  }
}

/** The rows at these positions, in this order. */
export function takeRows({ x, y, columns }: BoostingData, rows: readonly number[]): BoostingData {
  const taken = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => taken.set(x.subarray(row * columns, (row + 1) * columns), i * columns));
  return { x: taken, y: Uint8Array.from(rows, (row) => y[row]!), columns };
}

/** Bytes that the rows of SMOTE and a fit on them take: columns as float32 and as bins, the label, and what a fit keeps. */
export function smoteBytes(rows: number, columns: number): number {
  return rows * (columns * (4 + 1) + 1 + FIT_BYTES_PER_ROW);
}

/** Estimates before anything is taken. */
function assertAffordable({ y, columns }: BoostingData, budgetBytes: number): void {
  const churned = y.reduce((sum, label) => sum + label, 0);
  const small = Math.min(churned, y.length - churned);
  const rows = 2 * (y.length - small);
  const comparisons = (rows - y.length) * small;
  const bytes = smoteBytes(rows, columns);
  const faults: string[] = [];
  const mebibytes = (value: number): string => `${(value / 1048576).toFixed(value < 1048576 ? 3 : 0)} MiB`;
  if (bytes > budgetBytes)
    faults.push(`${mebibytes(bytes)} of memory, the budget is ${mebibytes(budgetBytes)}`);
  if (comparisons > MAX_SMOTE_COMPARISONS)
    faults.push(
      `${comparisons.toExponential(1)} comparisons, allowed are ${MAX_SMOTE_COMPARISONS.toExponential(0)}`,
    );
  if (faults.length === 0) return;
  throw new Error(
    `oversample (SMOTE) from ${String(y.length)} to ${String(rows)} rows would take ${faults.join(' and ')}: ` +
      'set resampling.strategy to undersample (or none), or raise resampling.memoryBudgetMiB, in configs/config.yaml',
  );
}

/** SMOTE (Chawla et al. 2002): new rows between a minority row and one of its nearest neighbours. */
function smote(data: BoostingData, minority: readonly number[], wanted: number, seed: number): BoostingData {
  const { x, y, columns } = data;
  const random = createRandom(seed);
  const scale = columnScales(x, columns);
  const grown = new Float32Array((y.length + wanted) * columns);
  grown.set(x);
  const labels = new Uint8Array(y.length + wanted).fill(y[minority[0]!]!);
  labels.set(y);
  for (let i = 0; i < wanted; i++) {
    const row = minority[random.int(minority.length)]!;
    const near = nearest(x, columns, scale, row, minority);
    const other = near[random.int(near.length)] ?? row;
    const share = random.next();
    for (let column = 0; column < columns; column++) {
      const a = x[row * columns + column]!;
      const b = x[other * columns + column]!;
      grown[(y.length + i) * columns + column] = Number.isNaN(b) ? a : a + share * (b - a);
    }
  }
  return { x: grown, y: labels, columns };
}

function nearest(
  x: Float32Array,
  columns: number,
  scale: Float64Array,
  row: number,
  candidates: readonly number[],
): number[] {
  const best: { row: number; distance: number }[] = [];
  for (const candidate of candidates) {
    if (candidate === row) continue;
    let distance = 0;
    for (let column = 0; column < columns; column++) {
      const difference = (x[row * columns + column]! - x[candidate * columns + column]!) * scale[column]!;
      if (!Number.isNaN(difference)) distance += difference * difference;
    }
    if (best.length === NEIGHBOURS && distance >= best[NEIGHBOURS - 1]!.distance) continue;
    best.push({ row: candidate, distance });
    best.sort((a, b) => a.distance - b.distance);
    best.length = Math.min(best.length, NEIGHBOURS);
  }
  return best.map((entry) => entry.row);
}

/** 1 / standard deviation of each column. */
function columnScales(x: Float32Array, columns: number): Float64Array {
  return Float64Array.from({ length: columns }, (_, column) => {
    let [n, sum, squares] = [0, 0, 0];
    for (let at = column; at < x.length; at += columns) {
      if (Number.isNaN(x[at]!)) continue;
      n += 1;
      sum += x[at]!;
      squares += x[at]! ** 2;
    }
    const deviation = Math.sqrt(Math.max(squares / n - (sum / n) ** 2, 0));
    return deviation > 0 ? 1 / deviation : 0;
  });
}
