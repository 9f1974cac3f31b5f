/** What verdicts add to the metrics and the log. */
import { SCORE_SERIES } from '../drift/counts.ts';
import type { MonitorState, Verdict } from '../drift/monitor.ts';
import { scorePsiOf } from '../drift/window-test.ts';
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
  const gauges = [metrics.scorePsi, metrics.featurePsi, metrics.driftAlert, metrics.driftCustomers];
  const clear = (): void => {
    shown = undefined;
    for (const gauge of [metrics.scorePsi, metrics.driftAlert]) gauge.remove();
    for (const gauge of [metrics.featurePsi, metrics.driftCustomers]) gauge.reset();
  };
  const clearPast = (): void => {
    if (shown !== undefined && shown < (active() ?? -1)) clear();
  };
  for (const gauge of gauges) measureAtScrape(gauge, clearPast);
  return {
    clear,
    show: (verdict, { activation, modelSha256 }) => {
      const about = { model: modelSha256.slice(0, 8), activation };
      shown = activation;
      setGauges(metrics, verdict);
      logVerdict(log, about, verdict);
      if (verdict.request) metrics.retrainEvents.inc({ result: 'requested' });
    },
  };
}

function setGauges(metrics: RoleView['metrics'], { psi, alert, alertTest, requestTest }: Verdict): void {
  metrics.scorePsi.set(scorePsiOf(requestTest));
  metrics.driftAlert.set(Number(alert));
  metrics.driftCustomers.set({ window: 'alert' }, alertTest.customers);
  metrics.driftCustomers.set({ window: 'request' }, requestTest.customers);
  for (const { name, psi: value } of psi)
    if (name !== SCORE_SERIES) metrics.featurePsi.set({ feature: name }, value);
}

function logVerdict(log: RoleView['log'], about: object, verdict: Verdict): void {
  const { psi, events, drifted, alert, request, withheld, moves, startedAnew, requestTest } = verdict;
  const largest = psi.reduce((a, b) => (b.psi > a.psi ? b : a));
  if (startedAnew !== null) log.info({ ...about, reason: startedAnew }, 'the drift windows begin anew');
  log.info(
    {
      ...about,
      events,
      drifted,
      alert,
      withheld,
      largest: largest.name,
      psi: Number(largest.psi.toFixed(4)),
    },
    'verdict',
  );
  if (!request) return;
  log.warn(
    {
      ...about,
      largest: largest.name,
      psi: largest.psi,
      events: requestTest.events,
      moves: moves.slice(0, 3),
    },
    'drift: a new model is asked for',
  );
}
