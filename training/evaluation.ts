/** Figures of merit of scores (probabilities) against labels (1 = churned). */
export interface Evaluation {
  readonly roc_auc: number;
  /** Average precision. */
  readonly pr_auc: number;
  /** F1 of the churn class at the threshold. */
  readonly f1_churn: number;
  /** F1 of both classes, weighted by their size: what the runbook's gate means. */
  readonly f1_weighted: number;
  readonly f1_macro: number;
  readonly precision: number;
  readonly recall: number;
  readonly brier: number;
  readonly log_loss: number;
  /** Expected calibration error, ten equal-width bins. */
  readonly ece: number;
  readonly threshold: number;
  readonly confusion: { readonly tp: number; readonly fp: number; readonly fn: number; readonly tn: number };
}

/** How often each row counts: all once, or as a bootstrap sample drew it. */
type Counts = ArrayLike<number> | undefined;

const countOf = (counts: Counts, row: number): number => counts?.[row] ?? 1;

/** Area under the ROC curve by ranks, ties counted half (Hanley & McNeil 1982). NaN with one class only. */
export function rocAuc(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  counts?: Counts,
  order: readonly number[] = ranking(scores),
): number {
  let [positives, total, rankSum] = [0, 0, 0];
  for (let i = 0; i < order.length;) {
    const score = scores[order[i]!];
    let [tied, tiedPositives] = [0, 0];
    for (; i < order.length && scores[order[i]!] === score; i++) {
      const count = countOf(counts, order[i]!);
      tied += count;
      tiedPositives += count * labels[order[i]!]!;
    }
    rankSum += tiedPositives * (total + (tied + 1) / 2);
    total += tied;
    positives += tiedPositives;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (total - positives));
}

/** Positions by ascending score. */
function ranking(scores: ArrayLike<number>): number[] {
  return Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
}

/** Precision and recall at one score: all rows of that score or more are taken as leaving. */
export interface PrecisionRecall {
  readonly recall: number;
  readonly precision: number;
}

/** Walks the precision–recall curve from the highest score down; equal scores are one step. */
function walkCurve(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  counts: Counts,
  order: readonly number[],
  onStep: (recall: number, precision: number) => void,
): void {
  let positives = 0;
  for (const row of order) positives += countOf(counts, row) * labels[row]!;
  let [hits, taken] = [0, 0];
  for (let i = order.length - 1; i >= 0;) {
    const score = scores[order[i]!];
    for (; i >= 0 && scores[order[i]!] === score; i--) {
      const count = countOf(counts, order[i]!);
      hits += count * labels[order[i]!]!;
      taken += count;
    }
    if (taken > 0) onStep(hits / positives, hits / taken);
  }
}

/** The precision–recall curve. */
export function precisionRecall(scores: ArrayLike<number>, labels: ArrayLike<number>): PrecisionRecall[] {
  const steps: PrecisionRecall[] = [];
  walkCurve(scores, labels, undefined, ranking(scores), (recall, precision) =>
    steps.push({ recall, precision }),
  );
  return steps;
}

/** Average precision: precision summed over the steps of recall; equal scores are one step. */
export function averagePrecision(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  counts?: Counts,
  order: readonly number[] = ranking(scores),
): number {
  let [area, before] = [0, 0];
  walkCurve(scores, labels, counts, order, (recall, precision) => {
    area += (recall - before) * precision;
    before = recall;
  });
  return area;
}

const f1 = (tp: number, fp: number, fn: number): number => (tp === 0 ? 0 : (2 * tp) / (2 * tp + fp + fn));

/** All figures at one threshold. */
export function evaluate(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  threshold: number,
): Evaluation {
  return createEvaluator(scores, labels, threshold)();
}

/** All figures of the rows as often as they count: the rows are ranked once, for many bootstrap samples. */
export function createEvaluator(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  threshold: number,
): (counts?: Counts) => Evaluation {
  const order = ranking(scores);
  const squares = Float64Array.from(scores, (p, i) => (p - labels[i]!) ** 2);
  const losses = Float64Array.from(scores, (p, i) => -Math.log(Math.max(labels[i] === 1 ? p : 1 - p, 1e-15)));
  return (counts) => {
    let [tp, fp, fn, tn, brier, logLoss] = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < scores.length; i++) {
      const label = labels[i]!;
      const p = scores[i]!;
      const count = countOf(counts, i);
      if (p >= threshold) {
        if (label === 1) tp += count;
        else fp += count;
      } else if (label === 1) fn += count;
      else tn += count;
      brier += count * squares[i]!;
      logLoss += count * losses[i]!;
    }
    const n = tp + fp + fn + tn;
    const churn = f1(tp, fp, fn);
    const stayed = f1(tn, fn, fp);
    return {
      roc_auc: rocAuc(scores, labels, counts, order),
      pr_auc: averagePrecision(scores, labels, counts, order),
      f1_churn: churn,
      f1_weighted: (churn * (tp + fn) + stayed * (tn + fp)) / n,
      f1_macro: (churn + stayed) / 2,
      precision: tp + fp === 0 ? 0 : tp / (tp + fp),
      recall: tp + fn === 0 ? 0 : tp / (tp + fn),
      brier: brier / n,
      log_loss: logLoss / n,
      ece: calibrationError(reliabilityBins(scores, labels, counts)),
      threshold,
      confusion: { tp, fp, fn, tn },
    };
  };
}

/** One bin of the reliability diagram: customers with about this score, and how many of them left. */
export interface ReliabilityBin {
  /** Scores of the bin: from <= score < to (the last one: <=). */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** 0 in an empty bin. */
  readonly mean_score: number;
  readonly churn_rate: number;
}

/** Scores in equal-width bins against what became of the customers. */
export function reliabilityBins(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  counts?: Counts,
  bins = 10,
): ReliabilityBin[] {
  const sums = Array.from({ length: bins }, () => ({ rows: 0, score: 0, label: 0 }));
  for (let i = 0; i < scores.length; i++) {
    const bin = sums[Math.min(bins - 1, Math.floor(scores[i]! * bins))]!;
    const count = countOf(counts, i);
    bin.rows += count;
    bin.score += count * scores[i]!;
    bin.label += count * labels[i]!;
  }
  return sums.map(({ rows, score, label }, i) => ({
    from: i / bins,
    to: (i + 1) / bins,
    rows,
    mean_score: rows === 0 ? 0 : score / rows,
    churn_rate: rows === 0 ? 0 : label / rows,
  }));
}

/** Distance of mean score and churn rate, weighted by the rows of the bins (Naeini et al. 2015). */
function calibrationError(bins: readonly ReliabilityBin[]): number {
  const rows = bins.reduce((sum, bin) => sum + bin.rows, 0);
  return bins.reduce((sum, bin) => sum + bin.rows * Math.abs(bin.mean_score - bin.churn_rate), 0) / rows;
}

/** The threshold with the best F1 of the churn class: halfway between two neighbouring scores. */
export function bestThreshold(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = ranking(scores).reverse();
  const positives = Array.from(labels).reduce((sum, label) => sum + label, 0);
  let [tp, best, threshold] = [0, -1, 0.5];
  order.forEach((position, i) => {
    tp += labels[position]!;
    const score = scores[position]!;
    const next = i + 1 < order.length ? scores[order[i + 1]!]! : 0;
    if (next === score && i + 1 < order.length) return;
    const value = f1(tp, i + 1 - tp, positives - tp);
    if (value <= best) return;
    best = value;
    threshold = (score + next) / 2;
  });
  return threshold;
}
