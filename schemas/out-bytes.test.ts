import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outOf, pieceOf, put, putAscii, putBytes, putInteger, withRoom } from './out-bytes.ts';

test('pieces of any length are written where they belong, and nothing beside them', () => {
  for (let length = 0; length < 140; length++) {
    const text = Array.from({ length }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
    const out = outOf(Buffer.alloc(200, 7));
    expect(put(out, 5, pieceOf(text.slice(0, 3), Buffer.from(text.slice(3))))).toBe(5 + length);
    expect(out.bytes.equals(Buffer.concat([Buffer.alloc(5, 7), Buffer.from(text), Buffer.alloc(195 - length, 7)]))).toBe(true); // prettier-ignore
  }
});

test('whole numbers have the digits that JavaScript gives them', () => {
  const out = Buffer.alloc(40);
  const known = [0, -0, 9, 10, 99_999_999, 100_000_000, 100_000_001, 1e15, 2 ** 53 - 1, -1, -(2 ** 53) + 1, 1_764_000_000_000];
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...known), fc.maxSafeInteger(), fc.integer()), (n) => {
      expect(out.toString('latin1', 3, putInteger(out, 3, n))).toBe(String(n));
    }),
    { numRuns: 5000 },
  );
}); // prettier-ignore

test('texts and bytes are copied; more room keeps what was written', () => {
  const out = outOf(Buffer.alloc(10));
  const end = putBytes(out.bytes, putAscii(out.bytes, 0, 'abc'), Buffer.from('xyz'), 1, 2);
  expect(withRoom(out, end, 5)).toBe(out);
  const larger = withRoom(out, end, 6);
  expect([end, larger.bytes.toString('latin1', 0, end), larger.bytes.length]).toEqual([5, 'abcyz', 20]);
  expect(withRoom(out, end, 1000).bytes.length).toBe(1005);
  expect(larger.view.getUint8(4)).toBe('z'.charCodeAt(0));
});
