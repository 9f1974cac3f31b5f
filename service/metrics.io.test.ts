import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createMetrics } from './metrics.io.ts';

function metrics() {
  const created = createMetrics();
  onTestFinished(() => created.close());
  return created;
}

/** The names that dashboards and alerts rely on. */
const PROMISED = [
  'http_request_duration_seconds', 'http_requests_total', 'model_prediction_drift', 'feature_drift_psi',
  'churn_events_total', 'churn_score_latency_seconds', 'churn_batch_size', 'churn_stage_seconds',
  'churn_dead_letters_total', 'churn_consumer_lag_records', 'churn_consumer_lag_seconds', 'churn_model_info',
  'churn_model_swaps_total', 'churn_retrain_events_total', 'churn_training_runs_total',
  'churn_dead_letter_share', 'churn_records_skipped_total', 'churn_retrain_deferred_seconds', 'churn_event_loop_lag_seconds', 'process_cpu_seconds_total', 'nodejs_heap_size_used_bytes',
]; // prettier-ignore

test('every promised metric is there, with a help text; two registries do not meet', async () => {
  const text = await metrics().registry.metrics();
  expect(PROMISED.filter((name) => !text.includes(`# HELP ${name} `))).toEqual([]);
  metrics().events.inc({ result: 'scored' });
  expect(text).toContain('churn_events_total{result="scored"} 0');
});

test('what was not measured has no sample; a revoked partition has none left', async () => {
  const { registry, scorePsi, retrainDeferred, lagRecords } = metrics();
  const samples = async (): Promise<string[]> =>
    (await registry.metrics())
      .split('\n')
      .filter((line) => /^(model_prediction_drift|churn_retrain_deferred|churn_consumer_lag)/.test(line));
  expect(await samples()).toEqual([]);
  scorePsi.set(0.3);
  retrainDeferred.set(60);
  lagRecords.set({ topic: 't', partition: 0 }, 7);
  lagRecords.set({ topic: 't', partition: 1 }, 8);
  lagRecords.remove({ topic: 't', partition: 0 });
  expect(await samples()).toEqual([
    'churn_consumer_lag_records{topic="t",partition="1"} 8',
    'model_prediction_drift 0.3',
    'churn_retrain_deferred_seconds 60',
  ]);
});

test('the lag of the event loop is the delay, not the time between two looks', async () => {
  const { registry } = metrics();
  const lag = async (): Promise<number> =>
    Number(/^churn_event_loop_lag_seconds (\S+)$/m.exec(await registry.metrics())?.[1]);
  const pause = (ms: number): Promise<void> => sleep(ms);
  const measured: number[] = [];
  // A busy machine delays some looks: the quietest of several is meant.
  for (let i = 0; i < 5; i += 1) {
    await lag();
    await pause(200);
    measured.push(await lag());
  }
  expect(Math.min(...measured)).toBeLessThan(0.019);
  await pause(50);
  const until = Date.now() + 400;
  while (Date.now() < until);
  await pause(50);
  expect(await lag()).toBeGreaterThan(0.03);
});
