/** How well one input alone tells who left: an input that does so almost perfectly is known too late (leakage). */
import type { InputValue } from '../schemas/customer/schema.ts';
import { createRandom } from '../schemas/random.ts';
import { rocAuc } from './evaluation.ts';
import { quantileCuts } from './quantiles.ts';

/** Customers that are looked at, at most. */
const MAX_CUSTOMERS = 10_000;
const SEED = 1;
/** Groups that a number is cut into. */
const BINS = 32;
const MISSING = 'missing';

/** Some of the rows in a random order (the same for as many rows): a file may be sorted, or alternate. */
export function sampleRows(rows: readonly number[]): number[] {
  const order = Int32Array.from(rows);
  createRandom(SEED).shuffle(order);
  return [...order.subarray(0, MAX_CUSTOMERS)];
}

/**
 * ROC AUC, .5 to 1, of the best simple score that one input gives: a number as it is (missing lowest or highest), and the churn
 * rate of its level or quantile group (missing is one). The rates come from every other customer and score the other, so
 * that many levels with few customers each tell nothing by themselves. NaN if there are too few of a class.
 */
export function singleInputAuc(values: readonly InputValue[], labels: ArrayLike<number>): number {
  const isText = values.some((value) => typeof value === 'string');
  // A rate that points the wrong way has learned nothing; a number may point either way.
  const byRate = rateAuc(isText ? values.map(levelOf) : quantileGroups(values), labels);
  return Math.max(0.5, byRate, isText ? 0 : rankAuc(values, labels));
}

const levelOf = (value: InputValue): string => (value === null ? MISSING : `=${String(value)}`);

function quantileGroups(values: readonly InputValue[]): string[] {
  const present = values.filter((value) => value !== null).map(Number);
  const edges = quantileCuts(present, BINS);
  return values.map((value) => {
    if (value === null) return MISSING;
    const above = edges.findIndex((edge) => Number(value) <= edge);
    return String(above < 0 ? edges.length : above);
  });
}

/** AUC of the churn rate of each value's group: in each half by the rates of the other one, on average. */
function rateAuc(groups: readonly string[], labels: ArrayLike<number>): number {
  const halves = [0, 1].map((from) => {
    const rows: number[] = [];
    for (let row = from; row < groups.length; row += 2) rows.push(row);
    return rows;
  });
  const aucs = halves.map((half, i) => {
    const scoreOf = ratesOf(halves[1 - i]!, groups, labels);
    return rocAuc(half.map((row) => scoreOf(groups[row]!)), half.map((row) => labels[row]!)); // prettier-ignore
  });
  return (aucs[0]! + aucs[1]!) / 2;
}

/** The churn rate by group among some rows; of a group with few of them, nearer to that of all. */
function ratesOf(
  rows: readonly number[],
  groups: readonly string[],
  labels: ArrayLike<number>,
): (group: string) => number {
  const sums = new Map<string, { rows: number; churned: number }>();
  let churned = 0;
  for (const row of rows) {
    const sum = sums.get(groups[row]!) ?? { rows: 0, churned: 0 };
    if (sum.rows === 0) sums.set(groups[row]!, sum);
    sum.rows += 1;
    sum.churned += labels[row]!;
    churned += labels[row]!;
  }
  const rate = churned / rows.length;
  return (group) => {
    const sum = sums.get(group);
    return sum === undefined ? rate : (sum.churned + rate) / (sum.rows + 1);
  };
}

/** AUC of a number as it is: the better of missing as the lowest and as the highest. */
function rankAuc(values: readonly InputValue[], labels: ArrayLike<number>): number {
  const numbers = Float64Array.from(values, (value) => (value === null ? NaN : Number(value)));
  const [missing, present] = [[] as number[], [] as number[]];
  numbers.forEach((value, row) => (Number.isNaN(value) ? missing : present).push(row));
  present.sort((a, b) => numbers[a]! - numbers[b]!);
  const aucs = [-Infinity, Infinity].map((place) => {
    const order = place < 0 ? [...missing, ...present] : [...present, ...missing];
    const scores = numbers.map((value) => (Number.isNaN(value) ? place : value));
    const auc = rocAuc(scores, labels, undefined, order);
    return Math.max(auc, 1 - auc);
  });
  return missing.length === 0 ? aucs[0]! : Math.max(aucs[0]!, aucs[1]!);
}
