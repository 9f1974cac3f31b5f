import { messageOf } from '../schemas/errors.ts';
import { createRandom } from '../schemas/random.ts';
import { LIMITS } from './limits.ts';
import { goldenSchema, type FeatureSpec, type Golden, type SeriesProfile } from './manifest.ts';

/** Rows of a release's golden set. */
const GOLDEN_ROWS = 96;
/** Largest difference allowed between recorded and computed outputs, log-odds. */
const TOLERANCE = 1e-5;

/** Draws of one row at most, until no customer can be it. */
const MAX_DRAWS = 100;

type Row = (number | null)[];

/**
 * Synthetic feature rows that no customer ever was: drawn from the range of each feature and a little beyond, on bin
 * edges, missing and unseen. In every row some feature that is counted in whole numbers (years, products) has a fraction.
 */
export function createGoldenRows(
  features: readonly FeatureSpec[],
  profiles: readonly SeriesProfile[],
  seed: number,
): Row[] {
  const random = createRandom(seed);
  const whole = features.flatMap((feature, i) =>
    feature.kind === 'categorical' ? feature.categories.map(() => false) : [isWhole(profiles[i]!)],
  );
  const draw = (): Row =>
    features.flatMap((feature, i) => {
      const kind = random.next();
      if (feature.kind === 'categorical') return categoryColumns(feature.categories.length, kind, random.int);
      return [kind < 0.1 ? null : numericValue(profiles[i]!, kind, random)];
    });
  const isNobody = (row: Row): boolean =>
    row.some((value, i) => whole[i]! && value !== null && !Number.isInteger(value));
  return Array.from({ length: GOLDEN_ROWS }, () => {
    let row = draw();
    for (let draws = 1; draws < MAX_DRAWS && !isNobody(row); draws++) row = draw();
    return row;
  });
}

/** Whether a feature seems to be counted in whole numbers: edges lie on values, or halfway between two. */
function isWhole({ min, max, edges }: SeriesProfile): boolean {
  return [min ?? 0.5, max ?? 0.5, ...edges.map((edge) => 2 * edge)].every(Number.isInteger);
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
  return Math.fround(min + (max - min) * (random.next() * 1.4 - 0.2));
}

/** A golden set as it is stored and hashed. */
export const goldenBytes = (golden: Golden): Uint8Array => Buffer.from(`${JSON.stringify(golden)}\n`);

/** The golden set of a release. Throws an Error that says what is wrong with it. */
export function parseGolden(bytes: Uint8Array): Golden {
  if (bytes.length > LIMITS.goldenBytes)
    throw new Error(
      `golden.json has ${String(bytes.length)} bytes, allowed are ${String(LIMITS.goldenBytes)}`,
    );
  try {
    return goldenSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (cause) {
    throw new Error(`golden.json is not valid: ${messageOf(cause).slice(0, 300)}`, { cause });
  }
}

/** The rows as a model takes them: row after row, missing is NaN. */
export const goldenRows = ({ rows }: Pick<Golden, 'rows'>): Float32Array =>
  Float32Array.from(rows.flatMap((row) => row.map((value) => value ?? NaN)));

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
