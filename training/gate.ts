/** What a model must show on customers it has not seen: one gate for `train` and for the trainer. */
import type { CustomerSchema, GateRules } from '../schemas/customer/schema.ts';
import type { Evaluation } from './evaluation.ts';

/** Asked for if the customer schema asks for nothing: better than a constant score. Log loss in nats. */
export const DEFAULT_RULES = { minAucGain: 0.05, minLogLossGain: 0.002 } as const;
/** Ranks of chance lie within so many standard errors of .5 in 95 % of all samples. */
const Z = 1.959964;

/**
 * The rules of the gate: those of the customer schema, or the default ones if it has none.
 *
 * @param minWeightedF1 from the configuration; it takes the place of the schema's. Null: not set.
 */
export function gateRules({ gate }: Pick<CustomerSchema, 'gate'>, minWeightedF1: number | null): GateRules {
  const isEmpty = Object.values(gate).every((rule) => rule === undefined);
  const rules = isEmpty ? { ...gate, ...DEFAULT_RULES } : gate;
  return minWeightedF1 === null ? rules : { ...rules, minWeightedF1 };
}

/** One rule and what a model has shown of it. */
export interface GateCheck {
  readonly passed: boolean;
  /** The figure and its bound. */
  readonly text: string;
}

const four = (value: number): string => value.toFixed(4);
/** A bound with two decimals, or with more if it has more. */
export const bound = (value: number): string =>
  Number.isInteger(value * 100) ? value.toFixed(2) : String(value);

/** Holds the figures of a holdout against each rule that is asked. */
export function checkHoldout(evaluation: Evaluation, rules: GateRules): GateCheck[] {
  const { minWeightedF1, minAucGain, minLogLossGain } = rules;
  const checks: GateCheck[] = [];
  if (minWeightedF1 !== undefined)
    checks.push({
      passed: evaluation.f1_weighted > minWeightedF1,
      text: `weighted F1 ${four(evaluation.f1_weighted)} (above ${bound(minWeightedF1)})`,
    });
  if (minAucGain !== undefined) checks.push(checkAuc(evaluation, minAucGain));
  if (minLogLossGain !== undefined) checks.push(checkLogLoss(evaluation, minLogLossGain));
  return checks;
}

/** A gain that chance gives on a holdout of this size is none. */
function checkAuc({ roc_auc, confusion }: Evaluation, minGain: number): GateCheck {
  const [left, stayed] = classes(confusion);
  const byChance = Z * Math.sqrt((left + stayed + 1) / (12 * left * stayed));
  const floor = 0.5 + Math.max(minGain, byChance);
  const why =
    byChance > minGain
      ? `what chance reaches on ${String(left)} who left and ${String(stayed)} who stayed`
      : `0.5 and a gain of ${String(minGain)}`;
  return { passed: roc_auc >= floor, text: `ROC AUC ${four(roc_auc)} (at least ${four(floor)}: ${why})` };
}

function checkLogLoss({ log_loss, confusion }: Evaluation, minGain: number): GateCheck {
  const [left, stayed] = classes(confusion);
  const constant = constantLogLoss(left, stayed);
  const ceiling = constant - minGain;
  return {
    passed: log_loss <= ceiling,
    text: `log loss ${four(log_loss)} (at most ${four(ceiling)}: ${four(constant)} of the best constant score less ${String(minGain)})`,
  };
}

const classes = ({ tp, fp, fn, tn }: Evaluation['confusion']): [left: number, stayed: number] => [
  tp + fn,
  fp + tn,
];

/** Log loss, in nats, of the churn rate as everyone's score. */
export function constantLogLoss(left: number, stayed: number): number {
  const entropy = (n: number): number => (n === 0 ? 0 : -n * Math.log(n / (left + stayed)));
  return (entropy(left) + entropy(stayed)) / (left + stayed);
}

/** Share of the constant score's log loss that a model must gain if churn is so rare that the usual gain would be a large part of it. */
const RARE_GAIN = 0.01;

/** The rules that suit labelled customers of whom so many churned and stayed. */
export function rulesFor({ churned, stayed }: { readonly churned: number; readonly stayed: number }) {
  const gain = Number((RARE_GAIN * constantLogLoss(churned, stayed)).toPrecision(1));
  return { ...DEFAULT_RULES, minLogLossGain: Math.min(DEFAULT_RULES.minLogLossGain, gain) };
}

export interface GateVerdict {
  readonly passed: boolean;
  /** Every number and the bound it was held against. */
  readonly reason: string;
}

/** Passed if every check is; the reason has each of them. */
export function verdictOf(checks: readonly GateCheck[]): GateVerdict {
  const told = checks.map(({ passed, text }) => (passed ? text : `FAILED: ${text}`));
  return { passed: checks.every(({ passed }) => passed), reason: told.join('; ') };
}
