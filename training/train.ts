import { createHash } from 'node:crypto';
import { profileCategories, profileNumbers } from '../drift/bins.ts';
import { createFeatureRowEncoder } from '../models/feature-row.ts';
import { createGolden, createGoldenRows, goldenText } from '../models/golden.ts';
import type { FeatureSpec, Manifest, Release } from '../models/manifest.ts';
import type { CustomerEvent } from '../schemas/generated.ts';
import {
  DEFAULT_PARAMETERS,
  fitEnsemble,
  predictMargins,
  type BoostingData,
  type BoostingParameters,
  type Ensemble,
} from './boosting.ts';
import { takeRows, type Dataset } from './dataset.ts';
import { bestThreshold, evaluate, type Evaluation } from './evaluation.ts';
import { exportOnnx } from './export.ts';
import { resample, type Resampling } from './resampling.ts';
import { explainEnsemble, type LeafContributions } from './shapley.ts';
import { stratifiedFolds, type Split } from './split.ts';
import { leafIndex } from './tree.ts';

export interface TrainingOptions {
  readonly parameters?: Partial<BoostingParameters>;
  readonly resampling?: Resampling;
  /**
   * Positions of the rows that drift is measured against (default: those trained on), and of those for the score's
   * profile: rows that were not trained on, for there the scores are too sure of themselves.
   */
  readonly profile?: { readonly rows: readonly number[]; readonly scoreRows: readonly number[] };
  /** Told what is being done and how far it is, 0..1. */
  readonly onProgress?: (stage: string, share: number) => void;
}

export interface TrainingResult {
  readonly release: Release;
  /** On the holdout. */
  readonly evaluation: Evaluation;
}

type FeatureName = Exclude<keyof CustomerEvent, 'eventId' | 'customerId' | 'occurredAt'>;

const CATEGORICAL = new Set<FeatureName>(['geography', 'gender']);
const FEATURES: readonly FeatureName[] = [
  'creditScore', 'geography', 'gender', 'age', 'tenure',
  'balance', 'numOfProducts', 'hasCrCard', 'isActiveMember', 'estimatedSalary',
]; // prettier-ignore
const RISK_CUTOFFS = { medium: 0.3, high: 0.7 };
const REASONS = 3;
const FOLDS = 5;
/** Above this, one fifth of the rows chooses the threshold instead of five folds. */
const ONE_FOLD_ABOVE = 100_000;

/** Trains a release on a dataset's training part and evaluates it on the holdout. Same input, same bytes. */
export function trainRelease(dataset: Dataset, split: Split, options: TrainingOptions = {}): TrainingResult {
  const parameters = { ...DEFAULT_PARAMETERS, ...options.parameters };
  const resampling = options.resampling ?? 'none';
  const progress = options.onProgress ?? ((): void => undefined);
  const train = takeRows(dataset, split.train);
  const features = featureSpecs(train.events);
  const data = { x: encodeEvents(features, train.events), y: train.labels, columns: columnsOf(features) };
  const fit = (rows: BoostingData, onRound?: (done: number) => void): Ensemble =>
    fitEnsemble(resample(rows, resampling, parameters.seed), parameters, onRound);
  const ensemble = fit(data, (done) => progress('fit', done / parameters.rounds));
  const threshold = chooseThreshold(data, fit, parameters.seed, (share) => progress('threshold', share));
  const holdout = takeRows(dataset, split.holdout);
  const probabilities = predictMargins(ensemble, encodeEvents(features, holdout.events)).map(probability);
  const evaluation = evaluate(probabilities, holdout.labels, threshold);
  progress('export', 0);
  const profiled = options.profile === undefined ? train : takeRows(dataset, options.profile.rows);
  const scored = options.profile === undefined ? train : takeRows(dataset, options.profile.scoreRows);
  const scores = [...predictMargins(ensemble, encodeEvents(features, scored.events)).map(probability)];
  const release = assemble({
    dataset,
    split,
    features,
    ensemble,
    parameters,
    resampling,
    threshold,
    evaluation,
    events: profiled.events,
    scores,
  });
  progress('export', 1);
  return { release, evaluation };
}

const probability = (margin: number): number => 1 / (1 + Math.exp(-margin));

/** Categories as the training rows have them, sorted. */
function featureSpecs(events: readonly CustomerEvent[]): FeatureSpec[] {
  return FEATURES.map((name) => {
    if (!CATEGORICAL.has(name)) return { name, kind: 'numeric' };
    const seen = new Set(events.map((event) => event[name]).filter((value) => value !== null));
    return { name, kind: 'categorical', categories: [...seen].map(String).sort() };
  });
}

const columnsOf = (features: readonly FeatureSpec[]): number =>
  features.reduce((sum, feature) => sum + (feature.kind === 'numeric' ? 1 : feature.categories.length), 0);

