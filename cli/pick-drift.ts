/** A drift that a demo can show with any model: one input that the model listens to, moved so far that the monitor must see it. */
import { createBinOf, regularBins } from '../drift/bins.ts';
import { psi } from '../drift/psi.ts';
import type { Golden, Manifest, SeriesProfile } from '../models/manifest.ts';
import { parseDrift, splitDrift } from '../producers/drift-expression.ts';
import type { CustomerInput, CustomerSchema, InputValue } from '../schemas/customer/schema.ts';

/** The index that the change should reach: well above any threshold in use. */
const WANTED_PSI = 1;
/** Numbers are preferred to categories from this share of the largest contribution on: moved, they keep what they say. */
const STRONG = 1 / 3;
/** Of the values, at most this share may end at a limit of the schema, where all are alike. */
const MOST_CLAMPED = 0.25;
const POINTS_PER_BIN = 20;
const SHARES = [40, 60, 80];
/** Steps to try, in eighths of the span of most values. */
const EIGHTHS = [4, 3, 2, 1, 6, 8];

/** A change that `parseDrift` reads, and its index by the model's own profile. */
export interface PickedDrift {
  readonly text: string;
  readonly psi: number;
}

interface Candidate {
  readonly input: CustomerInput;
  readonly series: SeriesProfile;
}

/** A value and how many training rows have it, about. */
interface Point {
  readonly value: InputValue;
  readonly weight: number;
}

/**
 * Picks the change.
 *
 * @param golden whose contributions say which inputs the model listens to.
 * @returns undefined if no change of one input would be seen.
 */
export function pickDrift(
  { features, profile }: Pick<Manifest, 'features' | 'profile'>,
  golden: Pick<Golden, 'outputs'>,
  schema: Pick<CustomerSchema, 'inputs'>,
): PickedDrift | undefined {
  const strengths = features.map((_, i) => strengthOf(golden.outputs, i));
  const strongest = Math.max(...strengths);
  const isNumber = ({ type }: CustomerInput): boolean => type === 'number' || type === 'integer';
  const candidates = features
    .flatMap(({ name }, i) => {
      const input = schema.inputs.find((known) => known.name === name);
      const isFirst = input !== undefined && isNumber(input) && strengths[i]! >= STRONG * strongest;
      return input === undefined
        ? []
        : [{ input, series: profile.features[i]!, strength: strengths[i]!, isFirst }];
    })
    .sort((a, b) => Number(b.isFirst) - Number(a.isFirst) || b.strength - a.strength);
  const textsOf = [
    ({ input, series }: Candidate) => (isNumber(input) ? movesOf(input, series) : valuesOf(input, series)),
    ({ input }: Candidate) => withShares(input, 'missing'),
  ];
  for (const texts of textsOf)
    for (const candidate of candidates) {
      const seen = texts(candidate).map((text) => ({ text, psi: indexOf(text, candidate) }));
      const found = seen.find((change) => change.psi >= WANTED_PSI);
      if (found !== undefined) return found;
    }
  return undefined;
}

/** Mean size of a feature's contributions, log-odds. */
function strengthOf(outputs: Golden['outputs'], feature: number): number {
  return outputs.reduce((sum, row) => sum + Math.abs(row[1 + feature] ?? 0), 0) / Math.max(1, outputs.length);
}

/** Steps up and down that leave most values apart from each other; first half of the usual span, which no model bears well. */
function movesOf(input: CustomerInput, series: SeriesProfile): string[] {
  const [low, high] = [quantile(input, series, 0.1), quantile(input, series, 0.9)];
  if (low === undefined || high === undefined || low === high) return [];
  const span = high - low;
  const steps = EIGHTHS.map((eighths) => {
    const step = Number(((span * eighths) / 8).toPrecision(2));
    return input.type === 'integer' ? Math.max(1, Math.round(step)) : step;
  });
  return [...new Set(steps)]
    .flatMap((step) => [step, -step])
    .filter((step) => clampedShare(input, series, step) <= MOST_CLAMPED)
    .map((step) => `${input.name}${step < 0 ? '' : '+'}${String(step)}`);
}

