/**
 * Gradient boosting of symmetric (oblivious) trees: one split per level for all leaves (Kohavi 1994; Prokhorenkova et
 * al. 2018, CatBoost), Newton steps on the logistic loss (Friedman 2000; Chen & Guestrin 2016), histograms (Ke et al.
 * 2017), rows sampled per round (Friedman 2002), columns per tree (Ho 1998), early stopping on rows of their own.
 * Deterministic: same data, parameters and seed, same ensemble.
 */
import { createRandom, type Random } from '../schemas/random.ts';
import { binColumns } from './bin-columns.ts';
import { watchLoss } from './early-stopping.ts';
import { growTree, type TreeParameters } from './grow-tree.ts';
import { createWorkspace } from './histograms.ts';
import { leafIndex, type Tree } from './tree.ts';

export interface BoostingParameters extends TreeParameters {
  /** Trees; at least 1. */
  readonly rounds: number;
  /** Share of the rows that a round sees, above 0, at most 1. */
  readonly rowSampling: number;
  /** Share of the columns that a tree may split on, above 0, at most 1; at least one. */
  readonly columnSampling: number;
  /** Rounds without a lower loss on the validation rows after which a fit ends; 0 = all rounds are taken. */
  readonly earlyStoppingRounds: number;
  readonly seed: number;
}

/** Chosen by repeated cross-validation inside the training part of the bank's set (lowest log loss at this cost of scoring). */
export const DEFAULT_PARAMETERS: BoostingParameters = {
  rounds: 60,
  depth: 5,
  learningRate: 0.15,
  l2: 2,
  rowSampling: 0.8,
  columnSampling: 1,
  earlyStoppingRounds: 0,
  seed: 42,
};

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

/** A fit that was called off. */
export class TrainingCancelled extends Error {
  constructor() {
    super('training was cancelled');
    this.name = 'TrainingCancelled';
  }
}

/** What a fit tells and asks on its way. */
export interface FitControl {
  /** Told how many rounds are done. */
  readonly onRound?: (done: number) => void;
  /** Asked before every round; true ends the fit. */
  readonly isCancelled?: () => boolean;
  /** Rows that early stopping watches; not among the training rows. */
  readonly validation?: Pick<BoostingData, 'x' | 'y'>;
}

/** What is wrong with parameters, one line each. */
function parameterFaults({
  rounds,
  depth,
  learningRate,
  l2,
  rowSampling,
  columnSampling,
  earlyStoppingRounds,
  seed,
}: BoostingParameters): string[] {
  const faults: string[] = [];
  if (!(Number.isInteger(rounds) && rounds >= 1))
    faults.push(`rounds is ${String(rounds)}, not a whole number from 1`);
  if (!(Number.isInteger(depth) && depth >= 1 && depth <= 8))
    faults.push(`depth is ${String(depth)}, not a whole number 1..8`);
  if (!(learningRate > 0 && learningRate <= 1))
    faults.push(`learningRate is ${String(learningRate)}, not in 0..1`);
  if (!(l2 > 0 && Number.isFinite(l2))) faults.push(`l2 is ${String(l2)}, not above 0`);
  if (!(rowSampling > 0 && rowSampling <= 1))
    faults.push(`rowSampling is ${String(rowSampling)}, not in 0..1`);
  if (!(columnSampling > 0 && columnSampling <= 1))
    faults.push(`columnSampling is ${String(columnSampling)}, not in 0..1`);
  if (!(Number.isInteger(earlyStoppingRounds) && earlyStoppingRounds >= 0))
    faults.push(`earlyStoppingRounds is ${String(earlyStoppingRounds)}, not a whole number from 0`);
  if (!Number.isInteger(seed)) faults.push(`seed is ${String(seed)}, not a whole number`);
  return faults;
}

/**
 * Fits an ensemble. With early stopping it ends at the round of the lowest loss on the validation rows.
 *
 * @throws RangeError for impossible parameters, one class only, or no feature with two different values;
 * TrainingCancelled where `isCancelled` said so.
 */
export function fitEnsemble(
  data: BoostingData,
  parameters: BoostingParameters,
  { onRound, isCancelled, validation }: FitControl = {},
): Ensemble {
  const faults = parameterFaults(parameters);
  if (parameters.earlyStoppingRounds > 0 && validation === undefined)
    faults.push('earlyStoppingRounds needs validation rows');
  if (faults.length > 0) throw new RangeError(`boosting: ${faults.join('; ')}`);
  const { y, columns } = data;
  const rows = y.length;
  const weights = data.weights ?? new Float64Array(rows).fill(1);
  const binned = binColumns(data.x, rows, columns);
  const usable = Int32Array.from(
    [...binned.thresholds.keys()].filter((i) => binned.thresholds[i]!.length > 0),
  );
  if (usable.length === 0)
    throw new RangeError('training needs at least one feature with two different values');
  const startMargin = logOdds(y, weights);
  const margins = new Float64Array(rows).fill(startMargin);
  const gradients = new Float64Array(rows * 2);
  const random = createRandom(parameters.seed);
  const workspace = createWorkspace(binned, parameters.depth);
  const trees: Tree[] = [];
  const stop = watchLoss(parameters.earlyStoppingRounds, startMargin, columns, validation);
  for (let round = 0; round < parameters.rounds; round++) {
    if (isCancelled?.() === true) throw new TrainingCancelled();
    computeGradients(margins, y, weights, gradients);
    const sampled = sampleRows(rows, parameters.rowSampling, random.next);
    const allowed = sampleColumns(usable, parameters.columnSampling, random);
    const tree = growTree(binned, gradients, weights, sampled, allowed, parameters, workspace);
    for (let row = 0; row < rows; row++) margins[row] = margins[row]! + tree.leaves[workspace.leafOf[row]!]!;
    trees.push(tree);
    onRound?.(round + 1);
    const best = stop(tree);
    if (best !== undefined) return { startMargin, columns, trees: trees.slice(0, best) };
  }
  return { startMargin, columns, trees: trees.slice(0, stop() ?? trees.length) };
}

/** Columns of one tree, ascending. No number is drawn where all are taken. */
function sampleColumns(usable: Int32Array, share: number, random: Random): Int32Array {
  if (share >= 1) return usable;
  const order = usable.slice();
  random.shuffle(order);
  return order.subarray(0, Math.max(1, Math.round(share * usable.length))).sort();
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
