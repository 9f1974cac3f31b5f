import type { Manifest } from '../models/manifest.ts';
import type { Evaluation } from './evaluation.ts';
import type { HoldoutReport } from './holdout-report.ts';

/** What the gate's F1 is, in words. */
const F1_DEFINITION = 'F1 of both classes weighted by their size; the gate F1 > 0.80 means this one';

/**
 * What `models/metrics.json` holds: the figures by name at the top (a stable form: numbers that tools compare), then what
 * they were measured on and how sure they are. NaN becomes null.
 */
export function metricsFile(manifest: Manifest, evaluation: Evaluation, report: HoldoutReport): string {
  const { intervals, bootstrap, slices, recall_gaps, reliability, contributions } = report;
  const { split, dataset } = manifest.training;
  const metrics = {
    f1: evaluation.f1_weighted,
    f1_definition: F1_DEFINITION,
    ...evaluation,
    rows: { train: split.trainRows, holdout: split.holdoutRows },
    split,
    dataset,
    model: { version: manifest.version, sha256: manifest.sha256 },
    intervals,
    bootstrap,
    slices,
    recall_gaps,
    reliability,
    contributions,
  };
  return `${JSON.stringify(metrics, undefined, 2)}\n`;
}
