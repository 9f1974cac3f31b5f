import type { CustomerEvent, CustomerSchema } from '../schemas/customer/schema.ts';
import {
  bootstrapIntervals,
  bootstrapOf,
  wilsonInterval,
  type Bootstrap,
  type FigureName,
  type Interval,
} from './intervals.ts';
import { evaluate, precisionRecall, reliabilityBins, rocAuc, type PrecisionRecall, type ReliabilityBin } from './evaluation.ts'; // prettier-ignore
import { sliceRows } from './slices.ts';

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
  /** By input, then by group. */
  readonly slices: Readonly<Record<string, Readonly<Record<string, Slice>>>>;
  /** Largest minus smallest recall of each input's groups that have enough churned customers. */
  readonly recall_gaps: Readonly<Record<string, number | null>>;
  readonly reliability: readonly ReliabilityBin[];
  readonly precision_recall: readonly PrecisionRecall[];
  /** Mean |contribution| by feature, largest first. */
  readonly contributions: Readonly<Record<string, number>>;
}

/** Churned customers a group must have for its recall to count in a gap. */
const MIN_CHURNED = 20;

/** Intervals, slices and curves of a model on its holdout. Same input, same report. */
export function reportHoldout(
  holdout: ScoredHoldout,
  customer: Pick<CustomerSchema, 'slices' | 'inputs'>,
  threshold: number,
  seed: number,
): HoldoutReport {
  const { scores, labels } = holdout;
  const bootstrap = bootstrapOf(scores.length, seed);
  const slices = Object.fromEntries(
    [...sliceRows(customer, holdout.events)].map(([input, groups]) => [
      input,
      Object.fromEntries([...groups].map(([name, rows]) => [name, sliceOf(holdout, rows, threshold)])),
    ]),
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

function sliceOf(holdout: ScoredHoldout, positions: readonly number[], threshold: number): Slice {
  const scores = positions.map((row) => holdout.scores[row]!);
  const labels = positions.map((row) => holdout.labels[row]!);
  const rows = positions.length;
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