function encodeEvents(features: readonly FeatureSpec[], events: readonly CustomerEvent[]): Float32Array {
  const columns = columnsOf(features);
  const encode = createFeatureRowEncoder(features);
  const x = new Float32Array(events.length * columns);
  events.forEach((event, row) => encode(event, x, row * columns));
  return x;
}

/** Best F1 of out-of-fold scores: the holdout is not looked at. */
function chooseThreshold(
  data: BoostingData,
  fit: (rows: BoostingData) => Ensemble,
  seed: number,
  progress: (share: number) => void,
): number {
  const folds = stratifiedFolds(data.y, FOLDS, seed).slice(0, data.y.length > ONE_FOLD_ABOVE ? 1 : FOLDS);
  const scores: number[] = [];
  const labels: number[] = [];
  folds.forEach((fold, i) => {
    const inFold = new Set(fold);
    const rest = [...data.y.keys()].filter((row) => !inFold.has(row));
    const part = rowsOf(data, fold);
    scores.push(...predictMargins(fit(rowsOf(data, rest)), part.x).map(probability));
    labels.push(...part.y);
    progress((i + 1) / folds.length);
  });
  return bestThreshold(scores, labels);
}

function rowsOf({ x, y, columns }: BoostingData, rows: readonly number[]): BoostingData {
  const taken = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => taken.set(x.subarray(row * columns, (row + 1) * columns), i * columns));
  return { x: taken, y: Uint8Array.from(rows, (row) => y[row]!), columns };
}

interface Parts {
  readonly dataset: Dataset;
  readonly split: Split;
  readonly features: FeatureSpec[];
  readonly ensemble: Ensemble;
  readonly parameters: BoostingParameters;
  readonly resampling: Resampling;
  readonly threshold: number;
  readonly evaluation: Evaluation;
  /** Of the profile. */
  readonly events: readonly CustomerEvent[];
  readonly scores: number[];
}

function assemble(parts: Parts): Release {
  const { features, ensemble, events, evaluation } = parts;
  const playerOf = features.flatMap((feature, i) =>
    new Array<number>(feature.kind === 'numeric' ? 1 : feature.categories.length).fill(i),
  );
  const explained = explainEnsemble(ensemble, playerOf, features.length);
  const onnx = exportOnnx(ensemble, explained.trees, features.length);
  const sha256 = hash(onnx);
  const profiles = features.map((feature) => profileOf(feature, events));
  const rows = createGoldenRows(features, profiles, parts.parameters.seed);
  const x = new Float32Array(rows.flatMap((row) => row.map((value) => value ?? NaN)));
  const golden = createGolden(
    rows,
    ensembleOutputs(ensemble, explained.trees, features.length, x),
    features.length + 1,
  );
  const { confusion, ...figures } = evaluation;
  const manifest: Manifest = {
    formatVersion: 1,
    version: `${parts.dataset.name}-${sha256.slice(0, 8)}`,
    sha256,
    sizeBytes: onnx.length,
    features,
    columns: ensemble.columns,
    baseMargin: explained.baseMargin,
    threshold: parts.threshold,
    riskCutoffs: RISK_CUTOFFS,
    reasonsCount: REASONS,
    profile: { rows: events.length, features: profiles, score: profileNumbers('score', parts.scores) },
    goldenSha256: hash(Buffer.from(goldenText(golden))),
    training: {
      dataset: { name: parts.dataset.name, sha256: parts.dataset.sha256, rows: parts.dataset.events.length },
      split: {
        name: parts.split.name,
        seed: parts.parameters.seed,
        trainRows: parts.split.train.length,
        holdoutRows: parts.split.holdout.length,
      },
      parameters: { ...parts.parameters },
      resampling: parts.resampling,
    },
    metrics: { ...figures, ...confusion },
  };
  return { manifest, onnx, golden };
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function profileOf(feature: FeatureSpec, events: readonly CustomerEvent[]): Manifest['profile']['score'] {
  const values = events.map((event) => event[feature.name as FeatureName]);
  if (feature.kind === 'numeric')
    return profileNumbers(
      feature.name,
      values.map((value) => (value === null ? null : Number(value))),
    );
  return profileCategories(feature.name, feature.categories, values as (string | null)[]);
}

/** What the ONNX must give, computed in memory: [rows × (1 + players)], margin first. */
export function ensembleOutputs(
  ensemble: Ensemble,
  trees: readonly LeafContributions[],
  players: number,
  x: Float32Array,
): Float64Array {
  const rows = x.length / ensemble.columns;
  const width = players + 1;
  const outputs = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    outputs[row * width] = ensemble.startMargin;
    ensemble.trees.forEach((tree, t) => {
      const leaf = leafIndex(tree, x, row * ensemble.columns);
      outputs[row * width] = outputs[row * width]! + tree.leaves[leaf]!;
      for (let player = 0; player < players; player++) {
        const at = row * width + 1 + player;
        outputs[at] = outputs[at]! + trees[t]!.values[leaf * players + player]!;
      }
    });
  }
  return outputs;
}
