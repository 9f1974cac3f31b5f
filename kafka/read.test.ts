import { expect, test } from 'vitest';
import type { SourceRecord } from '../schemas/ports.ts';
import type { KafkaAdmin, KafkaClient, OffsetRange } from './port.ts';
import { createRangeProgress } from './range-progress.ts';
import { findLast, readAll } from './read.ts';

const record = (offset: number): SourceRecord => ({
  offset,
  timestampMs: 0,
  key: null,
  value: null,
  headers: {},
});

/** One partition, 0..to, with committed records at some offsets; between them lie markers and aborted ones. */
function topic(offsets: readonly number[], to: number) {
  const readings: OffsetRange[] = [];
  const admin = {
    offsetBounds: () => Promise.resolve([{ partition: 0, from: 0, to }]),
  } as unknown as KafkaAdmin;
  const kafka: Pick<KafkaClient, 'administer' | 'readRanges'> = {
    administer: (work) => work(admin),
    readRanges: async (_, [range], onRecords) => {
      readings.push(range!);
      const found = offsets.filter((offset) => offset >= range!.from && offset < range!.to).map(record);
      if (found.length > 0) await onRecords(found, () => undefined);
    },
  };
  return { kafka, readings };
}

test('all of a topic, in order', async () => {
  const { kafka } = topic([0, 3, 9], 12);
  expect((await readAll(kafka, 't')).map(({ offset }) => offset)).toEqual([0, 3, 9]);
});

const last = async ({ kafka }: ReturnType<typeof topic>, partition = 0): Promise<number | undefined> =>
  (await findLast(kafka, 't', partition, Infinity, () => true)).record?.offset;

test('the last record is looked for at the end, and only if none is there in all of the partition', async () => {
  const near = topic([3, 900], 1000);
  expect(await last(near)).toBe(900);
  expect(near.readings.map(({ from }) => from)).toEqual([800]);
  const far = topic([3], 1000);
  expect(await last(far)).toBe(3);
  expect(far.readings.map(({ from }) => from)).toEqual([800, 0]);
  expect(await last(topic([], 1000))).toBeUndefined();
  expect(await last(near, 1)).toBeUndefined();
});

test('ranges: what was fetched from before a seek, twice or from behind the end is not taken', () => {
  const progress = createRangeProgress([
    { partition: 0, from: 5, to: 8 },
    { partition: 1, from: 4, to: 4 },
  ]);
  const take = (offsets: number[]): number[] =>
    progress.take(0, offsets.map(record)).map(({ offset }) => offset);
  expect([progress.isWanted(0), progress.isWanted(2)]).toEqual([true, false]);
  expect(take([3, 4, 5])).toEqual([5]);
  expect(take([5, 6])).toEqual([6]);
  progress.passed(0, 6);
  expect(progress.isComplete()).toBe(false);
  expect(take([7, 8, 9])).toEqual([7]);
  progress.passed(0, 9);
  expect([progress.isComplete(), take([7])]).toEqual([true, []]);
});
