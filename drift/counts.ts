import { createFindColumns } from '../models/feature-row.ts';
import type { Manifest, SeriesProfile } from '../models/manifest.ts';
import type { EventColumns } from '../schemas/customer/columns.ts';
import type { SeriesCounts } from '../schemas/generated.ts';
import { createCountColumn, regularBins, SPECIAL_BINS } from './bins.ts';

/** Counts of some scored events, by the bins of the model's profile. */
export type CountEvents = (
  events: EventColumns,
  probabilities: Float64Array,
  outputs: Float32Array,
) => SeriesCounts[];

/** Name of the series of scores, beside those of the features. */
export const SCORE_SERIES = 'score';

/**
 * Compiles the counter of a model.
 *
 * `outputs` is [events × (1 + features)]: margin, then contributions. Their sums say which feature moves the scores; that of the
 * series of scores is of the margins above the base margin, which the contributions add up to.
 */
export function createCounter({
  features,
  profile,
  baseMargin,
}: Pick<Manifest, 'features' | 'profile' | 'baseMargin'>): CountEvents {
  const countColumns = profile.features.map(createCountColumn);
  const sizes = profile.features.map(binsOf);
  const countScores = createCountColumn(profile.score);
  const names = features.map(({ name }) => name);
  const find = createFindColumns(names);
  return (events, probabilities, outputs) => {
    const columns = find(events);
    const sums = sumColumns(outputs, features.length + 1);
    const series = names.map((name, feature): SeriesCounts => {
      const counts = new Uint32Array(sizes[feature]!);
      countColumns[feature]!(counts, columns[feature], events.count);
      return { name, counts: Array.from(counts), contributionSum: sums[feature + 1]! };
    });
    const counts = new Uint32Array(binsOf(profile.score));
    countScores(counts, probabilities, probabilities.length);
    const above = sums[0]! - events.count * baseMargin;
    return [...series, { name: SCORE_SERIES, counts: Array.from(counts), contributionSum: above }];
  };
}

const binsOf = (series: SeriesProfile): number => regularBins(series) + SPECIAL_BINS.length;

/** The sum of each column of rows of some width, added from the first row to the last: another order gives other bits. */
function sumColumns(rows: Float32Array, width: number): Float64Array {
  const sums = new Float64Array(width);
  for (let at = 0; at < rows.length; at += width)
    for (let column = 0; column < width; column++) sums[column]! += rows[at + column]!;
  return sums;
}

/** Merges by addition; the law is: counts of the parts merged = counts of the whole. */
export function mergeCounts(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length)
    throw new RangeError(`counts of ${String(a.length)} and ${String(b.length)} bins do not merge`);
  return a.map((count, bin) => count + b[bin]!);
}
