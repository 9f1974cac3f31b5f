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

/** How a model judges an event by its outputs: what is the same in a score as an object and as bytes. */
export interface Judge {
  /** Reasons of a score. */
  readonly count: number;
  isChurn(probability: number): boolean;
  /** Its place among the `RISK_LEVELS`. */
  riskOf(probability: number): number;
  /**
   * The features with the largest contributions by size, by their numbers, largest first; `outputs[at]` is the first
   * contribution. The next call overwrites the result.
   */
  reasons(outputs: Float32Array, at: number): Int32Array;
}

export const RISK_LEVELS: readonly RiskLevel[] = ['LOW', 'MEDIUM', 'HIGH'];

export function createJudge({ features, reasonsCount, threshold, riskCutoffs }: Manifest): Judge {
  const { medium, high } = riskCutoffs;
  const count = Math.min(reasonsCount, features.length);
  const top = new Int32Array(count);
  return {
    count,
    isChurn: (probability) => probability >= threshold,
    riskOf: (probability) => (probability >= high ? 2 : probability >= medium ? 1 : 0),
    reasons: (outputs, at) => {
      const found = topFeatures(outputs, at, features.length, top);
      return found === count ? top : top.subarray(0, found);
    },
  };
}

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
  const { features, baseMargin, version, sha256 } = manifest;
  const judge = createJudge(manifest);
  return (events, row, scoreId, outputs, at) => {
    const churnProbability = sigmoid(outputs[at]!);
    const reasonOf = (feature: number): Reason => ({
      feature: features[feature]!.name,
      contribution: outputs[at + 1 + feature]!,
    });
    return {
      scoreId,
      eventId: events.eventId.at(row),
      customerId: events.customerId.at(row),
      occurredAt: events.occurredAt[row]!,
      churnProbability,
      churnPrediction: judge.isChurn(churnProbability),
      riskLevel: RISK_LEVELS[judge.riskOf(churnProbability)]!,
      reasons: Array.from(judge.reasons(outputs, at + 1), reasonOf),
      baseMargin,
      modelVersion: version,
      modelSha256: sha256,
    };
  };
}

/**
 * Finds the features with the largest contributions by size, largest first; ties go to the earlier feature, and NaN is none. One
 * pass, whatever the number of features: few of them are among the largest so far.
 *
 * @param top filled with their numbers, from 0; has room for at least one.
 * @returns how many were found.
 */
export function topFeatures(outputs: Float32Array, at: number, features: number, top: Int32Array): number {
  let found = 0;
  let least = -1;
  for (let i = 0; i < features; i++) {
    const size = Math.abs(outputs[at + i]!);
    if (!(size > least)) continue;
    let to = Math.min(found, top.length - 1);
    for (; to > 0 && size > Math.abs(outputs[at + top[to - 1]!]!); to--) top[to] = top[to - 1]!;
    top[to] = i;
    if (found < top.length) found++;
    if (found === top.length) least = Math.abs(outputs[at + top[found - 1]!]!);
  }
  return found;
}
