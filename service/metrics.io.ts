import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const BATCH_BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000];
const STAGE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** How often the event loop is looked at, milliseconds. */
const LOOP_RESOLUTION_MS = 20;

/** Every metric of the product, in a registry of its own. `aggregator`: how it is made one of several processes' (default: sum). */
export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  // Gauges named like counters: promtool refuses them. The same numbers are there by type.
  for (const what of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${what}_total`);
  const loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loopDelay.enable();
  new Gauge({
    name: 'churn_event_loop_lag_seconds',
    aggregator: 'max',
    help: 'Mean delay of the event loop since the last scrape',
    registers,
    collect() {
      // The histogram holds times between two looks, so an idle loop shows the resolution itself.
      const meanMs = Number.isNaN(loopDelay.mean) ? 0 : loopDelay.mean / 1e6 - LOOP_RESOLUTION_MS;
      this.set(Math.max(0, meanMs) / 1000);
      loopDelay.reset();
    },
  });
  return {
    registry,
    close: () => loopDelay.disable(),
    httpDuration: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time to answer an HTTP request',
      labelNames: ['method', 'route', 'status'],
      buckets: LATENCY_BUCKETS,
      registers,
    }),
    httpRequests: new Counter({
      name: 'http_requests_total',
      help: 'HTTP requests answered',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    events: new Counter({
      name: 'churn_events_total',
      help: 'Customer events processed, by result (scored, dead_letter, ignored)',
      labelNames: ['result'],
      registers,
    }),
    deadLetters: new Counter({
      name: 'churn_dead_letters_total',
      help: 'Dead letters, by error code',
      labelNames: ['code'],
      registers,
    }),
    unknownFields: new Counter({
      name: 'churn_unknown_fields_total',
      help: 'Fields of customer events that nobody reads, by name (20 names, the rest as other)',
      labelNames: ['field'],
      registers,
    }),
    scoreLatency: new Histogram({
      name: 'churn_score_latency_seconds',
      help: "From the event's append time to its committed score",
      buckets: LATENCY_BUCKETS,
      registers,
    }),
    batchSize: new Histogram({
      name: 'churn_batch_size',
      help: 'Records of one transaction',
      buckets: BATCH_BUCKETS,
      registers,
    }),
    stage: new Histogram({
      name: 'churn_stage_seconds',
      help: 'Time a batch spends in a stage (decide, send, commit)',
      labelNames: ['stage'],
      buckets: STAGE_BUCKETS,
      registers,
    }),
    lagRecords: new Gauge({
      name: 'churn_consumer_lag_records',
      aggregator: 'max',
      help: 'Records not yet processed; only of assigned partitions',
      labelNames: ['topic', 'partition'],
      registers,
    }),
    lagSeconds: new Gauge({
      name: 'churn_consumer_lag_seconds',
      aggregator: 'max',
      help: 'Age of the last processed record while others wait, else 0; only of assigned partitions',
      labelNames: ['topic', 'partition'],
      registers,
    }),
    modelInfo: new Gauge({
      name: 'churn_model_info',
      aggregator: 'max',
      help: 'The model in service: 1',
      labelNames: ['version', 'sha256'],
      registers,
    }),
    modelSwaps: new Counter({
      name: 'churn_model_swaps_total',
      help: 'Models taken into service or refused',
      labelNames: ['result'],
      registers,
    }),
    scorePsi: unknownUntilSet(
      new Gauge({
        name: 'model_prediction_drift',
        aggregator: 'first',
        help: 'PSI of the scores in the window against the training profile; above 0.2 for long asks for a new model',
        registers,
      }),
    ),
    featurePsi: new Gauge({
      name: 'feature_drift_psi',
      aggregator: 'first',
      help: 'PSI of a feature in the window against the training profile',
      labelNames: ['feature'],
      registers,
    }),
    retrainEvents: new Counter({
      name: 'churn_retrain_events_total',
      help: 'Retrain events, by result',
      labelNames: ['result'],
      registers,
    }),
    trainingRuns: new Counter({
      name: 'churn_training_runs_total',
      help: 'Training runs, by result (promoted, rejected, deferred, failed)',
      labelNames: ['result'],
      registers,
    }),
    estimatedF1: unknownUntilSet(
      new Gauge({
        name: 'churn_estimated_f1',
        aggregator: 'first',
        help: 'F1 of churn that the scores themselves promise, before labels are known',
        registers,
      }),
    ),
    realisedF1: unknownUntilSet(
      new Gauge({
        name: 'churn_realised_f1',
        aggregator: 'first',
        help: 'F1 of churn on the events whose label is known',
        registers,
      }),
    ),
    disarmed: new Counter({
      name: 'churn_partition_rearms_total',
      help: 'Times a partition was given up and armed again',
      registers,
    }),
  };
}

/** A gauge without labels starts at 0, which would be a figure nobody measured: no sample until there is one. */
function unknownUntilSet(gauge: Gauge): Gauge {
  gauge.remove();
  return gauge;
}
