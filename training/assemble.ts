import { profileCategories, profileNumbers } from '../drift/bins.ts';
import { createGolden, createGoldenRows, goldenBytes, goldenRows } from '../models/golden.ts';
import { copyOfSchema } from '../models/customer-copy.ts';
import { withVersion } from '../models/version.ts';
import type { FeatureSpec, Manifest, Release } from '../models/manifest.ts';
import { sha256 } from '../models/release-files.ts';
import type { CustomerEvent, CustomerSchema } from '../schemas/customer/schema.ts';
import type { BoostingParameters, Ensemble } from './boosting.ts';
import type { Dataset } from './dataset.ts';
import type { Evaluation } from './evaluation.ts';
import { exportOnnx } from './export.ts';
import type { Resampling } from './resampling.ts';
import { explainEnsemble, type LeafContributions } from './shapley.ts';
import type { Split } from './split.ts';
import { leafIndex } from './tree.ts';

const RISK_CUTOFFS = { medium: 0.3, high: 0.7 };
const REASONS = 3;

/** Contributions of an ensemble's trees. */
type Explained = ReturnType<typeof explainEnsemble>;

/** Explains an ensemble: the players are the features, whose one-hot columns move together. */
export function explainFeatures(ensemble: Ensemble, features: readonly FeatureSpec[]): Explained {
  const playerOf = features.flatMap((feature, i) =>
    new Array<number>(feature.kind === 'numeric' ? 1 : feature.categories.length).fill(i),
  );
  return explainEnsemble(ensemble, playerOf);
}

/** What a release is made of. */
export interface Parts {
  readonly customer: CustomerSchema;
  readonly dataset: Dataset;
  readonly split: Split;
  readonly features: FeatureSpec[];
  readonly ensemble: Ensemble;
  readonly explained: Explained;
  readonly parameters: BoostingParameters;
  readonly resampling: Resampling;
  readonly threshold: number;
  readonly evaluation: Evaluation;
  /** Of the profile. */
  readonly events: readonly CustomerEvent[];
  readonly scores: number[];
}

/** Exports and describes an ensemble. */
export function assemble(parts: Parts): Release {
  const { features, ensemble, explained, events, evaluation } = parts;
  const onnx = exportOnnx(ensemble, explained.trees, features.length);
  const hash = sha256(onnx);
  const profiles = features.map((feature) => profileOf(feature, events));
  const rows = createGoldenRows(features, profiles, parts.parameters.seed);
  const x = goldenRows({ rows });
  const outputs = ensembleOutputs(ensemble, explained.trees, features.length, x);
  const golden = goldenBytes(createGolden(rows, outputs, features.length + 1));
  const { confusion, ...figures } = evaluation;
  const manifest = withVersion({
    formatVersion: 1,
    version: '',
    sha256: hash,
    sizeBytes: onnx.length,
    features,
    columns: ensemble.columns,
    baseMargin: explained.baseMargin,
    threshold: parts.threshold,
    riskCutoffs: RISK_CUTOFFS,
    reasonsCount: REASONS,
    profile: { rows: events.length, features: profiles, score: profileNumbers('score', parts.scores) },
    goldenSha256: sha256(golden),
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
    customer: copyOfSchema(
      parts.customer,
      features.map(({ name }) => name),
    ),
  });
  return { manifest, onnx, golden };
}

function profileOf(feature: FeatureSpec, events: readonly CustomerEvent[]): Manifest['profile']['score'] {
  const values = events.map((event) => event[feature.name] ?? null);
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
      const { players: inTree, values } = trees[t]!;
      inTree.forEach((player, i) => {
        const at = row * width + 1 + player;
        outputs[at] = outputs[at]! + values[leaf * inTree.length + i]!;
      });
    });
  }
  return outputs;
}
