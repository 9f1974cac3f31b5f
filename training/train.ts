import { columnsOf, featureRows } from '../models/feature-row.ts';
import type { FeatureSpec, Release } from '../models/manifest.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { assemble, ensembleOutputs, explainFeatures } from './assemble.ts';
import {
  DEFAULT_PARAMETERS,
  fitEnsemble,
  predictMargins,
  type BoostingData,
  type BoostingParameters,
  type Ensemble,
  type FitControl,
} from './boosting.ts';
import { takeRows, type Dataset } from './dataset.ts';
import { bestThreshold, evaluate, type Evaluation } from './evaluation.ts';
import { assertSize } from './check-size.ts';
import { featureSpecs } from './features.ts';
import type { ScoredHoldout } from './holdout-report.ts';
import { resample, type Resampling } from './resampling.ts';
import { customersOf, foldsByCustomer, type Split } from './split.ts';

export interface TrainingOptions {
  /** What a customer event holds: the inputs that are trained on, and the copy in the manifest. */
  readonly customer: CustomerSchema;
  readonly parameters?: Partial<BoostingParameters>;
  readonly resampling?: Resampling;
  /**
   * Positions of the rows that drift is measured against (default: those trained on), and of those for the score's
   * profile: rows that were not trained on, for there the scores are too sure of themselves.
   */
  readonly profile?: { readonly rows: readonly number[]; readonly scoreRows: readonly number[] };
  /** What SMOTE may take, bytes. */
  readonly memoryBudgetBytes?: number;
  /** Told what is being done and how far it is, 0..1. */
  readonly onProgress?: (stage: string, share: number) => void;
  /** Asked before every round of boosting; true ends the training with TrainingCancelled. */
  readonly isCancelled?: () => boolean;
}

export interface TrainingResult {
  readonly release: Release;
  /** On the holdout. */
  readonly evaluation: Evaluation;
  /** What the evaluation was made of, for the report. */
  readonly holdout: ScoredHoldout;
}

const FOLDS = 5;
/** Above this, one fifth of the rows chooses the threshold instead of five folds. */
const ONE_FOLD_ABOVE = 100_000;

/** Fits resampled rows; the number of rounds may be lowered, and early stopping given rows to watch. */
type Fit = (rows: BoostingData, rounds: number, control?: FitControl) => Ensemble;

/**
 * Trains a release on a dataset's training part and evaluates it on the holdout. Same input, same bytes.
 *
 * @throws RangeError if the holdout or the training part has one class only, if the training is too large
 * (models/limits.ts), or if no input has two different values; TrainingCancelled.
 */
export function trainRelease(dataset: Dataset, split: Split, options: TrainingOptions): TrainingResult {
  const wanted = { ...DEFAULT_PARAMETERS, ...options.parameters };
  const { resampling = 'none', onProgress: progress = (): void => undefined } = options;
  const train = takeRows(dataset, split.train);
  const holdout = takeRows(dataset, split.holdout);
  assertBothClasses(holdout.labels, `the holdout (${split.name})`);
  const features = featureSpecs(options.customer, train.events);
  assertSize({ customer: options.customer, features, rows: train.labels.length, parameters: wanted });
  const data = { x: featureRows(features, train.events), y: train.labels, columns: columnsOf(features) };
  const fit: Fit = (rows, rounds, control = {}) =>
    fitEnsemble(
      resample(rows, resampling, wanted.seed, options.memoryBudgetBytes),
      { ...wanted, rounds, earlyStoppingRounds: control.validation ? wanted.earlyStoppingRounds : 0 },
      { isCancelled: options.isCancelled ?? ((): boolean => false), ...control },
    );
  const customers = customersOf(train.events);
  const rounds = chooseRounds(data, customers, fit, wanted, (share) => progress('rounds', share));
  const ensemble = fit(data, rounds, { onRound: (done) => progress('fit', done / rounds) });
  const threshold = chooseThreshold(
    data,
    customers,
    (rows) => fit(rows, rounds),
    wanted.seed,
    (share) => progress('threshold', share),
  );
  progress('export', 0);
  const explained = explainFeatures(ensemble, features);
  const outputs = ensembleOutputs(ensemble, explained.trees, features.length, featureRows(features, holdout.events)); // prettier-ignore
  const scored = scoreHoldout(holdout, outputs, features);
  const evaluation = evaluate(scored.scores, holdout.labels, threshold);
  const { profile } = options;
  const profiled = profile === undefined ? train : takeRows(dataset, profile.rows);
  const profiledX =
    profile === undefined ? data.x : featureRows(features, takeRows(dataset, profile.scoreRows).events);
  const release = assemble({
    customer: options.customer,
    dataset,
    split,
    features,
    ensemble,
    explained,
    parameters: { ...wanted, rounds },
    resampling,
    threshold,
    evaluation,
    events: profiled.events,
    scores: Array.from(predictMargins(ensemble, profiledX), probability),
  });
  progress('export', 1);
  return { release, evaluation, holdout: scored };
}

