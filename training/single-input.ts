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
  const aucs = [rateAuc(isText ? values.map(levelOf) : quantileGroups(values), labels)];
  if (!isText)
    for (const missing of [-Infinity, Infinity])
      aucs.push(rocAuc(values.map((value) => (value === null ? missing : Number(value))), labels)); // prettier-ignore
  // A rate that points the wrong way has learned nothing; a number may point either way.
  return aucs.map((auc, i) => (i === 0 ? auc : Math.max(auc, 1 - auc))).reduce((a, b) => Math.max(a, b), 0.5);
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
  const halves = [0, 1].map((half) => groups.flatMap((group, row) => (row % 2 === half ? [{ group, label: labels[row]! }] : []))); // prettier-ignore
  const aucs = halves.map((half, i) => {
    const sums = new Map<string, { rows: number; churned: number }>();
    let churnedInAll = 0;
    const others = halves[1 - i]!;
    for (const { group, label } of others) {
      const { rows, churned } = sums.get(group) ?? { rows: 0, churned: 0 };
      sums.set(group, { rows: rows + 1, churned: churned + label });
      churnedInAll += label;
    }
    const rate = churnedInAll / others.length;
    const scores = half.map(({ group }) => {
      const { rows, churned } = sums.get(group) ?? { rows: 0, churned: 0 };
      return (churned + rate) / (rows + 1);
    });
    return rocAuc(scores, half.map(({ label }) => label)); // prettier-ignore
  });
  return (aucs[0]! + aucs[1]!) / 2;
}
