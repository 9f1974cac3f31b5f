import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SourceRecord } from './ports.ts';
import { indexFrom, lastOffset, recordsOf, type Records } from './records.ts';

/** Key and value of a record: views of one memory, of two, of the pool of small buffers, or null. */
const parts = fc.record({
  key: fc.option(fc.uint8Array({ maxLength: 9 })),
  value: fc.option(fc.uint8Array({ maxLength: 9 })),
  kind: fc.constantFrom('together', 'apart', 'pooled'),
  gap: fc.integer({ min: 1, max: 3 }),
  headers: fc.dictionary(fc.string(), fc.constantFrom('text', Buffer.from('x'), [Buffer.from('y'), Buffer.from('z')])), // prettier-ignore
});
type Parts = typeof parts extends fc.Arbitrary<infer P> ? P : never;

function toRecord({ key, value, kind, headers }: Parts, offset: number): SourceRecord {
  const place = { offset, timestampMs: offset * 10, headers };
  if (kind !== 'together') {
    const make = (bytes: Uint8Array): Buffer => (kind === 'pooled' ? Buffer.from(bytes) : Buffer.from(bytes.slice().buffer)); // prettier-ignore
    return { ...place, key: key && make(key), value: value && make(value) };
  }
  const memory = Buffer.from([7, ...(key ?? []), 8, ...(value ?? []), 9]);
  const keyLength = key?.length ?? 0;
  return {
    ...place,
    key: key && memory.subarray(1, 1 + keyLength),
    value: value && memory.subarray(2 + keyLength, 2 + keyLength + value.length),
  };
}

const part = (bytes: Buffer, start: number, length: number): Buffer | null =>
  length < 0 ? null : bytes.subarray(start, start + length);

/** The records, put together of their columns. */
const ofColumns = (records: Records) =>
  Array.from({ length: records.length }, (_, i) => ({
    offset: records.offsetAt(i),
    timestampMs: records.timestampAt(i),
    key: part(records.bytesAt(i), records.keyStart(i), records.keyLength(i)),
    value: part(records.bytesAt(i), records.valueStart(i), records.valueLength(i)),
    headers: records.headerCount(i),
  }));
const ofObjects = (list: readonly SourceRecord[]) =>
  list.map(({ headers, ...record }) => ({
    ...record,
    headers: Object.values(headers).reduce((sum, value) => sum + (Array.isArray(value) ? value.length : 1), 0), // prettier-ignore
  }));

test('the columns of objects say what the objects do, of all of them and of a slice', () => {
  fc.assert(
    fc.property(fc.array(parts), fc.nat(20), fc.nat(20), (given, from, to) => {
      let offset = 0;
      const list = given.map((one) => toRecord(one, (offset += one.gap)));
      const records = recordsOf(list);
      expect(ofColumns(records)).toEqual(ofObjects(list));
      const sliced = records.slice(from, to);
      expect(ofColumns(sliced)).toEqual(ofObjects(list.slice(from, to)));
      expect([...sliced]).toEqual(list.slice(from, to));
      expect(sliced.length === 0 || lastOffset(sliced) === list.slice(from, to).at(-1)!.offset).toBe(true);
      for (let wanted = 0; wanted <= offset + 1; wanted++) {
        const index = list.findIndex((record) => record.offset >= wanted);
        expect(indexFrom(records, wanted)).toBe(index === -1 ? list.length : index);
      }
    }),
  );
});
