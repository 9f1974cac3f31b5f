/** Whether a training, and the release that it would make, is too large (models/limits.ts). */
import { copyOfSchema } from '../models/customer-copy.ts';
import { columnsOf } from '../models/feature-row.ts';
import { featureLimitFaults, LIMITS, manifestBytes, manifestSizeFault } from '../models/limits.ts';
import type { FeatureSpec } from '../models/manifest.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import type { BoostingParameters } from './boosting.ts';

/** What is to be trained. */
export interface TrainingSize {
  readonly customer: CustomerSchema;
  readonly features: readonly FeatureSpec[];
  /** Rows that are trained on. */
  readonly rows: number;
  readonly parameters: Pick<BoostingParameters, 'rounds' | 'depth'>;
}

/**
 * Refuses a training before it takes any memory.
 *
 * @throws RangeError with everything that is too large and what to do.
 */
export function assertSize(size: TrainingSize): void {
  const faults = [...sizeFaults(size)];
  if (faults.length > 0) throw new RangeError(faults.join('\n  '));
}

function* sizeFaults({ customer, features, rows, parameters }: TrainingSize): Generator<string> {
  yield* featureLimitFaults(features);
  const tooLarge = manifestSizeFault(manifestBytesAtMost(customer, features));
  if (tooLarge !== undefined) yield tooLarge;
  const columns = columnsOf(features);
  if (rows * columns > LIMITS.trainingCells)
    yield `${String(rows)} rows of ${String(columns)} columns are ${String(rows * columns)} cells, allowed are ${String(LIMITS.trainingCells)}: train on a sample of ${String(Math.floor(LIMITS.trainingCells / columns))} rows`;
  const { rounds, depth } = parameters;
  const most = Math.floor(
    Math.min(LIMITS.trainedOnnxBytes / treeBytesAtMost(depth, features.length), LIMITS.treeSteps / depth),
  );
  if (rounds > most)
    yield `${String(rounds)} rounds of depth ${String(depth)} make an ONNX of more than ${String(LIMITS.trainedOnnxBytes)} bytes: take ${String(most)} rounds at most, or a lower depth`;
}

/** Bytes of a node and of a target in the ONNX at most: numbers of one to three bytes, a float, the name of a mode. */
const [NODE_BYTES, TARGET_BYTES] = [26, 13];

/** Bytes of a tree in the ONNX at most. A leaf has a target for the margin and one for each input that its tree splits on. */
export const treeBytesAtMost = (depth: number, inputs: number): number =>
  (2 << depth) * NODE_BYTES + (1 << depth) * (1 + Math.min(depth, inputs)) * TARGET_BYTES;

/** Of a manifest besides its inputs: the training, its figures, the profile of the score. */
const MANIFEST_BYTES = 8000;
/** Of a numeric series in the profile: nine edges, the range, 13 counts; of one count of a category. */
const [SERIES_BYTES, COUNT_BYTES] = [550, 10];

/** Bytes that the manifest of a model may have once it is trained: names and levels are known, figures have few digits. */
export function manifestBytesAtMost(customer: CustomerSchema, features: readonly FeatureSpec[]): number {
  const names = features.map(({ name }) => name);
  const series = features.map((feature) => ({ ...feature, kind: 'categorical', edges: [], counts: [] }));
  const known = manifestBytes({ features, customer: copyOfSchema(customer, names), profile: series });
  const figures = features.map((feature) =>
    feature.kind === 'numeric' ? SERIES_BYTES : (feature.categories.length + 3) * COUNT_BYTES,
  );
  return figures.reduce((sum, bytes) => sum + bytes, known + MANIFEST_BYTES);
}
