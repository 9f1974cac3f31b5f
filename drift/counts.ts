import type { Manifest } from '../models/manifest.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { SeriesCounts } from '../schemas/generated.ts';
import { createBinOf, regularBins, SPECIAL_BINS } from './bins.ts';

/** Counts of some scored events, by the bins of the model's profile. */
export type CountEvents = (
  events: readonly CustomerEvent[],
  probabilities: readonly number[],
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
  const width = features.length + 1;
  return (events, probabilities, outputs) => {
    const series = names.map((name, feature): SeriesCounts => {
      const counts = new Array<number>(sizes[feature]!).fill(0);
      let contributionSum = 0;
      for (let i = 0; i < events.length; i++) {
        const bin = binOf[feature]!(events[i]![name] ?? null);
        counts[bin] = counts[bin]! + 1;
        contributionSum += outputs[i * width + 1 + feature]!;
      }
      return { name, counts, contributionSum };
    });
    const counts = new Array<number>(scoreSize).fill(0);
    for (const probability of probabilities) {
      const bin = scoreBin(probability);
      counts[bin] = counts[bin]! + 1;
    }
    return [...series, { name: SCORE_SERIES, counts, contributionSum: 0 }];
  };
}

/** Merges by addition; the law is: counts of the parts merged = counts of the whole. */
export function mergeCounts(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length)
    throw new RangeError(`counts of ${String(a.length)} and ${String(b.length)} bins do not merge`);
  return a.map((count, bin) => count + b[bin]!);
}
