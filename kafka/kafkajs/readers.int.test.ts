/** The reader of whole topics, on real Kafka. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { createWorld, settled } from '../../e2e/world.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import { createTopics } from '../topics.ts';
import { connectTo, libraryOf } from './cluster.fixture.ts';

test(
  'a record that cannot be read now comes again until it can, and what is behind it waits; one that never can is skipped',
  { timeout: 60_000 },
  async () => {
    const { kafka, config } = (await createWorld({ registry: false })).context;
    const topic = config.topics.names.churnModels;
    const producer = await kafka.openProducer();
    await producer.send(
      topic,
      ['first', 'later', 'never', 'last'].map((key) => ({ key, value: key })),
    );
    const tried: string[] = [];
    const told: string[] = [];
    const reader = await kafka.openReader(
      [topic],
      { fromBeginning: true },
      (_, __, { key }) => {
        tried.push(String(key));
        if (String(key) === 'never') throw new Error('nobody can read this');
        if (String(key) === 'later' && tried.length < 5)
          throw new BankChurnError('REGISTRY_UNAVAILABLE', 'away');
      },
      (error) => told.push((error as Error).message),
    );
    await settled(() => tried.includes('last'), 'the last record', 30_000, 500);
    await reader.close();
    await producer.close();
    expect(tried).toEqual(['first', 'later', 'later', 'later', 'later', 'never', 'last']);
    expect(told).toEqual(['away', 'away', 'away', 'nobody can read this']);
  },
);

test('skips what the broker has deleted, and reads partitions that are added', { timeout: 60_000 }, async () => {
  const { brokers } = inject('kafka');
  const [topic, kafka] = [`readers-${randomBytes(4).toString('hex')}`, connectTo(brokers)];
  await createTopics(kafka, [{ name: topic, partitions: 1, replicationFactor: 1, settings: {} }], { now: Date.now, sleep });
  const producer = await kafka.openPartitionProducer();
  const admin = libraryOf(brokers).admin();
  await admin.connect();
  onTestFinished(async () => {
    await producer.close();
    await admin.disconnect();
  });
  const send = (partition: number, ...keys: string[]) =>
    producer.send({ topic, partition, records: keys.map((key) => ({ key, value: key })) });
  await send(0, 'a', 'b', 'c', 'd');
  await admin.fetchTopicOffsets(topic); // the library deletes of a topic that it knows
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });

  const ranged: string[] = [];
  await kafka.readRanges(topic, [{ partition: 0, from: 0, to: 4 }], (records) => {
    ranged.push(...records.map(({ key }) => String(key)));
  });
  expect(ranged).toEqual(['c', 'd']);
  const seen: string[] = [];
  const reader = await kafka.openReader([topic], { fromBeginning: true }, (_, partition, { key }) => void seen.push(`${String(partition)} ${String(key)}`));
  onTestFinished(() => reader.close());
  await settled(() => seen.length === 2, 'what is left', 10_000, 0);
  await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] });
  await vi.waitFor(() => send(1, 'e'), 20_000);
  await settled(() => seen.length >= 3, 'its record', 20_000, 500);
  expect(seen).toEqual(['0 c', '0 d', '1 e']);
}); // prettier-ignore

test('many topics at once are read over the same connections', { timeout: 60_000 }, async () => {
  const { kafka, config } = (await createWorld({ registry: false })).context;
  const topics = Object.values(config.topics.names);
  for (let i = 0; i < 20; i++) {
    const reader = await kafka.openReader(topics, { fromBeginning: true }, () => undefined);
    await reader.close();
  }
});
