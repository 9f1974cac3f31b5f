/** Reading a topic outside of any group, in virtual time. */
import { expect, test } from 'vitest';
import { recordsOf } from '../../schemas/records.ts';
import { setUpFetcher } from './fetcher.fixture.ts';
import { createTopicReading } from './topic-reading.ts';

function setUp() {
  const { topic, time, sleep, until, pass } = setUpFetcher(1);
  topic.append(0, ...Array.from({ length: 30 }, (_, i) => i));
  const [seen, states]: [number[], unknown[]] = [[], []];
  const reading = createTopicReading({
    ...{ topic: 't', port: topic.port, clock: { now: time.now, sleep } },
    read: (partition, set, from) => {
      const next = Math.max(from, set.readInt32BE(12));
      const list = topic.logs[partition]!.slice(from, next);
      const records = list.map((_, i) => ({ offset: from + i, timestampMs: 0, key: null, value: null, headers: {} })); // prettier-ignore
      return Promise.resolve({ records: recordsOf(records), next, bytes: set.length });
    },
    errorOf: (code) => new Error(`code ${String(code)}`),
    bounds: () => Promise.resolve([{ partition: 0, from: topic.low, to: topic.logs[0]!.length }]),
    deliver: (_, records) => {
      seen.push(...[...records].map(({ offset }) => offset));
      return Promise.resolve();
    },
    onState: (error) => states.push(error),
  });
  return { topic, reading, seen, states, until, pass };
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test('a broker that is away is reported after five seconds, and reading goes on when it is back', async () => {
  const { topic, reading, seen, states, until, pass } = setUp();
  reading.readFrom(new Map([[0, 10]]));
  await until(() => seen.length === 20);
  topic.down.add('0');
  await pass(4000);
  expect(states.filter((error) => error !== undefined)).toEqual([]);
  await pass(6000);
  expect(String(states.at(-1))).toContain('the broker is away');
  topic.down.clear();
  topic.append(0, 30);
  await until(() => seen.length === 21);
  expect([seen, states.at(-1)]).toEqual([range(10, 31), undefined]);
});

test('what the broker has deleted is skipped', async () => {
  const { topic, reading, seen, until } = setUp();
  topic.low = 12;
  reading.readFrom(new Map([[0, 3]]));
  await until(() => seen.length === 18);
  expect(seen).toEqual(range(12, 30));
});

test('after close nothing is reported or handed on', async () => {
  const { topic, reading, seen, states, pass } = setUp();
  reading.readFrom(new Map([[0, 0]]));
  reading.close();
  topic.down.add('0');
  await pass(20_000);
  expect([seen, states]).toEqual([[], []]);
});