/** Of the numbers that are there; undefined if there are none. */
function quantile(input: CustomerInput, series: SeriesProfile, share: number): number | undefined {
  const points = pointsOf(input, series).filter(({ value, weight }) => value !== null && weight > 0);
  let left = share * points.reduce((sum, { weight }) => sum + weight, 0);
  const found = points.find(({ weight }) => (left -= weight) <= 0) ?? points.at(-1);
  return found === undefined ? undefined : Number(found.value);
}

function clampedShare(input: CustomerInput, series: SeriesProfile, step: number): number {
  const { min = -Infinity, max = Infinity } = input;
  let [clamped, all] = [0, 0];
  for (const { value, weight } of pointsOf(input, series)) {
    all += weight;
    if (typeof value === 'number' && (value + step < min || value + step > max)) clamped += weight;
  }
  return all === 0 ? 1 : clamped / all;
}

const withShares = ({ name }: CustomerInput, value: string): string[] =>
  SHARES.map((share) => `${name}=${value}:${String(share)}%`);

/** More events with the rarest value. */
function valuesOf(input: CustomerInput, { kind, categories, counts, edges }: SeriesProfile): string[] {
  if (kind === 'categorical') {
    const least = Math.min(...counts.slice(0, categories.length));
    return categories.filter((_, i) => counts[i] === least).flatMap((level) => withShares(input, level));
  }
  if (edges.length === 0) return [];
  return withShares(input, counts[0]! < counts[1]! ? 'false' : 'true');
}

/** The index of a change by the profile's counts. A text that is no change has none: a level may hold `;`. */
function indexOf(text: string, { input, series }: Candidate): number {
  let change;
  try {
    change = parseDrift(splitDrift([text]), { inputs: [input] })[0]!;
  } catch {
    return 0;
  }
  const binOf = createBinOf(series);
  const before = new Array<number>(series.counts.length).fill(0);
  const after = [...before];
  for (const { value, weight } of pointsOf(input, series)) {
    const { share, to } = change;
    before[binOf(value)]! += weight;
    after[binOf(value)]! += weight * (1 - share);
    after[binOf(to(value))]! += weight * share;
  }
  return psi(before, after);
}

/** The profile as values: of each bin of numbers some that lie evenly in it. */
function pointsOf(input: CustomerInput, series: SeriesProfile): Point[] {
  const regular = regularBins(series);
  const missing = { value: null, weight: series.counts[regular]! };
  const bins = series.counts.slice(0, regular);
  if (series.kind === 'categorical')
    return [...bins.map((weight, i) => ({ value: series.categories[i]!, weight })), missing];
  const { edges, min, max } = series;
  const points = bins.flatMap((weight, i) => {
    const [low, high] = [i === 0 ? (min ?? 0) : edges[i - 1]!, edges[i] ?? max ?? 0];
    const values = input.type === 'number' ? spread(low, high) : wholeNumbers(i === 0 ? low - 1 : low, high);
    return values.map((value) => ({
      value: input.type === 'boolean' ? value === 1 : value,
      weight: weight / values.length,
    }));
  });
  return [...points, missing];
}

/** Numbers above `low` up to `high`, evenly. */
const spread = (low: number, high: number): number[] =>
  Array.from({ length: POINTS_PER_BIN }, (_, k) => low + ((high - low) * (k + 1)) / POINTS_PER_BIN);

/** Some whole numbers above `low` up to `high`: all of them if they are few. */
function wholeNumbers(low: number, high: number): number[] {
  const [first, last] = [Math.floor(low) + 1, Math.floor(high)];
  if (last - first >= POINTS_PER_BIN) return spread(first - 1, last).map(Math.round);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => first + k);
}
