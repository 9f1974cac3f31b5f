import { createRandom } from '../schemas/random.ts';
import type { FeatureSpec, Golden, SeriesProfile } from './manifest.ts';

/** Rows of a release's golden set. */
const GOLDEN_ROWS = 96;
/** Largest difference allowed between recorded and computed outputs, log-odds. */
const TOLERANCE = 1e-5;

/**
 * Synthetic feature rows that no customer ever was: drawn from the range of each feature (fractions of years and of
 * products among them), on bin edges, missing and unseen.
 */
export function createGoldenRows(
  features: readonly FeatureSpec[],
  profiles: readonly SeriesProfile[],
  seed: number,
): (number | null)[][] {
  const random = createRandom(seed);
  return Array.from({ length: GOLDEN_ROWS }, () =>
    features.flatMap((feature, i) => {
      const kind = random.next();
      if (feature.kind === 'categorical') return categoryColumns(feature.categories.length, kind, random.int);
      return [kind < 0.1 ? null : numericValue(profiles[i]!, kind, random)];
    }),
  );
}

function categoryColumns(width: number, kind: number, int: (n: number) => number): (number | null)[] {
  if (kind < 0.1) return new Array<null>(width).fill(null);
  const columns = new Array<number>(width).fill(0);
  if (kind < 0.9) columns[int(width)] = 1;
  return columns;
}

function numericValue(
  profile: SeriesProfile,
  kind: number,
  random: { next(): number; int(n: number): number },
): number {
  const min = profile.min ?? 0;
  const max = profile.max ?? 1;
  if (kind < 0.3 && profile.edges.length > 0)
    return Math.fround(profile.edges[random.int(profile.edges.length)]!);
  // A little over the training range on both sides; never a whole number, so never a customer's row.
  return Math.fround(min + (max - min) * (random.next() * 1.2 - 0.1) + 0.123);
}

/** The golden set of a model. `outputs` [rows × width] as the model gives them. */
export function createGolden(rows: (number | null)[][], outputs: ArrayLike<number>, width: number): Golden {
  return {
    rows,
    outputs: rows.map((_, row) =>
      Array.from({ length: width }, (__, i) => Math.fround(outputs[row * width + i]!)),
    ),
    tolerance: TOLERANCE,
  };
}
