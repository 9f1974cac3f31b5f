/** What verdicts add to the metrics and the log. */
import { SCORE_SERIES } from '../drift/counts.ts';
import type { MonitorState, Verdict } from '../drift/monitor.ts';
import { measureAtScrape } from './at-scrape.ts';
import type { RoleView } from './role-view.ts';

/** The newest verdict, as long as it is about the model in service. */
export interface DriftView {
  /** Shows a verdict as it is taken. */
  readonly show: (verdict: Verdict, state: Pick<MonitorState, 'activation' | 'modelSha256'>) => void;
  /** Removes what was shown. */
  readonly clear: () => void;
}

/**
 * The gauges of drift have no sample from the moment a newer activation serves until its first verdict: what they showed is
 * about another model.
 *
 * @param active the activation that serves now.
 */
export function createDriftView(
  { metrics, log }: Pick<RoleView, 'metrics' | 'log'>,
  active: () => number | undefined,
): DriftView {
  let shown: number | undefined;
  const clear = (): void => {
    shown = undefined;
    metrics.scorePsi.remove();
    metrics.featurePsi.reset();
  };
  const clearPast = (): void => {
    if (shown !== undefined && shown < (active() ?? -1)) clear();
  };
  measureAtScrape(metrics.scorePsi, clearPast);
  measureAtScrape(metrics.featurePsi, clearPast);
  return {
    clear,
    show: ({ psi, events, drifted, request }, { activation, modelSha256 }) => {
      const largest = psi.reduce((a, b) => (b.psi > a.psi ? b : a));
      const about = { model: modelSha256.slice(0, 8), activation };
      log.info(
        { ...about, events, drifted, largest: largest.name, psi: Number(largest.psi.toFixed(4)) },
        'verdict',
      );
      shown = activation;
      for (const { name, psi: value } of psi) {
        if (name === SCORE_SERIES) metrics.scorePsi.set(value);
        else metrics.featurePsi.set({ feature: name }, value);
      }
      if (!request) return;
      metrics.retrainEvents.inc({ result: 'requested' });
      log.warn(
        { ...about, largest: largest.name, psi: largest.psi, events },
        'drift: a new model is asked for',
      );
    },
  };
}
