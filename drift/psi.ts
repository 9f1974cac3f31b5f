/** Share that stands for an empty bin, so that the index stays finite. */
const FLOOR = 1e-4;

/**
 * Population stability index of two sets of counts over the same bins: Σ (p − q) ln(p / q) with shares p, q; also known
 * as Jeffreys divergence. 0 on itself, never negative, always finite. Empty bins count as a share of 1e-4.
 */
export function psi(expected: readonly number[], actual: readonly number[]): number {
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  const [total, found] = [sum(expected), sum(actual)];
  if (expected.length !== actual.length) throw new RangeError('PSI needs the same bins on both sides');
  if (total === 0 || found === 0) return 0;
  return expected.reduce((index, count, bin) => {
    const p = Math.max(count / total, FLOOR);
    const q = Math.max(actual[bin]! / found, FLOOR);
    return index + (p - q) * Math.log(p / q);
  }, 0);
}
