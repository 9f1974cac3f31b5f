/** The upper tail of the χ² distribution. */

/** Lanczos' coefficients for g = 5 (Press et al. 2007, Numerical Recipes, 6.1). */
const LANCZOS = [
  76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2,
  -0.5395239384953e-5,
] as const; // prettier-ignore
const ROUNDS = 1000;
const SMALL = 1e-300;

function logGamma(x: number): number {
  const shifted = x + 5.5;
  const series = LANCZOS.reduce((sum, c, i) => sum + c / (x + 1 + i), 1.000000000190015);
  return (x + 0.5) * Math.log(shifted) - shifted + Math.log((2.5066282746310005 * series) / x);
}

/** P(a, x) by its series; for x < a + 1. */
function lowerGamma(a: number, x: number): number {
  let [term, sum] = [1 / a, 1 / a];
  for (let n = 1; n < ROUNDS && term > sum * 1e-16; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * Math.exp(-x + a * Math.log(x) - logGamma(a));
}

/** Q(a, x) by its continued fraction (Lentz); for x ≥ a + 1. */
function upperGamma(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / SMALL;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < ROUNDS; i++) {
    const an = -i * (i - a);
    b += 2;
    const lower = an * d + b;
    d = 1 / (Math.abs(lower) < SMALL ? SMALL : lower);
    const upper = b + an / c;
    c = Math.abs(upper) < SMALL ? SMALL : upper;
    const factor = d * c;
    h *= factor;
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return Math.exp(-x + a * Math.log(x) - logGamma(a)) * h;
}

/**
 * The probability that χ² with so many degrees of freedom is at least `x` (Press et al. 2007, Numerical Recipes, 6.2).
 *
 * @returns 0..1; 1 without degrees of freedom.
 */
export function chiSquareTail(x: number, degrees: number): number {
  if (degrees <= 0 || x <= 0) return 1;
  const [a, half] = [degrees / 2, x / 2];
  return Math.min(1, Math.max(0, half < a + 1 ? 1 - lowerGamma(a, half) : upperGamma(a, half)));
}
