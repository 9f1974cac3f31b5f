import { expect, onTestFinished, test } from 'vitest';
import type { Verdict } from '../drift/monitor.ts';
import { createDriftView } from './drift-view.ts';
import { createMetrics } from './metrics.io.ts';

const windowOf = (scorePsi: number, customers: number) => ({
  ...{ events: 4000, customers, drifted: true, calm: false },
  series: [
    { name: 'score', psi: scorePsi, chiSquare: 9, degrees: 9, pValue: 0.4, effect: 0, drifted: false },
  ],
});
const verdict: Verdict = {
  ...{ firstOffset: 0, lastOffset: 9, events: 4000, maxTimestamp: 1, drifted: true, request: true },
  psi: [{ name: 'age', psi: 0.5 }, { name: 'score', psi: 0.4 }],
  ...{ alert: true, requestId: 'r', withheld: null, isFull: true, spanMs: 1, byPsi: true, moves: [], startedAnew: null },
  shift: { referenceEvents: 0, margin: 0, residual: 0, features: [] },
  alertTest: windowOf(0.4, 3900), requestTest: windowOf(0.3, 18_000),
}; // prettier-ignore

function view() {
  const metrics = createMetrics();
  onTestFinished(() => metrics.close());
  const quiet = (): void => undefined;
  const serving = { activation: undefined as number | undefined };
  const { show, clear } = createDriftView(
    { metrics, log: { info: quiet, warn: quiet, error: quiet } },
    () => serving.activation,
  );
  const samples = async (): Promise<string[]> =>
    (await metrics.registry.metrics())
      .split('\n')
      .filter((line) => /^(model_prediction|feature_drift|churn_drift)/.test(line));
  return {
    metrics,
    serving,
    clear,
    samples,
    show: (activation: number) => show(verdict, { activation, modelSha256: 'm' }),
  };
}

const SHOWN = [
  'model_prediction_drift 0.3',
  'feature_drift_psi{feature="age"} 0.5',
  'churn_drift_alert 1',
  'churn_drift_customers{window="alert"} 3900',
  'churn_drift_customers{window="request"} 18000',
];

test('the gauges are there from a verdict about the model in service until another one serves', async () => {
  const { serving, samples, show } = view();
  expect(await samples()).toEqual([]);
  serving.activation = 4;
  show(4);
  expect(await samples()).toEqual(SHOWN);
  serving.activation = 9;
  expect(await samples()).toEqual([]);
  show(4); // counts of the former model are still on their way
  expect(await samples()).toEqual([]);
  show(9);
  expect(await samples()).toEqual(SHOWN);
});

test('without a model log the activation is -1; a verdict about a model that serves elsewhere already is shown', async () => {
  const { serving, samples, show, clear, metrics } = view();
  show(-1);
  expect(await samples()).toEqual(SHOWN);
  clear();
  expect(await samples()).toEqual([]);
  serving.activation = 4;
  show(9);
  expect(await samples()).toEqual(SHOWN);
  expect(await metrics.registry.metrics()).toContain('churn_retrain_events_total{result="requested"} 2');
});
