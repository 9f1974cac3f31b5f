/** What verdicts and trainings add to the metrics and the log. */
import type { TrainingResult } from '../consumers/trainer.ts';
import { SCORE_SERIES } from '../drift/counts.ts';
import type { Verdict } from '../drift/monitor.ts';
import type { RetrainRequested } from '../schemas/generated.ts';
import type { RoleView } from './role-view.ts';

type Told = Pick<RoleView, 'metrics' | 'log'>;

/** Shows a verdict of the monitor. */
export function tellVerdict({ metrics, log }: Told, { psi, events, drifted, request }: Verdict): void {
  for (const { name, psi: value } of psi) {
    if (name === SCORE_SERIES) metrics.scorePsi.set(value);
    else metrics.featurePsi.set({ feature: name }, value);
  }
  const largest = psi.reduce((a, b) => (b.psi > a.psi ? b : a));
  log.info({ events, drifted, largest: largest.name, psi: Number(largest.psi.toFixed(4)) }, 'verdict');
  if (!request) return;
  metrics.retrainEvents.inc({ result: 'requested' });
  log.warn({ largest: largest.name, psi: largest.psi, events }, 'drift: a new model is asked for');
}

/** Shows how a retrain request ended. */
export function tellResult(
  { metrics, log }: Told,
  result: TrainingResult,
  { requestId, modelVersion }: RetrainRequested,
  reason: string,
): void {
  if (result === 'stale' || result === 'answered') metrics.retrainEvents.inc({ result });
  else metrics.trainingRuns.inc({ result });
  const level = result === 'failed' ? 'error' : 'info';
  log[level]({ requestId, modelVersion, reason }, `retraining: ${result}`);
}
