import { expect, test } from 'vitest';
import type { KafkaAdmin, KafkaClient, TopicDescription, WantedTopic } from './port.ts';
import { KafkaError } from './errors.ts';
import { createTopics, partitionCounts } from './topics.ts';

const wanted = (name: string, settings: Record<string, string> = {}): WantedTopic => ({
  name,
  partitions: 6,
  replicationFactor: 3,
  settings,
});

/** A cluster with some topics; a new one has leaders after some looks at it. `refused`: what may not be created, and why. */
function cluster(
  topics: TopicDescription[],
  looks = 2,
  settings = new Map<string, string>(),
  refused: Readonly<Record<string, Error>> = {},
) {
  const created: string[] = [];
  const admin: Partial<KafkaAdmin> = {
    listTopics: () => Promise.resolve(topics.map(({ name }) => name)),
    createTopics: (missing) => {
      const granted = missing.filter(({ name }) => refused[name] === undefined);
      created.push(...granted.map(({ name }) => name));
      topics = [...topics, ...granted.map((topic) => ({ ...topic, hasLeaders: false }))];
      const error = missing.map(({ name }) => refused[name]).find((found) => found !== undefined);
      return error === undefined ? Promise.resolve() : Promise.reject(error);
    },
    describeTopics: (names) => {
      if (looks-- === 0) topics = topics.map((topic) => ({ ...topic, hasLeaders: true }));
      return Promise.resolve(topics.filter(({ name }) => names.includes(name)));
    },
    topicStates: (names) => {
      const counts = new Map(topics.map(({ name, partitions }) => [name, partitions]));
      const stateOf = (name: string) => (name === 'forbidden' ? name : (counts.get(name) ?? 'missing'));
      return Promise.resolve(new Map(names.map((name) => [name, stateOf(name)])));
    },
    topicSettings: () => Promise.resolve(settings),
  };
  const kafka: Pick<KafkaClient, 'administer'> = { administer: (work) => work(admin as KafkaAdmin) };
  return { kafka, created };
}
function clock() {
  let time = 0;
  return { now: () => time, sleep: (ms: number) => Promise.resolve(void (time += ms)) };
}

test('creates what is missing, waits for its leaders, and reports what differs of the rest', async () => {
  const old = { name: 'old', partitions: 3, replicationFactor: 3, hasLeaders: true };
  const settings = new Map([
    ['retention.ms', '5'],
    ['cleanup.policy', 'delete'],
  ]);
  const { kafka, created } = cluster([old], 2, settings);
  const topics = [wanted('old', { 'retention.ms': '7', 'cleanup.policy': 'delete' }), wanted('new')];
  const time = clock();
  const reports = await createTopics(kafka, topics, time);
  expect(created).toEqual(['new']);
  expect(time.now()).toBe(200);
  expect(reports.map(({ name, created: isNew, differences }) => [name, isNew, [...differences]])).toEqual([
    ['old', false, [['partitions', ['6', '3']], ['retention.ms', ['7', '5']]]],
    ['new', true, []],
  ]); // prettier-ignore
});

test('what the broker refuses is reported with its reason, and the others are created', async () => {
  const refused = {
    big: new KafkaError('fatal', 'Replication-factor is invalid'),
    foreign: new KafkaError('unauthorized', 'no right'),
  };
  const { kafka, created } = cluster([], 1, new Map(), refused);
  const reports = await createTopics(
    kafka,
    ['a', 'big', 'b', 'foreign'].map((name) => wanted(name)),
    clock(),
  );
  expect(reports.map(({ name, created: isNew, error }) => [name, isNew, error])).toEqual([
    ['a', true, undefined],
    ['big', false, 'Replication-factor is invalid'],
    ['b', true, undefined],
    ['foreign', false, 'no right'],
  ]);
  expect(new Set(created)).toEqual(new Set(['a', 'b']));
});

test('Kafka away in the middle is one error, not one for each topic', async () => {
  const away = new KafkaError('transient', 'no broker');
  const { kafka } = cluster([], 1, new Map(), { a: away, b: away });
  await expect(createTopics(kafka, [wanted('a'), wanted('b')], clock())).rejects.toBe(away);
});

test('topics without leaders for 30 s are an error', async () => {
  const { kafka } = cluster([], Infinity);
  await expect(createTopics(kafka, [wanted('new')], clock())).rejects.toThrow('no leaders after 30 s');
});

test('a missing topic has no partitions; one that may not be described is no missing one', async () => {
  const { kafka } = cluster([{ name: 'old', partitions: 3, replicationFactor: 1, hasLeaders: true }]);
  expect([...(await partitionCounts(kafka, ['old', 'none']))]).toEqual([
    ['old', 3],
    ['none', 0],
  ]);
  await expect(partitionCounts(kafka, ['old', 'forbidden'])).rejects.toMatchObject({
    code: 'KAFKA_UNAUTHORIZED',
    message: expect.stringContaining('DESCRIBE topic forbidden:') as string,
  });
});
