import { createRandom } from '../schemas/random.ts';
import { createEvaluator, type Evaluation } from './evaluation.ts';

/** Figures that have an interval, the confusion's counts among them. */
export type FigureName = Exclude<keyof Evaluation, 'threshold' | 'confusion'> | keyof Evaluation['confusion'];

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How the intervals are drawn. */
export interface Bootstrap {
  readonly samples: number;
  readonly seed: number;
  /** Share of samples inside an interval. */
  readonly level: number;
}

const LEVEL = 0.95;
const SAMPLES = 1000;
/** Rows drawn in all, at most: more rows need fewer samples, but never fewer than 200. */
const MAX_DRAWS = 2e7;
const MIN_SAMPLES = 200;

/** The bootstrap for a number of rows. */
export function bootstrapOf(rows: number, seed: number): Bootstrap {
  const affordable = Math.floor(MAX_DRAWS / Math.max(rows, 1));
  return { samples: Math.max(MIN_SAMPLES, Math.min(SAMPLES, affordable)), seed, level: LEVEL };
}

/**
 * Percentile intervals (Efron & Tibshirani 1993) of all figures at one threshold: rows are drawn with replacement, the
 * model and its threshold stay. Seeded: same input, same intervals. Samples without one of the classes tell no ranks and
 * are left out; where all are, the bounds are NaN.
 */
export function bootstrapIntervals(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  threshold: number,
  { samples, seed, level }: Bootstrap,
): Record<FigureName, Interval> {
  const rows = scores.length;
  const evaluateSample = createEvaluator(scores, labels, threshold);
  const random = createRandom(seed);
  const counts = new Uint16Array(rows);
  const drawn = new Map<FigureName, number[]>();
  for (let sample = 0; sample < samples; sample++) {
    counts.fill(0);
    for (let i = 0; i < rows; i++) {
      const row = random.int(rows);
      counts[row] = counts[row]! + 1;
    }
    for (const [name, value] of figuresOf(evaluateSample(counts))) {
      const values = drawn.get(name);
      if (values === undefined) drawn.set(name, [value]);
      else values.push(value);
    }
  }
  const intervals = [...drawn].map(([name, values]) => [name, percentiles(values, level)]);
  return Object.fromEntries(intervals) as Record<FigureName, Interval>;
}

/** The figures of an evaluation by name. */
function figuresOf({ confusion, ...figures }: Evaluation): [FigureName, number][] {
  const entries = Object.entries({ ...figures, ...confusion }).filter(([name]) => name !== 'threshold');
  return entries as [FigureName, number][];
}

/** The middle share of values, interpolated between neighbours. */
function percentiles(values: readonly number[], level: number): Interval {
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
  };
  if (sorted.length === 0) return { low: NaN, high: NaN };
  return { low: at((1 - level) / 2), high: at((1 + level) / 2) };
}

/** 95 % interval of a share of n (Wilson 1927): exact enough for few and for extreme shares. */
export function wilsonInterval(share: number, n: number): Interval {
  const z = 1.959964;
  const centre = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
