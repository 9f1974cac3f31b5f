import type { Release } from '../models/manifest.ts';

/** A run as MLflow's REST API takes it. */
export interface MlflowRun {
  readonly params: readonly { key: string; value: string }[];
  readonly metrics: readonly { key: string; value: number; timestamp: number; step: number }[];
  readonly tags: readonly { key: string; value: string }[];
}

/** What MLflow takes of one parameter, characters. */
const MAX_VALUE = 6000;

/** Parameters, metrics (on the holdout) and tags of a release; what is not a finite number is no metric. */
export function describeRun({ manifest }: Release, atMs: number): MlflowRun {
  const { dataset, split, parameters, resampling } = manifest.training;
  const params = {
    ...parameters,
    resampling,
    threshold: manifest.threshold,
    'dataset.name': dataset.name,
    'dataset.sha256': dataset.sha256,
    'dataset.rows': dataset.rows,
    'split.name': split.name,
    'split.train_rows': split.trainRows,
    'split.holdout_rows': split.holdoutRows,
  };
  const tags = {
    version: manifest.version,
    sha256: manifest.sha256,
    'mlflow.source.name': 'bankchurn train',
  };
  const texts = (values: Readonly<Record<string, string | number>>): { key: string; value: string }[] =>
    Object.entries(values).map(([key, value]) => ({ key, value: String(value).slice(0, MAX_VALUE) }));
  const metrics = Object.entries(manifest.metrics).filter(([, value]) => Number.isFinite(value));
  return {
    params: texts(params),
    metrics: metrics.map(([key, value]) => ({ key, value, timestamp: atMs, step: 0 })),
    tags: texts(tags),
  };
}
