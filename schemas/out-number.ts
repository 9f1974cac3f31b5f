/**
 * Numbers in the digits that `String` gives them, the fewest that name them among all doubles; several times faster than by way of a
 * string. Every step is exact: what cannot be, or is at a border, is left to `String`.
 */
import { putAscii } from './out-bytes.ts';

/** Numbers that are written here: in these limits, all products below fit into a double. */
const [LEAST, MOST] = [1e-3, 1e5];
const LEAST_POWER = -3;
/** `POWERS[i]` is 10 to the i: exact up to 22. */
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${String(i)}`));
/** A double has up to 17 digits: nine, and eight. */
const [DIGITS, FIRST_DIGITS, LAST_DIGITS] = [17, 9, 8];
const [FIRST_MOST, LAST_MOST] = [1e9, 1e8];

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const EXPONENT_BIAS = 1023;
/**
 * Half the distance to the next double, by the biased exponent of a number; 0 outside of the limits. Below a power of two the next one is
 * nearer, but those between the limits have few digits, and are written with them.
 */
const HALF_STEPS = Float64Array.from({ length: 2048 }, (_, biased) => {
  const exponent = biased - EXPONENT_BIAS;
  return exponent >= -10 && exponent <= 16 ? 2 ** (exponent - 53) : 0;
});

const [MINUS, POINT, ZERO] = [0x2d, 0x2e, 0x30];

/** Writes a finite number as `String` does, and returns where it ends. There must be room for 25 bytes. */
export function putNumber(out: Uint8Array, at: number, x: number): number {
  if (x >= LEAST && x < MOST) return putPositive(out, at, x);
  if (x <= -LEAST && x > -MOST) {
    out[at] = MINUS;
    return putPositive(out, at + 1, -x);
  }
  return putAscii(out, at, String(x));
}

function putPositive(out: Uint8Array, at: number, x: number): number {
  // x has its first digit at 10 to the `power`.
  let power = LEAST_POWER;
  while (power < 4 && x >= (power < -1 ? NEGATIVE_POWERS[-2 - power]! : POWERS[power + 1]!)) power++;
  double[0] = x;
  const biased = words[1]! >>> 20;
  // x times a power of ten, as `first` (nine digits) + `rest`: three products that are exact, since each part has few bits.
  const scale = POWERS[FIRST_DIGITS - 1 - power]!;
  const x1 = Math.fround(x);
  const x2 = Math.fround(x - x1);
  const y1 = x1 * scale;
  const y2 = x2 * scale;
  const y3 = (x - x1 - x2) * scale;
  const w1 = Math.floor(y1);
  const w2 = Math.floor(y2);
  const w3 = Math.floor(y3);
  let rest = y1 - w1 + (y2 - w2) + (y3 - w3);
  const carry = Math.floor(rest);
  const first = w1 + w2 + w3 + carry;
  rest -= carry;
  // Eight more digits, and what is behind them.
  const r1 = Math.fround(rest);
  const z1 = r1 * LAST_MOST;
  const z2 = (rest - r1) * LAST_MOST;
  const v1 = Math.floor(z1);
  const v2 = Math.floor(z2);
  const behind = z1 - v1 + (z2 - v2);
  const more = Math.floor(behind);
  const half = HALF_STEPS[biased]! * POWERS[DIGITS - 1 - power]!;
  const last = shorten((v1 + v2 + more) | 0, behind - more, half);
  if (last < 0 || last >= LAST_MOST || first < FIRST_MOST / 10 || first >= FIRST_MOST) return putAscii(out, at, String(x)); // prettier-ignore
  return putDigits(out, at, first | 0, last, power);
}
const NEGATIVE_POWERS = [0.1, 0.01];

/**
 * The last eight digits, with as many zeros at their end as leave the number nearer than `half` to its double.
 *
 * @param behind what follows the digits, below 1; @param half in units of the last digit.
 * @returns -1 where it is as near to another.
 */
function shorten(digits: number, behind: number, half: number): number {
  const hundreds = digits % 100;
  const over = hundreds + behind;
  const to100 = over < 50 ? over : 100 - over;
  if (to100 === half) return -1;
  if (to100 < half) return digits - hundreds + (over < 50 ? 0 : 100);
  const tens = digits % 10;
  const above = tens + behind;
  const to10 = above < 5 ? above : 10 - above;
  if (to10 === half || above === 5) return -1;
  if (to10 < half) return digits - tens + (above < 5 ? 0 : 10);
  if (behind === 0.5) return -1;
  return behind < 0.5 ? digits : digits + 1;
}

/** Seventeen digits and the point among them, less the zeros at the end. */
function putDigits(out: Uint8Array, start: number, first: number, last: number, power: number): number {
  let at = start;
  for (let zeros = power; zeros < 0; zeros++) {
    out[at++] = ZERO;
    if (zeros === power) out[at++] = POINT;
  }
  const digitsAt = at;
  const high = (first / 10_000) | 0; // five digits
  out[at] = ZERO + ((high / 10_000) | 0);
  putFour(out, at + 1, high % 10_000);
  putFour(out, at + 5, first - high * 10_000);
  let end = at + FIRST_DIGITS;
  if (last !== 0) {
    const middle = (last / 10_000) | 0;
    putFour(out, end, middle);
    putFour(out, end + 4, last - middle * 10_000);
    end += LAST_DIGITS;
  }
  while (out[end - 1] === ZERO) end--;
  if (power < 0) return end;
  const whole = digitsAt + power + 1;
  if (end <= whole) return whole;
  for (let to = end; to > whole; to--) out[to] = out[to - 1]!;
  out[whole] = POINT;
  return end + 1;
}

/** The digits of 0 to 99, two each. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => ZERO + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10)); // prettier-ignore

function putFour(out: Uint8Array, at: number, n: number): void {
  const high = (n / 100) | 0;
  const low = n - high * 100;
  out[at] = PAIRS[high * 2]!;
  out[at + 1] = PAIRS[high * 2 + 1]!;
  out[at + 2] = PAIRS[low * 2]!;
  out[at + 3] = PAIRS[low * 2 + 1]!;
}
