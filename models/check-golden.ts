/** Whether a golden set proves anything: the bounds are ours, not the release's. */
import type { Golden, Manifest } from './manifest.ts';

const ROWS = { least: 32, most: 10_000 };
/** Largest difference between recorded and computed outputs, log-odds; a release may ask for less. */
const TOLERANCE = 1e-4;
/** Of the margins, log-odds: a model whose golden rows lie closer together tells nobody apart. */
const LEAST_SPREAD = 1e-3;

export const toleranceOf = ({ tolerance }: Golden): number => Math.min(tolerance, TOLERANCE);

/** Yields what is wrong with the rows of a release, as sentences. */
export function* goldenFaults(golden: Golden, { columns, features }: Manifest): Generator<string> {
  const { rows, outputs } = golden;
  if (rows.length < ROWS.least || rows.length > ROWS.most)
    yield `golden.json has ${String(rows.length)} rows, allowed are ${String(ROWS.least)} to ${String(ROWS.most)}`;
  if (outputs.length !== rows.length)
    yield `golden.json has ${String(rows.length)} rows and the outputs of ${String(outputs.length)}`;
  const width = features.length + 1;
  if (rows.some((row) => row.length !== columns) || outputs.some((row) => row.length !== width))
    yield `the golden rows have another width than the model: ${String(columns)} columns, ${String(width)} outputs`;
  if (!rows.some((row) => row.includes(null))) yield 'no golden row has a missing value';
}

/** Whether a value is a number that can be published. */
const isFinite = Number.isFinite;

/**
 * Yields what is wrong with computed outputs, [rows × (1 + features)].
 *
 * @param what the rows, for the sentence.
 */
export function* outputFaults(
  outputs: Float32Array,
  { features, baseMargin }: Manifest,
  what: string,
): Generator<string> {
  const width = features.length + 1;
  for (let at = 0; at < outputs.length; at += width) {
    const [margin, ...contributions] = outputs.subarray(at, at + width);
    const row = `${what} ${String(at / width)}`;
    const total = contributions.reduce((sum, contribution) => sum + contribution, baseMargin);
    if (!isFinite(margin!) || !isFinite(total)) {
      yield `${row} has an output that is no finite number`;
      return;
    }
    if (Math.abs(total - margin!) > TOLERANCE * (1 + Math.abs(margin!))) {
      yield `${row} has the margin ${String(margin)}, baseMargin and contributions are ${String(total)}`;
      return;
    }
  }
}

/** Why the margins of some outputs, [rows × width], tell nobody apart. */
export function constantFault(outputs: Float32Array, width: number): string | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (let at = 0; at < outputs.length; at += width) {
    low = Math.min(low, outputs[at]!);
    high = Math.max(high, outputs[at]!);
  }
  return high - low < LEAST_SPREAD ? `all golden rows have the same margin, ${String(low)}` : undefined;
}
