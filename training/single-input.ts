/** How well one input alone tells who left: an input that does so almost perfectly is known too late (leakage). */
import type { InputValue } from '../schemas/customer/schema.ts';
import { rocAuc } from './evaluation.ts';
import { quantileCuts } from './quantiles.ts';

/** Values that are looked at, at most: evenly spaced. */
const MAX_VALUES = 10_000;
/** Groups that a number is cut into. */
const BINS = 32;
const MISSING = 'missing';

/**
 * ROC AUC, .5 to 1, of the best simple score that one input gives: a number as it is (missing lowest or highest), and the churn
 * rate of its level or quantile group (missing is one). The rates come from one half of the customers and score the other, so
 * that many levels with few customers each tell nothing by themselves. NaN with one class only.
 */
export function singleInputAuc(values: readonly InputValue[], labels: ArrayLike<number>): number {
  const step = Math.max(1, Math.ceil(values.length / MAX_VALUES));
  const taken = values.filter((_, i) => i % step === 0);
  const y = Uint8Array.from({ length: taken.length }, (_, i) => labels[i * step]!);
  const isText = taken.some((value) => typeof value === 'string');
  const aucs = [rateAuc(isText ? taken.map(levelOf) : quantileGroups(taken), y)];
  if (!isText)
    for (const missing of [-Infinity, Infinity])
      aucs.push(rocAuc(taken.map((value) => (value === null ? missing : Number(value))), y)); // prettier-ignore
  return aucs.map((auc) => Math.max(auc, 1 - auc)).reduce((a, b) => Math.max(a, b));
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

/** AUC of the churn rate of each value's group, where the rate comes from the other half. */
function rateAuc(groups: readonly string[], labels: Uint8Array): number {
  const halves = [0, 1].map(() => new Map<string, { rows: number; churned: number }>());
  groups.forEach((group, row) => {
    const half = halves[row % 2]!;
    const sums = half.get(group) ?? { rows: 0, churned: 0 };
    half.set(group, { rows: sums.rows + 1, churned: sums.churned + labels[row]! });
  });
  const rate = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  const scores = groups.map((group, row) => {
    const { rows, churned } = halves[1 - (row % 2)]!.get(group) ?? { rows: 0, churned: 0 };
    return (churned + rate) / (rows + 1);
  });
  return rocAuc(scores, labels);
}
