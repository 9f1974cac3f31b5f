import type { SeriesProfile } from '../models/manifest.ts';
import type { InputColumn } from '../schemas/customer/columns.ts';

/**
 * Bins of one series. Edges belong to the model: between the values of its training data if they are few, else quantiles,
 * with open tails; and three bins of their own for what is missing, unseen (a category) or out of the training range (a
 * number).
 */
export const SPECIAL_BINS = ['missing', 'unseen', 'out of range'] as const;

/** Bins with a range or category of their own. */
export function regularBins(profile: Pick<SeriesProfile, 'kind' | 'edges' | 'categories'>): number {
  return profile.kind === 'quantile' ? profile.edges.length + 1 : profile.categories.length;
}

/** Maps a value to its bin: 0..regularBins-1, then missing, unseen, out of range. */
export type BinOf = (value: number | string | boolean | null) => number;

/** Compiles the mapping of one profile. */
export function createBinOf(profile: SeriesProfile): BinOf {
  const regular = regularBins(profile);
  const [missing, unseen, outOfRange] = [regular, regular + 1, regular + 2];
  if (profile.kind === 'categorical') {
    const bins = new Map(profile.categories.map((category, bin) => [category, bin]));
    return (value) => (value === null ? missing : (bins.get(String(value)) ?? unseen));
  }
  const { edges } = profile;
  const min = profile.min ?? -Infinity;
  const max = profile.max ?? Infinity;
  return (value) => {
    if (value === null) return missing;
    const x = Number(value);
    if (!(x >= min && x <= max)) return Number.isNaN(x) ? missing : outOfRange;
    return quantileBin(edges, x);
  };
}

/** Adds the bins of the first `count` values of a column; without a column all of them are missing. */
export type CountColumn = (counts: Uint32Array, column: InputColumn | undefined, count: number) => void;

/** Compiles the same for many values at once. */
export function createCountColumn(profile: SeriesProfile): CountColumn {
  const missing = regularBins(profile);
  const binOf = createBinOf(profile);
  const edges = Float64Array.from(profile.edges);
  const { min, max } = profile;
  const isNumeric = profile.kind === 'quantile';
  return (counts, column, count) => {
    if (column === undefined) counts[missing]! += count;
    else if (isNumeric && column instanceof Float64Array)
      countNumbers(counts, column, count, edges, min ?? -Infinity, max ?? Infinity);
    else for (let row = 0; row < count; row++) counts[binOf(column[row]!)]!++;
  };
}

function countNumbers(
  counts: Uint32Array,
  values: Float64Array,
  count: number,
  edges: Float64Array,
  min: number,
  max: number,
): void {
  const missing = edges.length + 1;
  const outOfRange = missing + 2;
  for (let row = 0; row < count; row++) {
    const x = values[row]!;
    if (x >= min && x <= max)
      counts[edges.length > FEW ? quantileBin(edges, x) : edgesBelow(edges, x)]!++; // prettier-ignore
    else counts[Number.isNaN(x) ? missing : outOfRange]!++;
  }
}

/** Edges up to which comparing with all of them, without a branch, is faster than a search. */
const FEW = 20;

/** As `quantileBin`: edges rise. */
function edgesBelow(edges: Float64Array, x: number): number {
  let bin = 0;
  for (let i = 0; i < edges.length; i++) bin += Number(x > edges[i]!);
  return bin;
}

function quantileBin(edges: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x <= edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Bins of a number, missing, unseen and out of range not counted. */
const MOST_BINS = 10;

/**
 * Inner edges of at most ten bins: of one value each where a number has no more, so that a move from one to another is seen
 * however rare they are; else at quantiles, and equal quantiles make one bin.
 */
export function binEdges(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  const distinct: number[] = [];
  for (const value of sorted) {
    if (value === distinct[distinct.length - 1]) continue;
    if (distinct.length === MOST_BINS) return quantileEdges(sorted);
    distinct.push(value);
  }
  return distinct.slice(1).map((value, i) => between(distinct[i]!, value));
}

/** A number t with below <= t < above, halfway where there is one: a value that came as float32 stays in its bin. */
function between(below: number, above: number): number {
  const middle = below / 2 + above / 2;
  return middle > below && middle < above ? middle : below;
}

function quantileEdges(sorted: Float64Array): number[] {
  const edges: number[] = [];
  for (let i = 1; i < MOST_BINS; i++) {
    const edge = sorted[Math.ceil((i * sorted.length) / MOST_BINS) - 1]!;
    if (edge !== edges[edges.length - 1] && edge !== sorted[sorted.length - 1]) edges.push(edge);
  }
  return edges;
}

/** Profile of a numeric series; null = missing. */
export function profileNumbers(name: string, values: readonly (number | null)[]): SeriesProfile {
  const present = values.filter((value) => value !== null);
  const shape: SeriesProfile = {
    name,
    kind: 'quantile',
    edges: binEdges(present),
    categories: [],
    min: present.length === 0 ? null : present.reduce((a, b) => Math.min(a, b)),
    max: present.length === 0 ? null : present.reduce((a, b) => Math.max(a, b)),
    counts: [],
  };
  return { ...shape, counts: countInto(shape, values) };
}

/** Profile of a categorical series; null = missing. */
export function profileCategories(
  name: string,
  categories: readonly string[],
  values: readonly (string | null)[],
): SeriesProfile {
  const shape: SeriesProfile = {
    name,
    kind: 'categorical',
    edges: [],
    categories: [...categories],
    min: null,
    max: null,
    counts: [],
  };
  return { ...shape, counts: countInto(shape, values) };
}

function countInto(profile: SeriesProfile, values: readonly (number | string | null)[]): number[] {
  const counts = new Array<number>(regularBins(profile) + SPECIAL_BINS.length).fill(0);
  const binOf = createBinOf(profile);
  for (const value of values) {
    const bin = binOf(value);
    counts[bin] = counts[bin]! + 1;
  }
  return counts;
}
