import { createRandom } from '../schemas/random.ts';
import type { Dataset } from './dataset.ts';
import { HOLDOUT_42 } from './holdout-42.ts';

/** The bank's set: for these bytes the holdout is always the same rows. */
const REAL_SET_SHA256 = 'f212b3f2d0b97134069560966fa269b23ffc12df7125d7c2167dd100001fdc48';
const HOLDOUT_SHARE = 0.2;

/** Positions in the dataset. */
export interface Split {
  /** Goes into the manifest. */
  readonly name: string;
  readonly train: readonly number[];
  readonly holdout: readonly number[];
}

/**
 * The split of a dataset: given holdout rows, else split 42 for the real set, else seeded and stratified, 80/20.
 *
 * @throws Error when rows of the holdout are not in the dataset.
 * @param holdoutRows row numbers (column `RowNumber`), as in a file of one number a line.
 */
export function splitDataset(
  dataset: Dataset,
  seed: number,
  holdoutRows?: { name: string; rows: readonly number[] },
): Split {
  const given =
    holdoutRows ??
    (dataset.sha256 === REAL_SET_SHA256 ? { name: 'holdout-42', rows: HOLDOUT_42 } : undefined);
  if (given === undefined) return stratified(dataset.labels, seed);
  const wanted = new Set(given.rows);
  const train: number[] = [];
  const holdout: number[] = [];
  dataset.rowNumbers.forEach((row, position) => (wanted.has(row) ? holdout : train).push(position));
  const found = new Set(holdout.map((position) => dataset.rowNumbers[position]!)).size;
  if (found !== wanted.size) {
    throw new Error(
      `${given.name}: ${String(wanted.size - found)} of its ${String(wanted.size)} rows are not in ${dataset.name}`,
    );
  }
  return { name: given.name, train, holdout };
}

function stratified(labels: Uint8Array, seed: number): Split {
  const inHoldout = new Uint8Array(labels.length);
  for (const fold of stratifiedFolds(labels, Math.round(1 / HOLDOUT_SHARE), seed).slice(0, 1)) {
    for (const position of fold) inHoldout[position] = 1;
  }
  const train: number[] = [];
  const holdout: number[] = [];
  for (let i = 0; i < labels.length; i++) (inHoldout[i] === 1 ? holdout : train).push(i);
  return { name: `stratified-${String(seed)}`, train, holdout };
}

/** k disjoint folds with the classes in proportion; positions ascending in each. */
export function stratifiedFolds(labels: Uint8Array, k: number, seed: number): number[][] {
  const folds: number[][] = Array.from({ length: k }, () => []);
  const random = createRandom(seed);
  for (const label of [0, 1]) {
    const positions = Int32Array.from([...labels.keys()].filter((i) => labels[i] === label));
    random.shuffle(positions);
    positions.forEach((position, i) => folds[i % k]!.push(position));
  }
  return folds.map((fold) => fold.sort((a, b) => a - b));
}
