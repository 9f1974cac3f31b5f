/** Where outputs of an earlier run end: never guessed, and never another group's or another topic's. */
import { expect, test } from 'vitest';
import type { KafkaAdmin, KafkaClient } from '../kafka/port.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import { createEarlierOutputs, endOf, type Search } from './earlier-outputs.ts';
import { originHeaders, type OutputOrigin } from './output-origin.ts';

const HERE = { topic: 'events', partition: 3, topicId: 'new', group: 'ours' };
const found = (end: number, group: string | undefined, topicId: string | undefined): Search => ({
  newest: { end, group, topicId } satisfies OutputOrigin,
  hasOthers: false,
  isWhole: false,
});
const NOTHING: Search = { newest: undefined, hasOthers: false, isWhole: true };
const OTHERS: Search = { ...NOTHING, hasOthers: true };
const OURS = (end: number) => found(end, 'ours', 'new');
const FORMER = (end: number) => found(end, 'ours', 'old');
const UNMARKED = (end: number) => found(end, undefined, undefined);

test.for<[name: string, searches: Search[], expected: number | undefined | string]>([
  ['nothing was written', [NOTHING, NOTHING], undefined],
  ['the greater of scores and dead letters', [OURS(7), OURS(9)], 9],
  ['only scores', [OURS(7), NOTHING], 7],
  ['other groups only: a new group', [OTHERS, NOTHING], undefined],
  ['ours among others', [{ ...OURS(7), hasOthers: true }, OTHERS], 7],
  ['of a former topic', [FORMER(100), NOTHING], 'TOPIC_RECREATED'],
  [
    'of a former topic, with dead letters of an older release',
    [FORMER(100), UNMARKED(120)],
    'TOPIC_RECREATED',
  ],
  ['adopted since: the last dead letter is still of the former topic', [OURS(7), FORMER(100)], 7],
  ['an older release wrote it', [UNMARKED(7), NOTHING], 'OFFSETS_UNCERTAIN'],
  ['our group, without an id', [found(7, 'ours', undefined), NOTHING], 'OFFSETS_UNCERTAIN'],
  ['an older release wrote it before ours', [OURS(7), UNMARKED(6)], 7],
  ['an older release wrote it after ours', [OURS(7), UNMARKED(8)], 'OFFSETS_UNCERTAIN'],
  ['too many of others to be sure', [{ ...OTHERS, isWhole: false }, NOTHING], 'OFFSETS_UNCERTAIN'],
  ['too many of others in one of the topics', [OURS(7), { ...OTHERS, isWhole: false }], 'OFFSETS_UNCERTAIN'],
])('%s', ([, searches, expected]) => {
  if (typeof expected === 'string')
    expect(() => endOf(HERE, searches)).toThrow(expect.objectContaining({ code: expected })); // prettier-ignore
  else expect(endOf(HERE, searches)).toBe(expected);
});

test('where Kafka gives no ids, outputs do not say of which topic they are', () => {
  const here = { ...HERE, topicId: undefined };
  expect(() => endOf(here, [OURS(7), NOTHING])).toThrow(
    expect.objectContaining({ code: 'OFFSETS_UNCERTAIN' }),
  );
  expect(endOf(here, [NOTHING, OTHERS])).toBeUndefined();
});

/** Partition 3 of a topic of scores, written by some groups in turn. */
function outputs(writers: readonly string[]) {
  const readings: [topic: string, from: number, to: number][] = [];
  const record = (offset: number): SourceRecord => ({
    ...{ offset, timestampMs: 0, key: null, value: null },
    headers: { ce_id: `events/3/${String(offset)}`, ...originHeaders(writers[offset]!, { topicId: 'new' }) },
  });
  const size = (topic: string): number => (topic === 'scores' ? writers.length : 0);
  const kafka: Pick<KafkaClient, 'administer' | 'readRanges'> = {
    administer: (work) =>
      work({
        offsetBounds: (topic: string) => Promise.resolve([{ partition: 3, from: 0, to: size(topic) }]),
      } as unknown as KafkaAdmin),
    readRanges: async (topic, [range], onRecords) => {
      const { from, to } = range!;
      if (to > from) readings.push([topic, from, to]);
      for (let at = from; at < to; at += 100)
        await onRecords(Array.from({ length: Math.min(100, to - at) }, (__, i) => record(at + i)), () => undefined); // prettier-ignore
    },
  };
  const events: string[] = [];
  let now = 0;
  const written = createEarlierOutputs({
    ...{ kafka, topic: 'events', outputs: ['scores', 'letters'], group: 'ours', now: () => now },
    onFound: (partition, offset) => events.push(`found ${String(partition)} ${String(offset)}`),
    onNewGroup: (partition) => events.push(`new ${String(partition)}`),
  });
  return { written, readings, events, pass: (ms: number) => (now += ms) };
}
const times = (count: number, group: string): string[] => Array.from({ length: count }, () => group);

test('the newest output of the group is found behind many of another, each looked at once', async () => {
  const { written, readings, events } = outputs([...times(500, 'ours'), ...times(15_000, 'theirs')]);
  expect(await written(3, 'new')).toBe(500);
  expect(readings).toEqual([
    ['scores', 15_300, 15_500],
    ['scores', 5500, 15_300],
    ['scores', 0, 5500],
  ]);
  expect(events).toEqual(['found 3 500']);
});

test('a group that finds outputs of others only is new; one that finds none at all is not told apart', async () => {
  const others = outputs(times(300, 'theirs'));
  expect(await others.written(3, 'new')).toBeUndefined();
  expect(others.events).toEqual(['new 3']);
  const none = outputs([]);
  expect(await none.written(3, 'new')).toBeUndefined();
  expect(none.events).toEqual([]);
});

test('tries at the same time share a search, and later ones its result, for a minute', async () => {
  const { written, readings, pass } = outputs(times(100, 'ours'));
  await Promise.all([written(3, 'new'), written(3, 'new')]);
  await written(3, 'new');
  expect(readings).toHaveLength(1);
  pass(60_000);
  await written(3, 'new');
  expect(readings).toHaveLength(2);
});
