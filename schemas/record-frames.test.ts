import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRecord } from '../kafka/kafkajs/patches/record-encoding.ts';
import type { OutputRecord, RecordHeaders } from './ports.ts';
import { decodeFrames, encodeOutputRecords, varintSize, writeLength, writeVarint } from './record-frames.ts';

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  fc.string({ maxLength: 200, unit: 'binary' }),
);
const headers = fc
  .dictionary(
    fc.string({ maxLength: 20 }),
    fc.oneof(
      bytes,
      fc.array(
        fc.uint8Array({ maxLength: 9 }).map((array) => Buffer.from(array)),
        { minLength: 1, maxLength: 3 },
      ),
    ),
    { maxKeys: 6 },
  ) // prettier-ignore
  .map((given) => given as RecordHeaders);
const record: fc.Arbitrary<OutputRecord> = fc.record(
  { key: fc.option(bytes), value: fc.option(bytes), headers },
  { requiredKeys: ['key', 'value'] },
);

/** As the client's own encoder has them, which is tried against kafkajs. */
const wanted = (records: readonly OutputRecord[]): Buffer =>
  Buffer.concat(records.map((one, offsetDelta) => encodeRecord({ offsetDelta, ...one })));

test('records are encoded as by the client’s encoder, and come back as they were', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 200 }), (records) => {
      const encoded = encodeOutputRecords(records);
      expect(encoded.count).toBe(records.length);
      expect(Buffer.compare(encoded.bytes, wanted(records))).toBe(0);
      const decoded = decodeFrames(encoded);
      expect(Buffer.compare(wanted(decoded), encoded.bytes)).toBe(0);
      decoded.forEach(({ key, value }, i) => {
        expect(key).toEqual(records[i]!.key === null ? null : Buffer.from(records[i]!.key));
        expect(value).toEqual(records[i]!.value === null ? null : Buffer.from(records[i]!.value));
      });
    }),
    { numRuns: 300 },
  );
});

test('a repeated header stays in its order; large records take longer lengths', () => {
  const records: OutputRecord[] = [
    { key: null, value: Buffer.alloc(900_000, 7), headers: { a: [Buffer.from('1'), Buffer.from('2')], b: 'x' } },
    { key: 'k'.repeat(70_000), value: null },
  ]; // prettier-ignore
  const encoded = encodeOutputRecords(records);
  expect(Buffer.compare(encoded.bytes, wanted(records))).toBe(0);
  expect(decodeFrames(encoded)[0]!.headers).toEqual({
    a: [Buffer.from('1'), Buffer.from('2')],
    b: Buffer.from('x'),
  });
});

test('varints: the size is what is written, up to 2^52 and below 0; they are Kafka’s', () => {
  const known: readonly (readonly [number, string])[] = [[0, '00'], [-1, '01'], [1, '02'], [63, '7e'], [64, '8001'], [-64, '7f'], [-65, '8101'], [2 ** 31, '8080808010'], [2 ** 30, '8080808008'], [2 ** 30 - 1, 'feffffff07']]; // prettier-ignore
  const out = Buffer.alloc(16);
  for (const [n, hex] of known) expect(out.toString('hex', 0, writeVarint(out, 0, n))).toBe(hex);
  fc.assert(
    fc.property(fc.maxSafeInteger(), (any) => {
      const n = Math.trunc(any / 2);
      const end = writeVarint(out, 3, n);
      expect(end - 3).toBe(varintSize(n));
    }),
  );
});

test('a length is written before what it counts, however many bytes it takes', () => {
  for (const length of [0, 1, 63, 64, 8191, 8192, 1_100_000])
    for (const reserved of [1, 2, 3, 4]) {
      const out = Buffer.alloc(length + 20, 9);
      const body = Buffer.from(Array.from({ length: Math.min(length, 100) }, (_, i) => i));
      out.set(body, 5 + reserved);
      const end = writeLength(out, 5, reserved, 5 + reserved + length);
      const start = writeVarint(Buffer.alloc(9), 0, length);
      expect(end).toBe(5 + start + length);
      expect(out.subarray(5 + start, 5 + start + body.length).equals(body)).toBe(true);
      expect(out.subarray(0, 5).equals(Buffer.alloc(5, 9))).toBe(true);
    }
});
