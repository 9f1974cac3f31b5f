import { describe, expect, test } from 'vitest';
import { offsetNote, topicIdIn } from './offset-note.ts';
import { findPosition, tailRanges } from './offsets.ts';
import { rememberTopicId } from './topic-identity.ts';
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
  committedOffsets: () => Promise.resolve(new Map([[0, { offset: 42, topicId: 'old' }]])),
  topicId: () => Promise.resolve('old'),
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
  const settings = { topic: 't', groupId: 'g', startFrom: 'earliest', sessionTimeoutMs: 1 } as const;
  const position = (
    partition: number,
    more: Partial<ConsumerSettings> = {},
    topicId: string | undefined = 'old',
  ) =>
    findPosition({ ...admin, topicId: () => Promise.resolve(topicId) }, { ...settings, ...more }, partition);
  test('after its committed offset, whatever was written', async () => {
    const writtenBefore = () => Promise.resolve(7);
    expect(await position(0, { writtenBefore })).toEqual({
      committed: 42,
      start: 10,
      low: 10,
      high: 110,
      topicId: 'old',
    });
  });
  test('without one after what was written, which counts as committed', async () => {
    const writtenBefore = () => Promise.resolve(7);
    expect(await position(1, { writtenBefore })).toEqual({
      committed: 7,
      start: 0,
      low: 0,
      high: 20,
      topicId: 'old',
    });
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
  test('an offset of another topic of the same name says nothing; one without an id, or a Kafka without ids, is trusted', async () => {
    await expect(position(0, {}, 'new')).rejects.toMatchObject({ code: 'TOPIC_RECREATED' });
    expect(
      (await findPosition({ ...admin, topicId: () => Promise.resolve(undefined) }, settings, 0)).committed,
    ).toBe(42);
    const unmarked = () => Promise.resolve(new Map([[0, { offset: 42, topicId: undefined, writers: [] }]]));
    expect((await findPosition({ ...admin, committedOffsets: unmarked }, settings, 0)).committed).toBe(42);
  });
  test('what was written is asked for with the topic id that was read first', async () => {
    const reads: string[] = [];
    const noted =
      <T>(name: string, value: T) =>
      () => {
        reads.push(name);
        return Promise.resolve(value);
      };
    const asked = {
      ...admin,
      topicId: noted('id', 'new'),
      committedOffsets: noted('committed', new Map()),
      offsetBounds: noted('bounds', [{ partition: 0, from: 0, to: 9 }]),
    };
    const writtenBefore = (_: number, topicId: string | undefined) => {
      reads.push(`outputs of ${String(topicId)}`);
      return Promise.resolve(3);
    };
    await findPosition(asked, { ...settings, writtenBefore }, 0);
    expect(reads).toEqual(['id', 'committed', 'bounds', 'outputs of new']);
  });
});

test('the id of a topic lies with the offset as text; other texts are no id', () => {
  const id = 'Jp9xAIoiRzSUhJwgUA-a_w';
  expect(topicIdIn(offsetNote(id))).toBe(id);
  for (const note of [null, '', offsetNote(undefined), 'topic-id=', `topic-id=${id}x`, `x topic-id=${id}`])
    expect(topicIdIn(note)).toBeUndefined();
});

test('a topic id that changes is refused, from then on', async () => {
  const told = ['a', undefined, 'a', 'b', 'b'];
  const topicId = rememberTopicId({ topicId: () => Promise.resolve(told.shift()) });
  expect([await topicId('t'), await topicId('t'), await topicId('t')]).toEqual(['a', undefined, 'a']);
  for (let i = 0; i < 2; i++) await expect(topicId('t')).rejects.toMatchObject({ code: 'TOPIC_RECREATED' });
});
