import { expect, test } from 'vitest';
import { batchAround, bodyOf, nulls } from './kafkajs/patches/record-batches.fixture.ts';
import { takePlain } from './plain-records.ts';
import { frameAt, readHeader, RECORDS_AT } from './record-batch.ts';
import { RecordColumns, recordsIn } from './record-columns.ts';
import { openRecords } from './records.ts';

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
    const bytes = batchAround({ body: bodyOf(records), count: 300 });
    const header = readHeader(frameAt(bytes, 0)!);
    const columns = new RecordColumns();
    const cursor = openRecords(header, bytes, RECORDS_AT);
    expect(takePlain(columns, header, cursor, 0, 1000)).toBe(taken);
    expect([recordsIn(columns).length, cursor.left, cursor.offset]).toEqual([taken, 300 - taken, taken - 1]);
  }
});
