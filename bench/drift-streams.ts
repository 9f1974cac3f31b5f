/** Streams for the drift rules: rows drawn from a pool, binned by a profile, as the drift counts of a scorer. */
import { createBinOf, profileCategories, profileNumbers } from '../drift/bins.ts';
import { CUSTOMER_COUNTERS } from '../drift/customers.ts';
import type { Manifest, SeriesProfile } from '../models/manifest.ts';
import { columnsOfEvents } from '../schemas/customer/columns.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { DriftCounts } from '../schemas/generated.ts';
import type { Random } from '../schemas/random.ts';
import type { Model } from '../scoring/model.ts';

/** Rows with what the model makes of them. */
export interface Pool {
  readonly size: number;
  /** By feature, then the score. */
  readonly values: readonly (readonly (number | string | null)[])[];
  /** [rows × (1 + features)]: margin, then contributions. */
  readonly outputs: Float32Array;
}

export async function openPool(model: Model, events: readonly CustomerEvent[]): Promise<Pool> {
  const { outputs, probabilities } = await model.evaluate(columnsOfEvents(BANK, events));
  const value = (event: CustomerEvent, name: string): number | string | null => {
    const given = event[name] ?? null;
    return typeof given === 'boolean' ? Number(given) : given;
  };
  const features = model.manifest.features.map(({ name }) => events.map((event) => value(event, name)));
  return { size: events.length, values: [...features, [...probabilities]], outputs };
}

export type Profile = Manifest['profile'];

/** The profile of some rows of a pool; the score's is of the last `scoreRows` of them. */
export function profileOf({ features }: Manifest, pool: Pool, rows: readonly number[], scoreRows = rows.length): Profile {
  const of = (series: number, some: readonly number[]): (number | string | null)[] =>
    some.map((row) => pool.values[series]![row]!);
  const profiles = features.map((feature, i) =>
    feature.kind === 'numeric'
      ? profileNumbers(feature.name, of(i, rows) as (number | null)[])
      : profileCategories(feature.name, feature.categories, of(i, rows) as (string | null)[]),
  );
  const scores = of(features.length, rows.slice(-scoreRows)) as number[];
  return { rows: rows.length, features: profiles, score: profileNumbers('score', scores) };
} // prettier-ignore

/** The bin of every row of a pool, by series. */
export function binsOf({ features, score }: Profile, pool: Pool): Uint8Array[] {
  return [...features, score].map((series: SeriesProfile, i) => {
    const binOf = createBinOf(series);
    return Uint8Array.from(pool.values[i]!, (value) => binOf(value));
  });
}

/** Draws the events of a stream: for the n-th, which pool and row, and which customer. */
export type Draw = (nth: number, random: Random) => { pool: number; row: number; customer: number };

const mixed = (customer: number): number => {
  const hash = Math.imul(customer ^ (customer >>> 16), 0x85ebca6b);
  const again = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (again ^ (again >>> 16)) >>> 24;
};

/** Numbers of customers are mixed with it, so that each stream has hashes of its own. */
const SPREAD = 0x9e3779b1;

/**
 * The records of drift counts of a stream.
 *
 * @param bins of each pool, by series. @param salt of the customers' hashes.
 */
export function* countsOf(
  stream: { readonly draw: Draw; readonly events: number; readonly recordEvents: number; readonly stepMs: number },
  { manifest, profile, pools, bins }: { readonly manifest: Manifest; readonly profile: Profile; readonly pools: readonly Pool[]; readonly bins: readonly (readonly Uint8Array[])[] },
  random: Random,
  salt: number,
): Generator<DriftCounts> {
  const { draw, events, recordEvents, stepMs } = stream;
  const all = [...profile.features, { ...profile.score, name: 'score' }];
  const width = manifest.features.length + 1;
  for (let from = 0; from < events; from += recordEvents) {
    const counts = all.map((series) => new Array<number>(series.counts.length).fill(0));
    const customers = new Array<number>(CUSTOMER_COUNTERS).fill(0);
    const sums = new Float64Array(width);
    for (let nth = from; nth < from + recordEvents; nth++) {
      const { pool, row, customer } = draw(nth, random);
      for (let i = 0; i < all.length; i++) counts[i]![bins[pool]![i]![row]!]! += 1;
      customers[mixed(Math.imul(customer + salt, SPREAD))]! += 1;
      const { outputs } = pools[pool]!;
      for (let i = 0; i < width; i++) sums[i]! += outputs[row * width + i]!;
    }
    yield {
      ...{ modelSha256: 'm'.repeat(64), activation: 0, sourceTopic: 'customer-events', sourcePartition: 0 },
      ...{ firstOffset: from, lastOffset: from + recordEvents - 1, events: recordEvents },
      ...{ maxTimestamp: 1_764_000_000_000 + (from + recordEvents) * stepMs, customers },
      series: all.map(({ name }, i) => ({
        ...{ name, counts: counts[i]! },
        contributionSum: i < width - 1 ? sums[i + 1]! : sums[0]! - recordEvents * manifest.baseMargin,
      })),
    };
  }
} // prettier-ignore
