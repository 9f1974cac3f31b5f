import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRandom } from './random.ts';
import { putNumber } from './out-number.ts';

const out = Buffer.alloc(64, 7);
/** Where the digits are not those of `String`, or more is written than they are. */
function faultOf(x: number): string | undefined {
  out.fill(7);
  const end = putNumber(out, 3, x);
  const text = out.toString('latin1', 3, end);
  return text === String(x) && out[2] === 7 && out[29] === 7 ? undefined : `${String(x)}: ${text}`;
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** A number by the bits of its exponent, sign and fraction. */
function ofBits(exponent: number, high: number, low: number): number {
  words[0] = low;
  words[1] = ((1023 + exponent) << 20) | high;
  return double[0]!;
}

test('hundreds of thousands of numbers have the digits that String gives them', () => {
  const random = createRandom(5);
  const bits = (n: number): number => [0, 1, 2 ** n - 1, random.int(2 ** n)][random.int(4)]!;
  const faults: string[] = [];
  const check = (x: number): void => {
    for (const each of [x, -x]) {
      const fault = faultOf(each);
      if (fault !== undefined) faults.push(fault);
    }
  };
  for (let i = 0; i < 40_000; i++) {
    check(random.next()); // as a probability
    check(Math.fround(random.next() * 10 ** (random.int(9) - 4))); // as a contribution
    check(ofBits(random.int(32) - 13, random.int(2 ** 20), random.int(2 ** 30) * 4 + random.int(4)));
    check(ofBits(random.int(32) - 13, bits(20), random.int(2) * 0xffff_ffff));
    check(Number((random.next() * 10 ** (random.int(9) - 4)).toPrecision(1 + random.int(17))));
    check(random.int(1e7) / 10 ** random.int(8));
  }
  expect(faults).toEqual([]);
});

test('powers of ten and of two, their neighbours, and what lies outside of the limits', () => {
  const around = (x: number): number[] => {
    double[0] = x;
    const high = words[1]!;
    return [x, ofBits((high >>> 20) - 1023, high & 0xfffff, words[0]! ^ 1), x * (1 - 2 ** -53), x * (1 + 2 ** -52)];
  };
  const powers = Array.from({ length: 60 }, (_, i) => [Number(`1e${String(i - 30)}`), 2 ** (i - 30)]).flat();
  for (const x of [0, -0, 5e-324, Number.MAX_VALUE, 0.3, 0.1 + 0.2, 99_999.99999999999, ...powers.flatMap(around)])
    for (const each of [x, -x]) expect(faultOf(each)).toBeUndefined();
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
      expect(faultOf(x)).toBeUndefined();
    }),
  );
}); // prettier-ignore
