/**
 * The quantile of the standard normal distribution, to about seven digits (Wichura 1988, algorithm AS 241, PPND7).
 *
 * @param p in 0..1; 0 and 1 give ∓Infinity.
 */
export function normalQuantile(p: number): number {
  if (p <= 0 || p >= 1) return p <= 0 ? -Infinity : Infinity;
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return q * ratio(r, CENTRE);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  return Math.sign(q) * (r <= 5 ? ratio(r - 1.6, TAIL) : ratio(r - 5, FAR_TAIL));
}

/** Coefficients of a numerator and a denominator, the constant first. */
type Rational = readonly [readonly number[], readonly number[]];

const CENTRE: Rational = [
  [3.3871327179, 50.434271938, 159.29113202, 59.109374720],
  [1, 17.895169469, 78.757757664, 67.187563600],
]; // prettier-ignore
const TAIL: Rational = [
  [1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103],
  [1, 0.73700164250, 0.12021132975],
]; // prettier-ignore
const FAR_TAIL: Rational = [
  [6.6579051150, 3.0812263860, 0.42868294337, 0.017337203997],
  [1, 0.24197894225, 0.012258202635],
]; // prettier-ignore

const ratio = (x: number, [above, below]: Rational): number => polynomial(x, above) / polynomial(x, below);

const polynomial = (x: number, coefficients: readonly number[]): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
