/** A training from labelled data to everything that is written of it: release, figures, model card, data card. */
import type { Release } from '../models/manifest.ts';
import type { CustomerSchema, GateRules } from '../schemas/customer/schema.ts';
import { dataCard } from './data-card.ts';
import type { Dataset } from './dataset.ts';
import type { Evaluation } from './evaluation.ts';
import type { Examination } from './examine.ts';
import { checkHoldout, verdictOf, type GateVerdict } from './gate.ts';
import { reportHoldout, type HoldoutReport } from './holdout-report.ts';
import { metricsFile } from './metrics-file.ts';
import { modelCard } from './model-card.ts';
import type { Split } from './split.ts';
import { trainRelease, type TrainingOptions } from './train.ts';

/** What is trained on, and what is asked of the model. */
export interface TrainingTask {
  readonly customer: CustomerSchema;
  readonly dataset: Dataset;
  readonly split: Split;
  readonly examination: Examination;
  readonly gate: GateRules;
  /** Of the bootstrap. */
  readonly seed: number;
}

export interface TrainingOutcome {
  readonly release: Release;
  readonly evaluation: Evaluation;
  readonly report: HoldoutReport;
  readonly verdict: GateVerdict;
  /** What the figures alone do not say. */
  readonly warnings: readonly string[];
  /** Documents by path in the release's folder. */
  readonly documents: ReadonlyMap<string, string>;
  /** Text of the file of the figures. */
  readonly metrics: string;
}

/** A wider interval of the ROC AUC says little. */
const WIDE_INTERVAL = 0.15;

/** Trains, evaluates and describes; see `trainRelease`. Same input, same bytes. */
export function runTraining(
  { customer, dataset, split, examination, gate, seed }: TrainingTask,
  options: Omit<TrainingOptions, 'customer'>,
): TrainingOutcome {
  const { release, evaluation, holdout } = trainRelease(dataset, split, { ...options, customer });
  const report = reportHoldout(holdout, customer, evaluation.threshold, seed);
  const source = { manifest: release.manifest, evaluation, report, gate };
  const warnings = uncertainty(evaluation, report);
  const described = { ...examination, warnings: [...examination.warnings, ...warnings] };
  return {
    release,
    evaluation,
    report,
    verdict: verdictOf(checkHoldout(evaluation, gate)),
    warnings,
    documents: new Map([
      ...modelCard(source),
      ['DATA.md', dataCard({ dataset, split, customer, examination: described })],
    ]),
    metrics: metricsFile(source),
  };
}

function uncertainty({ roc_auc, confusion }: Evaluation, { intervals }: HoldoutReport): string[] {
  const { low, high } = intervals.roc_auc;
  if (high - low <= WIDE_INTERVAL) return [];
  const { tp, fp, fn, tn } = confusion;
  return [
    `the holdout says little: of its ${String(tp + fp + fn + tn)} customers ${String(tp + fn)} left, so the ROC AUC of ${roc_auc.toFixed(3)} may be anything from ${low.toFixed(3)} to ${high.toFixed(3)} (95 % interval). Get more labelled customers`,
  ];
}
