/** What trainings add to the metrics and the log. */
import type { TrainingResult } from '../consumers/trainer.ts';
import type { RetrainRequested } from '../schemas/generated.ts';
import type { RoleView } from './role-view.ts';

type Told = Pick<RoleView, 'metrics' | 'log'>;

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
