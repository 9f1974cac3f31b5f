/** Every metric of the product, declared once. */

export interface MetricSpec {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
  /** How several processes' gauges are made one (default: sum). */
  readonly aggregator?: 'max' | 'first';
  /** A gauge without labels starts at 0, which would be a figure nobody measured: no sample until there is one. */
  readonly unknownUntilSet?: true;
}

const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const BATCH_BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000];
const STAGE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** Mean delay of the event loop, measured when it is asked for. */
export const EVENT_LOOP_LAG = {
  kind: 'gauge',
  name: 'churn_event_loop_lag_seconds',
  aggregator: 'max',
  help: 'Mean delay of the event loop since the last scrape',
} as const satisfies MetricSpec;

/** Metrics of each process, by the name they have in the code. */
export const METRICS = {
  httpDuration: {
    kind: 'histogram',
    name: 'http_request_duration_seconds',
    help: 'Time to answer an HTTP request',
    labelNames: ['method', 'route', 'status'],
    buckets: LATENCY_BUCKETS,
  },
  httpRequests: {
    kind: 'counter',
    name: 'http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['method', 'route', 'status'],
  },
  events: {
    kind: 'counter',
    name: 'churn_events_total',
    help: 'Customer events processed, by result (scored, dead_letter, ignored)',
    labelNames: ['result'],
  },
  deadLetters: {
    kind: 'counter',
    name: 'churn_dead_letters_total',
    help: 'Dead letters, by error code',
    labelNames: ['code'],
  },
  scoreLatency: {
    kind: 'histogram',
    name: 'churn_score_latency_seconds',
    help: "From the event's append time to its committed score",
    buckets: LATENCY_BUCKETS,
  },
  batchSize: {
    kind: 'histogram',
    name: 'churn_batch_size',
    help: 'Records of one transaction',
    buckets: BATCH_BUCKETS,
  },
  stage: {
    kind: 'histogram',
    name: 'churn_stage_seconds',
    help: 'Time a batch spends in a stage (decide, send, commit)',
    labelNames: ['stage'],
    buckets: STAGE_BUCKETS,
  },
  lagRecords: {
    kind: 'gauge',
    name: 'churn_consumer_lag_records',
    aggregator: 'max',
    help: 'Records not yet processed; only of assigned partitions',
    labelNames: ['topic', 'partition'],
  },
  lagSeconds: {
    kind: 'gauge',
    name: 'churn_consumer_lag_seconds',
    aggregator: 'max',
    help: 'Age of the last processed record while others wait, else 0; only of assigned partitions',
    labelNames: ['topic', 'partition'],
  },
  modelInfo: {
    kind: 'gauge',
    name: 'churn_model_info',
    aggregator: 'max',
    help: 'The model in service: 1',
    labelNames: ['version', 'sha256'],
  },
  modelSwaps: {
    kind: 'counter',
    name: 'churn_model_swaps_total',
    help: 'Models taken into service or refused',
    labelNames: ['result'],
  },
  scorePsi: {
    kind: 'gauge',
    name: 'model_prediction_drift',
    aggregator: 'first',
    unknownUntilSet: true,
    help: 'PSI of the scores in the window against the training profile; above 0.2 for long asks for a new model',
  },
  featurePsi: {
    kind: 'gauge',
    name: 'feature_drift_psi',
    aggregator: 'first',
    help: 'PSI of a feature in the window against the training profile',
    labelNames: ['feature'],
  },
  retrainEvents: {
    kind: 'counter',
    name: 'churn_retrain_events_total',
    help: 'Retrain events, by result',
    labelNames: ['result'],
  },
  trainingRuns: {
    kind: 'counter',
    name: 'churn_training_runs_total',
    help: 'Training runs, by result (promoted, rejected, deferred, failed)',
    labelNames: ['result'],
  },
  estimatedF1: {
    kind: 'gauge',
    name: 'churn_estimated_f1',
    aggregator: 'first',
    unknownUntilSet: true,
    help: 'F1 of churn that the scores themselves promise, before labels are known',
  },
  realisedF1: {
    kind: 'gauge',
    name: 'churn_realised_f1',
    aggregator: 'first',
    unknownUntilSet: true,
    help: 'F1 of churn on the events whose label is known',
  },
  disarmed: {
    kind: 'counter',
    name: 'churn_partition_rearms_total',
    help: 'Times a partition was given up and armed again',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** Of the process that runs several workers, besides. */
export const WORKERS_UP = {
  kind: 'gauge',
  name: 'churn_workers_up',
  help: 'Worker processes of this container that are up',
} as const satisfies MetricSpec;
export const WORKER_RESTARTS = {
  kind: 'counter',
  name: 'churn_worker_restarts_total',
  help: 'Worker processes that ended and were started again',
} as const satisfies MetricSpec;