const probability = (margin: number): number => 1 / (1 + Math.exp(-margin));

function assertBothClasses(labels: Uint8Array, what: string): void {
  const left = labels.reduce((sum, label) => sum + label, 0);
  if (left > 0 && left < labels.length) return;
  throw new RangeError(
    `${what} has ${String(labels.length)} customers, ${String(left)} of them left: it needs some who left and some who stayed`,
  );
}

/** With early stopping, the rounds of the lowest loss on one fold; all rows are fitted with so many afterwards. */
function chooseRounds(
  data: BoostingData,
  customers: Int32Array,
  fit: Fit,
  { rounds, earlyStoppingRounds, seed }: BoostingParameters,
  progress: (share: number) => void,
): number {
  if (earlyStoppingRounds === 0) return rounds;
  const [part, rest] = partition(data, foldsByCustomer(data.y, customers, FOLDS, seed)[0]!);
  const onRound = (done: number): void => progress(done / rounds);
  return fit(rest, rounds, { validation: part, onRound }).trees.length;
}

/** Best F1 of out-of-fold scores: the holdout is not looked at. */
function chooseThreshold(
  data: BoostingData,
  customers: Int32Array,
  fit: (rows: BoostingData) => Ensemble,
  seed: number,
  progress: (share: number) => void,
): number {
  const folds = foldsByCustomer(data.y, customers, FOLDS, seed).slice(
    0,
    data.y.length > ONE_FOLD_ABOVE ? 1 : FOLDS,
  );
  const rows = folds.reduce((sum, fold) => sum + fold.length, 0);
  const scores = new Float64Array(rows);
  const labels = new Uint8Array(rows);
  let from = 0;
  folds.forEach((fold, i) => {
    const [part, rest] = partition(data, fold);
    scores.set(predictMargins(fit(rest), part.x).map(probability), from);
    labels.set(part.y, from);
    from += fold.length;
    progress((i + 1) / folds.length);
  });
  return bestThreshold(scores, labels);
}

/** The rows of a fold (ascending) and all others. */
function partition(data: BoostingData, fold: readonly number[]): [part: BoostingData, rest: BoostingData] {
  const inFold = new Uint8Array(data.y.length);
  for (const row of fold) inFold[row] = 1;
  return [rowsOf(data, inFold, 1, fold.length), rowsOf(data, inFold, 0, data.y.length - fold.length)];
}

function rowsOf(
  { x, y, columns }: BoostingData,
  mask: Uint8Array,
  wanted: number,
  count: number,
): BoostingData {
  const taken = { x: new Float32Array(count * columns), y: new Uint8Array(count), columns };
  for (let row = 0, to = 0; row < y.length; row++) {
    if (mask[row] !== wanted) continue;
    taken.x.set(x.subarray(row * columns, (row + 1) * columns), to * columns);
    taken.y[to++] = y[row]!;
  }
  return taken;
}

/** Probabilities of the holdout and the mean |contribution| of each feature, of outputs [rows × (1 + features)]. */
function scoreHoldout(
  { events, labels }: Pick<ScoredHoldout, 'events' | 'labels'>,
  outputs: Float64Array,
  features: readonly FeatureSpec[],
): ScoredHoldout {
  const width = features.length + 1;
  const mean = (column: number): number => {
    let sum = 0;
    for (let at = column; at < outputs.length; at += width) sum += Math.abs(outputs[at]!);
    return sum / events.length;
  };
  return {
    events,
    labels,
    scores: Float64Array.from(events, (_, row) => probability(outputs[row * width]!)),
    contributions: Object.fromEntries(features.map(({ name }, i) => [name, mean(i + 1)])),
  };
}
