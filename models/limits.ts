/**
 * How large a model may be: one list. Each limit is there because something behind it ends: a record of Kafka, the memory of a
 * proof, that of a training. What is larger is refused by name before anything is trained, and where a release is opened.
 */
import { MAX_INPUTS } from '../schemas/customer/keys.ts';
import type { FeatureSpec } from './manifest.ts';

export const LIMITS = {
  /** Inputs of a model: each is a series of the drift counts, and a contribution of every row. */
  inputs: MAX_INPUTS,
  /** Columns of a feature row: a number has one, a category one for each level. */
  columns: 2000,
  /** Bytes of a manifest as a string of JSON: the model log holds it in one record, and Kafka takes 1 MiB. */
  manifestBytes: 900_000,
  /** Bytes of a verdict as JSON: the monitor's state is in one record too. */
  verdictBytes: 900_000,
  /** Bytes of `golden.json`: 10,000 rows with all the digits that JSON may give them. */
  goldenBytes: 8 * 1024 * 1024,
  /** Bytes of all files of a release. */
  releaseBytes: 64 * 1024 * 1024,
  /** Bytes of an ONNX that is trained here: the proof, which lists every leaf, may take 768 MiB. */
  trainedOnnxBytes: 16 * 1024 * 1024,
  /** Of the longest ways down all trees of a model, summed: what one row may take. */
  treeSteps: 500_000,
  /** Rows × columns of a training: as float32 once more for each fold, and as bins. About 2.5 GB. */
  trainingCells: 250_000_000,
} as const;

/** Inputs that a message names. */
const NAMED = 5;

/** Yields why features are too many for a model, and what to do. */
export function* featureLimitFaults(features: readonly FeatureSpec[]): Generator<string> {
  const { inputs } = LIMITS;
  if (features.length > inputs)
    yield `there are ${String(features.length)} inputs, allowed are ${String(inputs)}: leave out those that tell least (\`retired: true\` in the customer schema)`;
  const width = (feature: FeatureSpec): number =>
    feature.kind === 'numeric' ? 1 : feature.categories.length;
  const columns = features.reduce((sum, feature) => sum + width(feature), 0);
  if (columns <= LIMITS.columns) return;
  const widest = [...features].sort((a, b) => width(b) - width(a)).slice(0, NAMED);
  const named = widest.filter((feature) => width(feature) > 1);
  const names = named.map((feature) => `${feature.name} (${String(width(feature))} levels)`);
  yield (
    `a feature row would have ${String(columns)} columns, allowed are ${String(LIMITS.columns)} (one for a number, one for each level of a category)` +
    (named.length === 0 ? '' : `. The widest are ${names.join(', ')}: ${NARROW}`)
  );
}

const NARROW =
  'list the levels that matter under `levels` of the input and name the rest with `other`, or set `retired: true` for an input that identifies customers';

/** Bytes of a manifest as the model log holds it: as a string of JSON. */
export const manifestBytes = (manifest: object): number =>
  Buffer.byteLength(JSON.stringify(JSON.stringify(manifest)));

/** Why a manifest is too large for the model log, and what to do. */
export function manifestSizeFault(bytes: number): string | undefined {
  if (bytes <= LIMITS.manifestBytes) return undefined;
  return `the manifest has ${String(bytes)} bytes, allowed are ${String(LIMITS.manifestBytes)}: shorten the names of inputs and levels, or have fewer of them`;
}
