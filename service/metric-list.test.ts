import { recordsOf } from '../schemas/records.ts';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { recordScores } from './count-scores.ts';
import { METRICS, SUPERVISOR_METRICS } from './metric-list.ts';
import { createMetrics } from './metrics.io.ts';
import { LETTER_CODES } from '../schemas/errors.ts';
import type { SourceRecord } from '../schemas/ports.ts';

const code = readdirSync('service')
  .filter((name) => !name.endsWith('.test.ts') && name !== 'metric-list.ts')
  .map((name) => readFileSync(`service/${name}`, 'utf8'))
  .join('\n');

test.each(Object.keys({ ...METRICS, ...SUPERVISOR_METRICS }))('%s is set somewhere', (key) => {
  // `metrics.key.inc(…)`, or measured at each scrape: `{ key }`, `{ key: () => … }`.
  expect(code).toMatch(new RegExp(`\\b${key}\\.(inc|set|observe)\\(|\\{ ${key} \\}|\\b${key}: \\(\\) =>`));
});

test('what is not set would be found', () => {
  expect(code).not.toMatch(/\brealisedF1\b/);
});

test('counters whose labels are known are there as 0 from the start', async () => {
  const metrics = createMetrics();
  onTestFinished(() => metrics.close());
  const text = await metrics.registry.metrics();
  const zero = (sample: string): void => expect(text).toContain(`\n${sample} 0\n`);
  for (const result of ['scored', 'dead_letter', 'ignored']) zero(`churn_events_total{result="${result}"}`);
  for (const each of LETTER_CODES) zero(`churn_dead_letters_total{code="${each}"}`);
  for (const result of ['activated', 'refused']) zero(`churn_model_swaps_total{result="${result}"}`);
  for (const result of ['requested', 'stale', 'answered'])
    zero(`churn_retrain_events_total{result="${result}"}`);
  for (const result of ['promoted', 'rejected', 'deferred', 'failed'])
    zero(`churn_training_runs_total{result="${result}"}`);
  zero('http_requests_total{method="GET",route="/health",status="503"}');
  zero('churn_partition_rearms_total');
});

test('the latency is that of scores alone, from the append time of each', async () => {
  const metrics = createMetrics();
  onTestFinished(() => metrics.close());
  const record = (timestampMs: number): SourceRecord => ({
    offset: 0,
    timestampMs,
    key: null,
    value: null,
    headers: {},
  });
  const records = [record(1000), record(-900_000), record(4000)];
  const outcomes = new Map([['scored', 2], ['RECORD_INVALID', 1]]); // prettier-ignore
  const decision = { emit: [], commit: 3, outcomes, scoredAt: [1000, 4000] };
  recordScores(
    metrics,
    { topic: 't', partition: 0, records: recordsOf(records) },
    decision,
    { decide: 1, send: 1, commit: 1 },
    5000,
  );
  const text = await metrics.registry.metrics();
  expect(text).toContain('churn_score_latency_seconds_count 2\n');
  expect(text).toContain('churn_score_latency_seconds_sum 5\n');
  expect(text).toContain('churn_events_total{result="dead_letter"} 1');
});
