/** Whether a challenger may take over from the champion: docs/adr/0019-a-gate-that-decides.md. */
import type { GateRules } from '../schemas/customer/schema.ts';
import type { ChallengeFigures, Comparison, SliceFigures } from './challenge-figures.ts';
import { checkHoldout, type GateVerdict } from './gate.ts';
import type { Evaluation } from './evaluation.ts';
import { normalQuantile } from './normal.ts';
import type { CustomerCounts, Estimate } from './paired-auc.ts';

/** What a challenger must show. */
export interface ChallengeRule {
  /** Recent labelled customers that the gate needs, and how many of them must have left (and stayed). */
  readonly minRecentLabels: number;
  readonly minLeavers: number;
  /** The share of wrong decisions that each bound allows (α). */
  readonly alpha: number;
  /** The margin: the challenger's ROC AUC is surely not this much below the champion's. */
  readonly maxAucLoss: number;
  /** Vetoes if the log loss surely grows by more than this share of the constant predictor's. */
  readonly maxLogLossLoss: number;
  /** Vetoes if the calibration error surely grows by more than this share of the rarer outcome's rate. */
  readonly maxCalibrationLoss: number;
  /** Vetoes if the ROC AUC of a slice surely falls by more than this. */
  readonly maxSliceAucLoss: number;
  /** Of figures on the base holdout: what the customer schema asks of `train`. */
  readonly base: GateRules;
  /** What a missed rule of the base holdout is. */
  readonly onBaseHoldout: 'warn' | 'reject';
}

/** What the challenger shows on the base holdout, or why nobody looked. */
export type BaseHoldout =
  | {
      readonly evaluation: Evaluation;
      readonly championAuc: number;
      readonly rows: number;
      readonly from: string;
    }
  | { readonly missing: string };

/** One thing that the gate looked at. */
interface Look {
  readonly outcome: 'passed' | 'failed' | 'warning';
  readonly text: string;
}

/** A model whose ranks are noise is taken for better than the constant one once in a hundred thousand times. */
const NOISE_ALPHA = 1e-5;

/** Why the labels are too few to judge a challenger on (a deferral); undefined: they are not. */
export function labelsFault(
  { customers, leavers, stayers }: CustomerCounts,
  { minRecentLabels, minLeavers }: Pick<ChallengeRule, 'minRecentLabels' | 'minLeavers'>,
): string | undefined {
  const found = `${String(customers)} labelled customers of the drifted stream to judge a challenger on, ${String(leavers)} left and ${String(stayers)} stayed`;
  return customers >= minRecentLabels && Math.min(leavers, stayers) >= minLeavers
    ? undefined
    : `${found}; ${String(minRecentLabels)} are needed, ${String(minLeavers)} of either`;
}

/** Holds all figures against the rule. Pure: the same figures, the same verdict. */
export function judgeChallenger(
  figures: ChallengeFigures,
  base: BaseHoldout,
  rule: ChallengeRule,
): GateVerdict {
  const looks = [
    lookAtLabels(figures, rule),
    lookAtAuc(figures, rule),
    ...lookAtConstant(figures, rule),
    lookAtLogLoss(figures, rule),
    lookAtCalibration(figures, rule),
    lookAtSlices(figures, rule),
    ...lookAtBase(base, rule),
  ];
  const words = { passed: '', failed: 'FAILED: ', warning: 'WARNING: ' };
  return {
    passed: looks.every(({ outcome }) => outcome !== 'failed'),
    reason: looks.map(({ outcome, text }) => `${words[outcome]}${text}`).join('; '),
  };
}

const four = (value: number): string => value.toFixed(4);
const look = (isPassed: boolean, text: string): Look => ({ outcome: isPassed ? 'passed' : 'failed', text });
/** Bounds that the truth is beyond in a share of all samples. */
const low = ({ value, standardError }: Estimate, alpha: number): number =>
  value + normalQuantile(alpha) * standardError;
const high = ({ value, standardError }: Estimate, alpha: number): number =>
  value - normalQuantile(alpha) * standardError;

function lookAtLabels(figures: ChallengeFigures, rule: ChallengeRule): Look {
  const { customers, leavers } = figures;
  const fault = labelsFault(figures, rule);
  return look(fault === undefined, fault ?? `${String(customers)} recent labels (${String(leavers)} left)`);
}

function lookAtAuc({ auc }: ChallengeFigures, { maxAucLoss, alpha }: ChallengeRule): Look {
  const { champion, challenger, difference } = auc;
  const bound = low(difference, alpha);
  return look(
    bound > -maxAucLoss,
    `ROC AUC on them ${four(challenger.value)} against the champion's ${four(champion.value)}: difference ${four(difference.value)}, at least ${four(bound)} (must be above ${String(-maxAucLoss)})`,
  );
}

/**
 * Better than the churn rate as everyone's score: in its ranks, and in log loss. A challenger that misses the latter and surely
 * betters the champion's log loss is still the better of the two.
 */
