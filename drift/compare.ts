/** Whether two sets of counts over the same bins come from one population, and how far they are apart. */
import { chiSquareTail } from './chi-square.ts';

/** Two sets of counts, compared. */
export interface Comparison {
  /** Of the homogeneity of both, two samples. */
  readonly chiSquare: number;
  readonly degrees: number;
  readonly pValue: number;
  /** How far apart the populations are beyond what chance alone makes of such samples; 0 or more, about the PSI. */
  readonly effect: number;
}

/** Rows added to the sparse side of a bin: a rare value that few rows have is no evidence alone. */
const PSEUDO_ROWS = 0.5;

const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

/** Shares of the bins on both sides, and by how much chance moves them. */
function sharesOf(expected: readonly number[], found: readonly number[], customers: number) {
  const [rows, events] = [total(expected), total(found)];
  const least = PSEUDO_ROWS / Math.min(rows, customers);
  return expected.map((count, bin) => {
    const [p, q] = [count / rows, found[bin]! / events];
    const pooled = (rows * p + customers * q) / (rows + customers);
    return { p, q, scale: pooled + least };
  });
}

/**
 * Pearson's χ² of homogeneity of two samples (Cramér 1946, Mathematical Methods of Statistics, 30.6). The second counts as so
 * many independent customers, however many events they sent (Rao and Scott 1981, doi:10.1080/01621459.1981.10477633).
 *
 * @param customers the effective number of customers of `found`.
 */
export function compareCounts(
  expected: readonly number[],
  found: readonly number[],
  customers: number,
): Comparison {
  const [rows, events] = [total(expected), total(found)];
  if (rows === 0 || events === 0) return { chiSquare: 0, degrees: 0, pValue: 1, effect: 0 };
  const noise = 1 / rows + 1 / customers;
  let [distance, bins] = [0, 0];
  for (const { p, q, scale } of sharesOf(expected, found, customers)) {
    if (p === 0 && q === 0) continue;
    bins++;
    distance += (p - q) ** 2 / scale;
  }
  const degrees = bins - 1;
  const chiSquare = distance / noise;
  const effect = Math.max(0, distance - degrees * noise);
  return { chiSquare, degrees, pValue: chiSquareTail(chiSquare, degrees), effect };
}

/**
 * Which of several tests are significant: Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
 *
 * @param level share of false ones among those found, at most.
 */
export function falseDiscoveries(pValues: readonly number[], level: number): boolean[] {
  const sorted = [...pValues].sort((a, b) => a - b);
  const last = sorted.findLastIndex((p, i) => p <= ((i + 1) / sorted.length) * level);
  return pValues.map((p) => last >= 0 && p <= sorted[last]!);
}

/** Of the window's shift so much at least must be in a part of it. */
const AGREEMENT = 0.5;

/** Whether a part of a window has moved the way the window has, and at least half as far. */
export function agrees(
  expected: readonly number[],
  window: readonly number[],
  part: readonly number[],
  customers: number,
): boolean {
  const events = total(part);
  if (events === 0) return false;
  let [along, whole] = [0, 0];
  sharesOf(expected, window, customers).forEach(({ p, q, scale }, bin) => {
    along += ((part[bin]! / events - p) * (q - p)) / scale;
    whole += (q - p) ** 2 / scale;
  });
  return along >= AGREEMENT * whole;
}
