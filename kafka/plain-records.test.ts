import { expect, test } from 'vitest';
import { batchAround, bodyOf, nulls } from './kafkajs/record-batches.fixture.ts';
import { takePlain } from './plain-records.ts';
import { frameAt, readHeader, RECORDS_AT } from './record-batch.ts';
import { RecordColumns, recordsIn } from './record-columns.ts';
import { openRecords } from './records.ts';

/** Takes what it can of a body. */
function take(body: Buffer, count: number) {
  const bytes = batchAround({ body, count });
  const header = readHeader(frameAt(bytes, 0)!);
  const columns = new RecordColumns();
  const cursor = openRecords(header, bytes, RECORDS_AT);
  const taken = takePlain(columns, header, cursor, 0, 1000);
  return { taken, records: recordsIn(columns), cursor };
}

test('usual records are taken in one go, but for short ones at the end of the bytes; the first with headers ends it', () => {
  const usual = Array.from({ length: 300 }, (_, i) => ({
    key: 'c-1',
    value: 'x'.repeat(i),
    timestampDelta: i,
  }));
  for (const [records, taken] of [
    [usual, 300],
    [nulls(300), 298],
    [usual.map((one, i) => (i === 40 ? { ...one, headers: { h: 'v' } } : one)), 40],
  ] as const) {
    const { taken: found, records: columns, cursor } = take(bodyOf(records), 300);
    expect([found, columns.length, cursor.left, cursor.offset]).toEqual([
      taken,
      taken,
      300 - taken,
      taken - 1,
    ]);
  }
});

test('a record is left where it is if it is longer than its parts, or a number of it has more than four bytes', () => {
  const usual = { key: 'k', value: 'x'.repeat(20) };
  expect(take(bodyOf([usual, usual]), 2).taken).toBe(2);
  const longer = bodyOf([usual, usual]);
  longer[0]! += 2;
  const late = bodyOf([{ ...usual, timestampDelta: 2 ** 40 }, usual]);
  for (const body of [longer, late]) {
    const { taken, cursor } = take(body, 2);
    expect([taken, cursor.end, cursor.left, cursor.offset]).toEqual([0, RECORDS_AT, 2, -1]);
  }
});
