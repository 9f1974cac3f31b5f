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

/** Area under the ROC curve by ranks, ties counted half (Hanley & McNeil 1982). NaN with one class only. */
export function rocAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = ranking(scores);
  let positives = 0;
  let rankSum = 0;
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j < order.length && scores[order[j]!] === scores[order[i]!]) j++;
    const rank = (i + 1 + j) / 2;
    for (; i < j; i++) {
      if (labels[order[i]!] !== 1) continue;
      positives += 1;
      rankSum += rank;
    }
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Positions by ascending score. */
function ranking(scores: ArrayLike<number>): number[] {
  return Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
}

/** Average precision: precision summed over the steps of recall; equal scores are one step. */
export function averagePrecision(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = ranking(scores).reverse();
  const positives = Array.from(labels).reduce((sum, label) => sum + label, 0);
  let hits = 0;
  let area = 0;
  for (let i = 0; i < order.length;) {
    const before = hits;
    const score = scores[order[i]!];
    for (; i < order.length && scores[order[i]!] === score; i++) hits += labels[order[i]!]!;
    area += ((hits - before) / positives) * (hits / i);
  }
  return area;
}

const f1 = (tp: number, fp: number, fn: number): number => (tp === 0 ? 0 : (2 * tp) / (2 * tp + fp + fn));

/** All figures at one threshold. */
export function evaluate(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  threshold: number,
): Evaluation {
  const n = scores.length;
  let [tp, fp, fn, tn, brier, logLoss] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const label = labels[i]!;
    const p = scores[i]!;
    if (p >= threshold) {
      if (label === 1) tp += 1;
      else fp += 1;
    } else if (label === 1) fn += 1;
    else tn += 1;
    brier += (p - label) ** 2;
    logLoss -= Math.log(Math.max(label === 1 ? p : 1 - p, 1e-15));
  }
  const churn = f1(tp, fp, fn);
  const stayed = f1(tn, fn, fp);
  return {
    roc_auc: rocAuc(scores, labels),
    pr_auc: averagePrecision(scores, labels),
    f1_churn: churn,
    f1_weighted: (churn * (tp + fn) + stayed * (tn + fp)) / n,
    f1_macro: (churn + stayed) / 2,
    precision: tp + fp === 0 ? 0 : tp / (tp + fp),
    recall: tp + fn === 0 ? 0 : tp / (tp + fn),
    brier: brier / n,
    log_loss: logLoss / n,
    ece: calibrationError(scores, labels),
    threshold,
    confusion: { tp, fp, fn, tn },
  };
}

function calibrationError(scores: ArrayLike<number>, labels: ArrayLike<number>, bins = 10): number {
  const sums = Array.from({ length: bins }, () => ({ score: 0, label: 0 }));
  for (let i = 0; i < scores.length; i++) {
    const bin = sums[Math.min(bins - 1, Math.floor(scores[i]! * bins))]!;
    bin.score += scores[i]!;
    bin.label += labels[i]!;
  }
  return sums.reduce((sum, bin) => sum + Math.abs(bin.score - bin.label), 0) / scores.length;
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
