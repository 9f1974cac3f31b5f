import type { CustomerEvent } from '../schemas/customer/schema.ts';
import {
  bootstrapIntervals,
  bootstrapOf,
  wilsonInterval,
  type Bootstrap,
  type FigureName,
  type Interval,
} from './intervals.ts';
import { evaluate, precisionRecall, reliabilityBins, rocAuc, type PrecisionRecall, type ReliabilityBin } from './evaluation.ts'; // prettier-ignore

/** What a model says about the customers it has not seen, and what became of them. */
export interface ScoredHoldout {
  readonly events: readonly CustomerEvent[];
  /** 1 = churned. */
  readonly labels: Uint8Array;
  /** Probabilities. */
  readonly scores: Float64Array;
  /** Mean absolute contribution of each feature, log-odds, in the order of the manifest. */
  readonly contributions: Readonly<Record<string, number>>;
}

/** Figures of one group of customers. Null where the group has nobody to tell it from. */
export interface Slice {
  readonly rows: number;
  readonly churned: number;
  readonly churn_rate: number;
  readonly mean_score: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly recall_interval: Interval | null;
  readonly roc_auc: number | null;
}

export interface HoldoutReport {
  readonly bootstrap: Bootstrap;
  readonly intervals: Readonly<Record<FigureName, Interval>>;
  /** By dimension, then by group. */
  readonly slices: Readonly<Record<string, Readonly<Record<string, Slice>>>>;
  /** Largest minus smallest recall of each dimension's groups that have enough churned customers. */
  readonly recall_gaps: Readonly<Record<string, number | null>>;
  readonly reliability: readonly ReliabilityBin[];
  readonly precision_recall: readonly PrecisionRecall[];
  /** Mean |contribution| by feature, largest first. */
  readonly contributions: Readonly<Record<string, number>>;
}

/** Churned customers a group must have for its recall to count in a gap. */
const MIN_CHURNED = 20;
const AGE_BANDS = [30, 40, 50, 60];

const ageBand = (age: number | null): string => {
  if (age === null) return 'missing';
  const above = AGE_BANDS.findIndex((bound) => age < bound);
  if (above === 0) return `below ${String(AGE_BANDS[0])}`;
  if (above < 0) return `${String(AGE_BANDS.at(-1))} and above`;
  return `${String(AGE_BANDS[above - 1])} to ${String(AGE_BANDS[above]! - 1)}`;
};

const DIMENSIONS: Readonly<Record<string, (event: CustomerEvent) => string>> = {
  geography: ({ geography }) => String(geography ?? 'missing'),
  gender: ({ gender }) => String(gender ?? 'missing'),
  age: ({ age }) => ageBand(age as number | null),
};

/** Intervals, slices and curves of a model on its holdout. Same input, same report. */
export function reportHoldout(holdout: ScoredHoldout, threshold: number, seed: number): HoldoutReport {
  const { scores, labels } = holdout;
  const bootstrap = bootstrapOf(scores.length, seed);
  const slices = Object.fromEntries(
    Object.entries(DIMENSIONS).map(([name, groupOf]) => [name, sliceBy(holdout, groupOf, threshold)]),
  );
  return {
    bootstrap,
    intervals: bootstrapIntervals(scores, labels, threshold, bootstrap),
    slices,
    recall_gaps: Object.fromEntries(
      Object.entries(slices).map(([name, groups]) => [name, recallGap(Object.values(groups))]),
    ),
    reliability: reliabilityBins(scores, labels),
    precision_recall: precisionRecall(scores, labels),
    contributions: Object.fromEntries(Object.entries(holdout.contributions).sort(([, a], [, b]) => b - a)),
  };
}

function sliceBy(
  { events, labels, scores }: ScoredHoldout,
  groupOf: (event: CustomerEvent) => string,
  threshold: number,
): Record<string, Slice> {
  const groups = new Map<string, number[]>();
  events.forEach((event, row) => {
    const name = groupOf(event);
    const rows = groups.get(name);
    if (rows === undefined) groups.set(name, [row]);
    else rows.push(row);
  });
  const sorted = [...groups].sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([name, rows]) => [
      name,
      sliceOf(
        rows.map((row) => scores[row]!),
        rows.map((row) => labels[row]!),
        threshold,
      ),
    ]),
  );
}

/** The first age band before the others, what is missing last. */
const order = (group: string): number => (group === 'missing' ? 1 : group.startsWith('below ') ? -1 : 0);

function sliceOf(scores: readonly number[], labels: readonly number[], threshold: number): Slice {
  const rows = scores.length;
  const { recall, precision, confusion } = evaluate(scores, labels, threshold);
  const churned = confusion.tp + confusion.fn;
  const isTold = churned > 0;
  const auc = rocAuc(scores, labels);
  return {
    rows,
    churned,
    churn_rate: churned / rows,
    mean_score: scores.reduce((sum, score) => sum + score, 0) / rows,
    precision: confusion.tp + confusion.fp > 0 ? precision : null,
    recall: isTold ? recall : null,
    recall_interval: isTold ? wilsonInterval(recall, churned) : null,
    roc_auc: Number.isNaN(auc) ? null : auc,
  };
}

function recallGap(slices: readonly Slice[]): number | null {
  const recalls = slices.filter(({ churned }) => churned >= MIN_CHURNED).map(({ recall }) => recall!);
  return recalls.length < 2 ? null : Math.max(...recalls) - Math.min(...recalls);
}
