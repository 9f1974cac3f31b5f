import type { GateRules } from '../schemas/customer/schema.ts';
import { bound } from './gate.ts';
import type { CardSource } from './model-card.ts';

/** What `f1` is, in words. */
function definition({ minWeightedF1 }: GateRules): string {
  const what = 'F1 of both classes weighted by their size';
  return minWeightedF1 === undefined ? what : `${what}; the gate F1 > ${bound(minWeightedF1)} means this one`;
}

/**
 * What the file of the figures (`models/metrics.json`) holds: the figures by name at the top (a stable form: numbers that tools compare), then what
 * they were measured on and how sure they are. NaN becomes null.
 */
export function metricsFile({ manifest, evaluation, report, gate }: CardSource): string {
  const { intervals, bootstrap, slices, recall_gaps, reliability, contributions } = report;
  const { split, dataset } = manifest.training;
  const metrics = {
    f1: evaluation.f1_weighted,
    f1_definition: definition(gate),
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