function lookAtConstant(
  { auc, overConstant, logLoss, constantLogLoss }: ChallengeFigures,
  { alpha, maxLogLossLoss }: ChallengeRule,
): Look[] {
  const rank = low(auc.challenger, NOISE_ALPHA);
  const loss = low(overConstant, alpha);
  const margin = maxLogLossLoss * constantLogLoss;
  const missed = high(logLoss.difference, alpha) < 0 ? 'warning' : 'failed';
  return [
    look(rank > 0.5, `ROC AUC at least ${four(rank)} (above 0.5 of a constant score)`),
    {
      outcome: loss <= margin ? 'passed' : missed,
      text: `log loss less that of a constant score ${four(overConstant.value)}, at least ${four(loss)} (at most ${four(margin)})`,
    },
  ];
}

const against = ({ champion, challenger }: Comparison): string =>
  `${four(challenger.value)} against ${four(champion.value)}`;

function lookAtLogLoss({ logLoss, constantLogLoss }: ChallengeFigures, rule: ChallengeRule): Look {
  const growth = low(logLoss.difference, rule.alpha);
  const margin = rule.maxLogLossLoss * constantLogLoss;
  return look(
    growth <= margin,
    `log loss ${against(logLoss)}: grows by at least ${four(growth)} (at most ${four(margin)})`,
  );
}

function lookAtCalibration({ calibration, churnRate }: ChallengeFigures, rule: ChallengeRule): Look {
  const growth = low(calibration.difference, rule.alpha);
  const margin = rule.maxCalibrationLoss * Math.min(churnRate, 1 - churnRate);
  return look(
    growth <= margin,
    `calibration error ${against(calibration)}: grows by at least ${four(growth)} (at most ${four(margin)})`,
  );
}

/** Slices share α (Bonferroni): more slices, no more false vetoes. */
function lookAtSlices({ slices }: ChallengeFigures, { alpha, maxSliceAucLoss }: ChallengeRule): Look {
  const judged = slices.filter(isJudged);
  const worse = judged.filter(({ auc }) => high(auc.difference, alpha / judged.length) < -maxSliceAucLoss);
  const named = worse.map(({ slice, group, auc }) => `${slice} ${group}: ROC AUC ${against(auc)}`);
  return look(
    worse.length === 0,
    worse.length > 0
      ? `slices that lose more than ${String(maxSliceAucLoss)}: ${named.slice(0, SLICES_NAMED).join(', ')}`
      : `none of ${String(judged.length)} slices surely loses more than ${String(maxSliceAucLoss)} (${String(slices.length - judged.length)} too small)`,
  );
}

const isJudged = (slice: SliceFigures): slice is SliceFigures & { readonly auc: Comparison } =>
  slice.auc !== undefined;
const SLICES_NAMED = 3;

function lookAtBase(base: BaseHoldout, { base: rules, onBaseHoldout }: ChallengeRule): Look[] {
  if ('missing' in base) return [{ outcome: 'warning', text: `base holdout not looked at: ${base.missing}` }];
  const { evaluation, championAuc, rows } = base;
  const missed = onBaseHoldout === 'warn' ? 'warning' : 'failed';
  const of = `on the base holdout (${String(rows)} rows)`;
  return [
    look(true, `${of}: ROC AUC ${four(evaluation.roc_auc)}, champion ${four(championAuc)}`),
    ...checkHoldout(evaluation, rules).map(({ passed, text }): Look => ({
      outcome: passed ? 'passed' : missed,
      text: `${of}: ${text}`,
    })),
  ];
}

/** Characters of a report at most, so that readers of the log keep the whole of it. */
const REPORT_CHARACTERS = 3900;

/**
 * Everything that the gate looked at as JSON. Slices that would make it too long are left out, those that lose least first,
 * and counted.
 */
export function challengeReport(
  { slices, ...figures }: ChallengeFigures,
  base: BaseHoldout,
  rule: ChallengeRule,
  passed: boolean,
): string {
  const ordered = [...slices].sort((a, b) => loss(a) - loss(b));
  for (let kept = ordered.length; ; kept--) {
    const report = { passed, ...figures, slices: ordered.slice(0, kept).map(brief), slicesLeftOut: slices.length - kept, base, rule }; // prettier-ignore
    const text = JSON.stringify(report, rounded);
    if (text.length <= REPORT_CHARACTERS || kept === 0) return text;
  }
}

const loss = ({ auc }: SliceFigures): number => auc?.difference.value ?? Infinity;

/** One slice in the report: `auc`: champion, challenger, and the standard error of the difference. */
const brief = ({ slice, group, customers, leavers, auc }: SliceFigures) => ({
  group: `${slice} ${group}`,
  ...{ customers, leavers },
  ...(auc && { auc: [auc.champion.value, auc.challenger.value, auc.difference.standardError] }),
});

/** Five digits say enough. */
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(5)) : value;
