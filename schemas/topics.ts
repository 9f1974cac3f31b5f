/** One table: every topic of the product. `partitions: 'scale'` follows `topics.partitions` of the configuration. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: 'scale' | 1;
  /** `null`: raw bytes, no schema. */
  readonly schema: string | null;
  readonly keptForEver: boolean;
  /** Compatibility level of `<topic>-value` in the registry. */
  readonly compatibility: 'FULL_TRANSITIVE' | 'BACKWARD_TRANSITIVE' | null;
}

const scale = (
  name: string,
  schema: string | null,
  compatibility: TopicSpec['compatibility'],
): TopicSpec => ({
  name,
  partitions: 'scale',
  schema,
  keptForEver: false,
  compatibility,
});
const single = (name: string, schema: string | null, keptForEver: boolean): TopicSpec => ({
  name,
  partitions: 1,
  schema,
  keptForEver,
  compatibility: schema === null ? null : 'FULL_TRANSITIVE',
});

export const TOPICS = {
  customerEvents: scale('customer-events', 'CustomerEvent', 'BACKWARD_TRANSITIVE'),
  churnScores: scale('churn-scores', 'ChurnScore', 'FULL_TRANSITIVE'),
  deadLetters: scale('customer-events.dlq', null, null),
  customerOutcomes: scale('customer-outcomes', 'CustomerOutcome', 'BACKWARD_TRANSITIVE'),
  driftCounts: single('drift-counts', 'DriftCounts', false),
  driftVerdicts: single('drift-verdicts', 'DriftVerdict', false),
  retrainEvents: single('retrain-events', 'RetrainRequested', false),
  churnModels: single('churn-models', 'ModelRecord', true),
  modelArtifacts: single('churn-model-artifacts', null, true),
} as const satisfies Record<string, TopicSpec>;

export type TopicId = keyof typeof TOPICS;
/** The name each topic has in one deployment (prefix and overrides applied). */
export type TopicNames = Readonly<Record<TopicId, string>>;

/** Applies a prefix and per-topic overrides to the table. */
export function topicNames(prefix: string, overrides: Partial<Record<TopicId, string>> = {}): TopicNames {
  const entries = Object.entries(TOPICS).map(([id, spec]) => [
    id,
    prefix + (overrides[id as TopicId] ?? spec.name),
  ]);
  return Object.fromEntries(entries) as TopicNames;
}
