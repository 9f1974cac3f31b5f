/** What the gate looks at: two models on the same recent labelled customers. */
import { constantLogLoss } from './gate.ts';
import {
  compareAucs,
  countCustomers,
  customerMean,
  customerWeights,
  less,
  type AucComparison,
  type CustomerCounts,
  type Estimate,
  type PairedRows,
} from './paired-auc.ts';

/** A figure of both models, and of the challenger less the champion. */
export type Comparison = AucComparison;

/** A group of customers, as the customer schema slices them. */
export interface SliceFigures extends CustomerCounts {
  readonly slice: string;
  readonly group: string;
  /** Undefined: too few of either outcome for an interval. */
  readonly auc: Comparison | undefined;
}

/** Everything that the gate looks at on recent customers. Each customer weighs 1. */
export interface ChallengeFigures extends CustomerCounts {
  readonly rows: number;
  /** Share of the customers who left. */
  readonly churnRate: number;
  readonly auc: Comparison;
  /** Nats. */
  readonly logLoss: Comparison;
  /** Of the churn rate as everyone's score, nats. */
  readonly constantLogLoss: number;
  /** Log loss of the challenger less that of the constant score. */
  readonly overConstant: Estimate;
  /** Expected calibration error, ten bins of equal width (Naeini et al. 2015). */
  readonly calibration: Comparison;
  readonly slices: readonly SliceFigures[];
}

/** Rows by slice and group (`sliceRows`). */
export type Slices = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

/** Customers of either outcome that a slice needs for an interval. */
const SLICE_LEAST = 30;
const BINS = 10;

/** Computes all figures. Pure: the same rows, the same figures. */
export function challengeFigures(rows: PairedRows, slices: Slices): ChallengeFigures {
  const { labels, customers, champion, challenger } = rows;
  const weights = customerWeights(customers);
  const mean = (values: Float64Array): Estimate => customerMean(values, customers, weights);
  const compare = (former: Float64Array, later: Float64Array): Comparison => ({
    champion: mean(former),
    challenger: mean(later),
    difference: mean(less(later, former)),
  });
  const churnRate = mean(Float64Array.from(labels)).value;
  const lossesOf = (scores: Float64Array): Float64Array => losses(scores, labels);
  const errorsOf = (scores: Float64Array): Float64Array => signedErrors(scores, labels, weights);
  const constant = lossesOf(new Float64Array(customers.length).fill(churnRate));
  return {
    rows: customers.length,
    ...countCustomers(rows),
    churnRate,
    auc: compareAucs(rows),
    logLoss: compare(lossesOf(champion), lossesOf(challenger)),
    constantLogLoss: constantLogLoss(churnRate, 1 - churnRate),
    overConstant: mean(less(lossesOf(challenger), constant)),
    calibration: compare(errorsOf(champion), errorsOf(challenger)),
    slices: [...slices].flatMap(([slice, groups]) =>
      [...groups].map(([group, of]) => ({ slice, group, ...sliceFigures(rows, of) })),
    ),
  };
}

const losses = (scores: Float64Array, labels: ArrayLike<number>): Float64Array =>
  scores.map((score, row) => -Math.log(Math.max(labels[row] === 1 ? score : 1 - score, 1e-15)));

/**
 * Of each row, score less outcome with the sign that its bin has as a whole. The mean is the expected calibration error; with
 * the signs held, it is a mean over customers, and has the standard error of one (delta method).
 */
function signedErrors(scores: Float64Array, labels: ArrayLike<number>, weights: Float64Array): Float64Array {
  const binOf = (score: number): number => Math.min(BINS - 1, Math.floor(score * BINS));
  const sums = new Float64Array(BINS);
  scores.forEach((score, row) => (sums[binOf(score)]! += weights[row]! * (score - labels[row]!)));
  return scores.map((score, row) => Math.sign(sums[binOf(score)]!) * (score - labels[row]!));
}

function sliceFigures(
  { labels, customers, champion, challenger }: PairedRows,
  rows: readonly number[],
): CustomerCounts & Pick<SliceFigures, 'auc'> {
  const n = rows.length;
  const part = {
    labels: new Uint8Array(n),
    customers: new Int32Array(n),
    champion: new Float64Array(n),
    challenger: new Float64Array(n),
  };
  for (let i = 0; i < n; i++) {
    const row = rows[i]!;
    part.labels[i] = labels[row]!;
    part.customers[i] = customers[row]!;
    part.champion[i] = champion[row]!;
    part.challenger[i] = challenger[row]!;
  }
  const counts = countCustomers(part);
  const isEnough = Math.min(counts.leavers, counts.stayers) >= SLICE_LEAST;
  return { ...counts, auc: isEnough ? compareAucs(part) : undefined };
}
