/**
 * Every metric of the product, declared once. The objects of prom-client, the type `Metrics` and the table in
 * `docs/metrics.md` (`npm run generate`) come from these lists. Names are a promise to dashboards and alerts.
 */

import { LETTER_CODES } from '../schemas/errors.ts';

/** How one value is made of those of several worker processes. */
type Aggregator = 'sum' | 'max' | 'min' | 'first';

export interface MetricSpec<L extends string = string> {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  /** Label sets that have a sample from the start; of a counter alone. */
  readonly known: readonly Readonly<Record<L, string>>[];
  readonly aggregator: Aggregator;
  /** Upper bounds; of a histogram alone. */
  readonly buckets: readonly number[];
}

/**
 * @param known label sets that are there as 0 from the start: `rate` and `increase` see no first event of a series that
 * begins with it.
 */
function counter<const L extends string = never>(
  name: string,
  help: string,
  labels: readonly L[] = [],
  known: readonly Readonly<Record<L, string>>[] = [],
) {
  return { type: 'counter', name, help, labels, known, aggregator: 'sum', buckets: [] } as const;
}

/** One label set for each value of one label. */
const each = <const L extends string>(label: L, values: readonly string[]) =>
  values.map((value) => ({ [label]: value }) as Readonly<Record<L, string>>);

/** A gauge without labels has no sample before it is first set: 0 would be a value that nobody measured. */
function gauge<const L extends string = never>(
  name: string,
  help: string,
  aggregator: Aggregator,
  labels: readonly L[] = [],
) {
  return { type: 'gauge', name, help, labels, known: [], aggregator, buckets: [] } as const;
}

function histogram<const L extends string = never>(
  name: string,
  help: string,
  buckets: readonly number[],
  labels: readonly L[] = [],
) {
  return { type: 'histogram', name, help, labels, known: [], aggregator: 'sum', buckets } as const;
}

const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const BATCH_BUCKETS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000];
/** Answers of the sidecar that are to be expected. */
const HTTP_ANSWERS = ['/health', '/health/live', '/health/ready', '/metrics'].flatMap((route) =>
  (route === '/metrics' ? ['200'] : ['200', '503']).map((status) => ({ method: 'GET', route, status })),
);
const STAGE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

// prettier-ignore
export const METRICS = {
  httpDuration: histogram('http_request_duration_seconds', 'Time to answer an HTTP request',
    LATENCY_BUCKETS, ['method', 'route', 'status']),
  httpRequests: counter('http_requests_total', 'HTTP requests answered', ['method', 'route', 'status'], HTTP_ANSWERS),
  events: counter('churn_events_total', 'Customer events processed, by result (scored, dead_letter, ignored)', ['result'],
    each('result', ['scored', 'dead_letter', 'ignored'])),
  deadLetters: counter('churn_dead_letters_total', 'Dead letters, by error code', ['code'], each('code', LETTER_CODES)),
  deadLetterShare: gauge('churn_dead_letter_share', 'Share of dead letters in the last 1,000 events of a process, from 100 events on', 'max'),
  recordsSkipped: counter('churn_records_skipped_total',
    'Records of our own topics that cannot be read and are skipped, by topic and code', ['topic', 'code']),
  unknownFields: counter('churn_unknown_fields_total', 'Fields of customer events that nobody reads, by name (20 names, the rest as other)', ['field']),
  scoreLatency: histogram('churn_score_latency_seconds', "From the event's append time to its committed score", LATENCY_BUCKETS),
  batchSize: histogram('churn_batch_size', 'Records of one transaction', BATCH_BUCKETS),
  stage: histogram('churn_stage_seconds', 'Time a batch spends in a stage (decide, send, commit)', STAGE_BUCKETS, ['stage']),
  lagRecords: gauge('churn_consumer_lag_records',
    'Records not yet processed, twice a second from the broker: open transactions count, and markers in what is not yet fetched; only of assigned partitions',
    'max', ['topic', 'partition']),
  lagSeconds: gauge('churn_consumer_lag_seconds',
    'Time since the oldest record not yet processed was appended, 0 if none waits; only of assigned partitions', 'max', ['topic', 'partition']),
  partitionsUnready: gauge('churn_partitions_unready', 'Assigned partitions that process nothing now', 'sum', ['topic']),
  modelInfo: gauge('churn_model_info', 'The model in service: 1', 'max', ['version', 'sha256']),
  modelSwaps: counter('churn_model_swaps_total', 'New models, by result (activated, refused)', ['result'],
    each('result', ['activated', 'refused'])),
  scorePsi: gauge('model_prediction_drift',
    'PSI of the scores in the request window against the training profile of the model in service; above 0.2 asks for a new model',
    'first'),
  featurePsi: gauge('feature_drift_psi', 'PSI of a feature in the alert window against the training profile of the model in service',
    'first', ['feature']),
  driftAlert: gauge('churn_drift_alert', 'Whether the newest verdicts are an alert: 1 or 0', 'first'),
  driftCustomers: gauge('churn_drift_customers', 'Effective number of customers in a window (alert, request)', 'first', ['window']),
  retrainEvents: counter('churn_retrain_events_total', 'Retrain events, by result (requested, stale, answered)', ['result'],
    each('result', ['requested', 'stale', 'answered'])),
  trainingRuns: counter('churn_training_runs_total',
    'Training runs, by result (promoted, rejected, deferred, failed)', ['result'],
    each('result', ['promoted', 'rejected', 'deferred', 'failed'])),
  retrainDeferred: gauge('churn_retrain_deferred_seconds',
    'Age of the oldest retrain request that is deferred; 0: none is', 'max'),
  kafkaUp: gauge('churn_kafka_up', 'Whether Kafka answers and takes the connection and the login: 1 or 0', 'min'),
  disarmed: counter('churn_partition_rearms_total', 'Times a partition failed and was armed again'),
  registryUp: gauge('churn_registry_up', 'Whether the schema registry answers (1) or not (0); no sample without a registry', 'min'),
  eventLoopLag: gauge('churn_event_loop_lag_seconds', 'Mean delay of the event loop since the last scrape', 'max'),
} as const satisfies Record<string, MetricSpec>;

/** What the supervisor of several workers (`WORKERS` above 1) adds. */
export const SUPERVISOR_METRICS = {
  workersUp: gauge('churn_workers_up', 'Worker processes of this container that are up', 'sum'),
  workersConfigured: gauge(
    'churn_workers_configured',
    'Worker processes that this container should have',
    'sum',
  ),
  workerRestarts: counter(
    'churn_worker_restarts_total',
    'Worker processes that ended and were started again',
  ),
} as const satisfies Record<string, MetricSpec>;
