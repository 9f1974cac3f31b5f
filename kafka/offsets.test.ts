import { describe, expect, test } from 'vitest';
import { findPosition, tailRanges } from './offsets.ts';
import type { ConsumerSettings, KafkaAdmin, KafkaClient } from './port.ts';

/** Two partitions, 10..110 and 0..20; the group has committed in the first. */
const admin = {
  offsetBounds: () =>
    Promise.resolve([
      { partition: 0, from: 10, to: 110 },
      { partition: 1, from: 0, to: 20 },
    ]),
  offsetsSince: (_: string, timestampMs: number) =>
    Promise.resolve(timestampMs > 1000 ? new Map<number, number>() : new Map([[0, 90], [1, 5]])), // prettier-ignore
  committedOffsets: () => Promise.resolve(new Map([[0, 42]])),
} as unknown as KafkaAdmin;
const kafka: Pick<KafkaClient, 'administer'> = { administer: (work) => work(admin) };

describe('the newest offsets of a topic', () => {
  test('as many of each partition', async () => {
    expect(await tailRanges(kafka, 't', 80, null)).toEqual([
      { partition: 0, from: 70, to: 110 },
      { partition: 1, from: 0, to: 20 },
    ]);
  });
  test('and none from before a time; none at all if nothing is as new', async () => {
    expect(await tailRanges(kafka, 't', 80, 1000)).toEqual([
      { partition: 0, from: 90, to: 110 },
      { partition: 1, from: 5, to: 20 },
    ]);
    const none = await tailRanges(kafka, 't', 80, 1001);
    expect(none.map(({ from, to }) => to - from)).toEqual([0, 0]);
  });
});

describe('where a group goes on', () => {
  const position = (partition: number, more: Partial<ConsumerSettings> = {}) =>
    findPosition(
      admin,
      { topic: 't', groupId: 'g', startFrom: 'earliest', sessionTimeoutMs: 1, ...more },
      partition,
    );
  test('after its committed offset, whatever was written', async () => {
    const writtenBefore = () => Promise.resolve(7);
    expect(await position(0, { writtenBefore })).toEqual({ committed: 42, start: 10, low: 10, high: 110 });
  });
  test('without one after what was written, which counts as committed', async () => {
    const writtenBefore = () => Promise.resolve(7);
    expect(await position(1, { writtenBefore })).toEqual({ committed: 7, start: 0, low: 0, high: 20 });
  });
  test('without either where it is to start', async () => {
    const start = async (startFrom: ConsumerSettings['startFrom']) =>
      (await position(1, { startFrom })).start;
    expect(await start('earliest')).toBe(0);
    expect(await start('latest')).toBe(20);
    expect(await start({ timestampMs: 1000 })).toBe(5);
    expect(await start({ timestampMs: 1001 })).toBe(20); // nothing is as new
  });
  test('a partition that is not there yet is waited for', async () => {
    await expect(position(2)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  });
});
