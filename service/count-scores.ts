import type { Batch, Decision } from '../schemas/ports.ts';
import type { StageTimes } from '../consumers/loop-ports.ts';
import type { Metrics } from './metrics.io.ts';

/** What a committed batch of events adds to the metrics. `nowMs`: when it was committed, milliseconds since 1970. */
export function recordScores(
  metrics: Metrics,
  batch: Batch,
  decision: Decision,
  stageMs: StageTimes,
  nowMs: number,
): void {
  for (const [outcome, count] of decision.outcomes) {
    const isLetter = outcome !== 'scored' && outcome !== 'ignored';
    metrics.events.inc({ result: isLetter ? 'dead_letter' : outcome }, count);
    if (isLetter) metrics.deadLetters.inc({ code: outcome }, count);
  }
  for (const timestampMs of decision.scoredAt ?? [])
    metrics.scoreLatency.observe(Math.max(0, nowMs - timestampMs) / 1000);
  metrics.batchSize.observe(batch.records.length);
  for (const [stage, ms] of Object.entries(stageMs)) metrics.stage.observe({ stage }, (ms as number) / 1000);
}
