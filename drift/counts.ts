import { createFindColumns } from '../models/feature-row.ts';
import type { Manifest } from '../models/manifest.ts';
import type { EventColumns, InputColumn } from '../schemas/customer/columns.ts';
import type { SeriesCounts } from '../schemas/generated.ts';
import { createBinOf, regularBins, SPECIAL_BINS, type BinOf } from './bins.ts';

/** Counts of some scored events, by the bins of the model's profile. */
export type CountEvents = (
  events: EventColumns,
  probabilities: ArrayLike<number>,
  outputs: Float32Array,
) => SeriesCounts[];

/** Name of the series of scores, beside those of the features. */
export const SCORE_SERIES = 'score';

/**
 * Compiles the counter of a model.
 *
 * `outputs` is [events × (1 + features)]: margin, then contributions; the sums of contributions tell which feature moves the
 * scores.
 */
export function createCounter({ features, profile }: Pick<Manifest, 'features' | 'profile'>): CountEvents {
  const binOf = profile.features.map(createBinOf);
  const sizes = profile.features.map((series) => regularBins(series) + SPECIAL_BINS.length);
  const scoreBin = createBinOf(profile.score);
  const scoreSize = regularBins(profile.score) + SPECIAL_BINS.length;
  const names = features.map(({ name }) => name);
  const find = createFindColumns(names);
  const width = features.length + 1;
  return (events, probabilities, outputs) => {
    const columns = find(events);
    const series = names.map((name, feature): SeriesCounts => {
      const counts = new Array<number>(sizes[feature]!).fill(0);
      countColumn(counts, binOf[feature]!, columns[feature], events.count);
      let contributionSum = 0;
      for (let at = feature + 1; at < outputs.length; at += width) contributionSum += outputs[at]!;
      return { name, counts, contributionSum };
    });
    const counts = new Array<number>(scoreSize).fill(0);
    for (let row = 0; row < probabilities.length; row++) {
      const bin = scoreBin(probabilities[row]!);
      counts[bin] = counts[bin]! + 1;
    }
    return [...series, { name: SCORE_SERIES, counts, contributionSum: 0 }];
  };
}

/** Adds the bins of the first `count` values; without a column all of them are missing. */
function countColumn(counts: number[], binOf: BinOf, column: InputColumn | undefined, count: number): void {
  for (let row = 0; row < count; row++) {
    const bin = binOf(column === undefined ? null : column[row]!);
    counts[bin] = counts[bin]! + 1;
  }
}

/** Merges by addition; the law is: counts of the parts merged = counts of the whole. */
export function mergeCounts(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length)
    throw new RangeError(`counts of ${String(a.length)} and ${String(b.length)} bins do not merge`);
  return a.map((count, bin) => count + b[bin]!);
}
