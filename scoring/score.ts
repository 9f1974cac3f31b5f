import type { EventColumns } from '../schemas/customer/columns.ts';
import type { ChurnScore, Reason, RiskLevel } from '../schemas/generated.ts';
import type { Poison } from '../schemas/errors.ts';
import type { Manifest } from '../models/manifest.ts';

/** Log-odds to probability, taken in JavaScript and not by a CPU kernel, so that a score is the same on any machine. */
export function sigmoid(margin: number): number {
  return 1 / (1 + Math.exp(-margin));
}

/**
 * Rows of some outputs, [rows × width], that hold something else than finite numbers: such a row has no score.
 *
 * @returns undefined where there are none, as a rule.
 */
export function notFiniteRows(outputs: Float32Array, width: number): ReadonlySet<number> | undefined {
  let rows: Set<number> | undefined;
  for (let i = 0; i < outputs.length; i++) {
    if (Math.abs(outputs[i]!) < Infinity) continue;
    rows ??= new Set();
    rows.add(Math.floor(i / width));
  }
  return rows;
}

/** What is said of an event without a score. */
export const notFinite = ({ version }: Pick<Manifest, 'version'>): Poison => ({
  code: 'SCORE_NOT_FINITE',
  message: `model ${version} gives no finite score for this event`,
});

/** Builds scores of one model. A score is a pure function of event, its place in the log, and the model. */
export type ScoreBuilder = (
  events: EventColumns,
  row: number,
  scoreId: string,
  outputs: Float32Array,
  at: number,
) => ChurnScore;

/**
 * @returns a builder whose `outputs[at]` is the margin (log-odds) and `outputs[at + 1 + i]` the contribution of the
 * manifest's i-th feature.
 */
export function createScoreBuilder(manifest: Manifest): ScoreBuilder {
  const names = manifest.features.map((feature) => feature.name);
  const { threshold, riskCutoffs, baseMargin, version, sha256 } = manifest;
  const count = Math.min(manifest.reasonsCount, names.length);
  const riskLevel = (probability: number): RiskLevel =>
    probability >= riskCutoffs.high ? 'HIGH' : probability >= riskCutoffs.medium ? 'MEDIUM' : 'LOW';
  return (events, row, scoreId, outputs, at) => {
    const churnProbability = sigmoid(outputs[at]!);
    return {
      scoreId,
      eventId: events.eventId.at(row),
      customerId: events.customerId.at(row),
      occurredAt: events.occurredAt[row]!,
      churnProbability,
      churnPrediction: churnProbability >= threshold,
      riskLevel: riskLevel(churnProbability),
      reasons: topReasons(names, outputs, at + 1, count),
      baseMargin,
      modelVersion: version,
      modelSha256: sha256,
    };
  };
}

/**
 * The features with the largest contributions by size, largest first; ties go to the earlier feature. One pass, whatever
 * the number of features: few of them are among the largest so far.
 *
 * @param count at least 1.
 */
export function topReasons(
  names: readonly string[],
  outputs: Float32Array,
  at: number,
  count: number,
): Reason[] {
  const top: number[] = [];
  let least = -1;
  for (let i = 0; i < names.length; i++) {
    const size = Math.abs(outputs[at + i]!);
    if (!(size > least)) continue;
    let to = Math.min(top.length, count - 1);
    for (; to > 0 && size > Math.abs(outputs[at + top[to - 1]!]!); to--) top[to] = top[to - 1]!;
    top[to] = i;
    if (top.length === count) least = Math.abs(outputs[at + top[count - 1]!]!);
  }
  const reasons: Reason[] = [];
  for (const i of top) reasons.push({ feature: names[i]!, contribution: outputs[at + i]! });
  return reasons;
}
