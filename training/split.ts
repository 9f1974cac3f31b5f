import type { CustomerEvent } from '../schemas/customer/schema.ts';
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
 * The split of a dataset: given holdout rows, else split 42 for the real set, else seeded and stratified, 80/20, with all rows
 * of a customer on one side.
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
  if (given === undefined) return stratified(dataset, seed);
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

function stratified({ labels, events }: Pick<Dataset, 'labels' | 'events'>, seed: number): Split {
  const customers = customersOf(events, labels.length);
  const [held = []] = foldsByCustomer(labels, customers, Math.round(1 / HOLDOUT_SHARE), seed);
  const inHoldout = new Uint8Array(labels.length);
  for (const position of held) inHoldout[position] = 1;
  const train: number[] = [];
  const holdout: number[] = [];
  for (let i = 0; i < labels.length; i++) (inHoldout[i] === 1 ? holdout : train).push(i);
  return { name: `stratified-${String(seed)}`, train, holdout };
}

/** The customer of each row as a number: 0, 1, … in the order of their first rows. */
export function customersOf(
  events: readonly Pick<CustomerEvent, 'customerId'>[],
  rows = events.length,
): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from({ length: rows }, (_, row) => {
    const id = events[row]?.customerId ?? `row ${String(row)}`;
    const known = numbers.get(id) ?? numbers.size;
    numbers.set(id, known);
    return known;
  });
}

/**
 * k disjoint folds of rows with the classes in proportion and all rows of a customer in one fold; positions ascending in each.
 * A customer counts as churned if one of the rows does. If each has one row, these are `stratifiedFolds`.
 */
export function foldsByCustomer(
  labels: Uint8Array,
  customers: Int32Array,
  k: number,
  seed: number,
): number[][] {
  const churned = new Uint8Array(customers.reduce((a, b) => Math.max(a, b), -1) + 1);
  customers.forEach((customer, row) => {
    if (labels[row] === 1) churned[customer] = 1;
  });
  const foldOf = new Uint8Array(churned.length);
  stratifiedFolds(churned, k, seed).forEach((fold, i) => {
    for (const customer of fold) foldOf[customer] = i;
  });
  const folds: number[][] = Array.from({ length: k }, () => []);
  customers.forEach((customer, row) => folds[foldOf[customer]!]!.push(row));
  return folds;
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
