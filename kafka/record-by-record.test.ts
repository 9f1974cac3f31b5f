import { expect, test } from 'vitest';
import { BankChurnError } from '../schemas/errors.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import { createRecordByRecord, type Fetched } from './record-by-record.ts';

const fetched = (offsets: readonly number[], more: Partial<Fetched> = {}): Fetched => ({
  topic: 't',
  partition: 0,
  records: offsets.map((offset): SourceRecord => ({
    offset,
    timestampMs: 0,
    key: null,
    value: null,
    headers: {},
  })),
  isRunning: () => true,
  ...more,
});

test('what is away is tried again with back-off; what can never be read is reported and skipped', async () => {
  const log: string[] = [];
  let tries = 0;
  const reading = createRecordByRecord(
    (_, __, { offset }) => {
      log.push(`try ${String(offset)}`);
      if (offset === 1 && tries++ < 2) throw new BankChurnError('REGISTRY_UNAVAILABLE', 'away');
      if (offset === 2) throw new Error('never');
    },
    (error) => log.push((error as Error).message),
    (ms) => Promise.resolve(void log.push(`wait ${String(ms)}`)),
  );
  await reading.read(fetched([0, 1, 2, 3]));
  const again = ['try 1', 'away', 'wait 100', 'try 1', 'away', 'wait 200', 'try 1'];
  expect(log).toEqual(['try 0', ...again, 'try 2', 'never', 'try 3']);
  expect([reading.next('t', 0), reading.next('t', 1)]).toEqual([4, undefined]);
  await reading.read(fetched([0, 1, 2, 3])); // the client fetches the same again
  expect(log.at(-1)).toBe('try 3');
});

test('while a record is tried again, the reading says why', async () => {
  let isAway = true;
  const reading = createRecordByRecord(
    () => {
      if (isAway) throw new BankChurnError('REGISTRY_UNAVAILABLE', 'away');
    },
    () => undefined,
    () => {
      expect(reading.fault()).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
      isAway = false;
      return Promise.resolve();
    },
  );
  await reading.read(fetched([0]));
  expect([isAway, reading.fault()]).toEqual([false, undefined]);
});

test('a second fetch of a partition waits for the first, and brings nothing twice', async () => {
  const seen: number[] = [];
  const reading = createRecordByRecord(
    async (_, __, { offset }) => {
      await Promise.resolve();
      seen.push(offset);
    },
    () => undefined,
    () => Promise.resolve(),
  );
  await Promise.all([reading.read(fetched([0, 1, 2])), reading.read(fetched([1, 2, 3]))]);
  expect(seen).toEqual([0, 1, 2, 3]);
});

test('a reading that has ended hands nothing on', async () => {
  const seen: number[] = [];
  const reading = createRecordByRecord(
    (_, __, { offset }) => void seen.push(offset),
    () => undefined,
    () => Promise.resolve(),
  );
  await reading.read(fetched([0, 1], { isRunning: () => seen.length < 1 }));
  expect([seen, reading.next('t', 0)]).toEqual([[0], 1]);
});
