/** Lag of one partition on real Kafka, where transactions, aborted records and markers lie; what waits is known from what the test wrote. */
import { lastOffset } from '../../schemas/records.ts';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer, Transaction } from 'kafkajs';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import type { ConsumerEvents, LoopConsumer, PartitionLag } from '../port.ts';
import { createTopics } from '../topics.ts';
import { connectTo, libraryOf, READS_ONLY } from './cluster.fixture.ts';

const { brokers } = inject('kafka');
const SLACK_MS = 1200;

async function newTopic(): Promise<string> {
  const name = `t${randomBytes(4).toString('hex')}.lag`;
  await createTopics(connectTo(brokers), [{ name, partitions: 1, replicationFactor: 1, settings: {} }], {
    now: Date.now,
    sleep,
  });
  return name;
}

/** A producer of transactions on the topic's one partition. */
async function openProducer(topic: string, n: number): Promise<Producer> {
  const transactionalId = `${topic}-${String(n)}`;
  const producer = libraryOf(brokers).producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  return producer;
}

async function send(to: Producer | Transaction, topic: string, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => ({ value: `v${String(i)}`, partition: 0 }));
  await to.send({ topic, messages });
}

interface Watched {
  readonly consumer: LoopConsumer;
  /** Of partition 0, as last shown. */
  lag(): PartitionLag | undefined;
  /** How many looks were shown. */
  looks(): number;
}

/**
 * A consumer under the group `${topic}.group`. Armed: processes all that comes, as the loop does, but commits nothing.
 * Not armed: nothing is fetched, as while the registry is away.
 */
async function consume(topic: string, from: number | 'not armed', startFrom: 'earliest' | 'latest' = 'earliest'): Promise<Watched> {
  const consumer = connectTo(brokers).consumer({ ...READS_ONLY, topic, groupId: `${topic}.group`, startFrom, sessionTimeoutMs: 10_000 });
  let [shown, looks]: [PartitionLag | undefined, number] = [undefined, 0];
  const nothing = (): void => undefined;
  const events: ConsumerEvents = {
    assigned: (partitions) => {
      consumer.source.pause(partitions);
      if (from === 'not armed') return;
      consumer.source.seek(0, from);
      consumer.source.resume(0);
    },
    deliver: (_, records, { resolve }) => {
      resolve(lastOffset(records));
      return Promise.resolve();
    },
    lag: ([lag]) => {
      shown = lag;
      looks += 1;
    },
    ...{ alive: nothing, heard: nothing, left: nothing, failed: nothing, crashed: nothing },
  };
  await consumer.start(events);
  onTestFinished(() => consumer.stop());
  return { consumer, lag: () => shown, looks: () => looks };
} // prettier-ignore

const becomes = (watched: Watched, lag: Partial<PartitionLag>): Promise<void> =>
  vi.waitFor(() => expect(watched.lag()).toMatchObject(lag), { timeout: 10_000, interval: 50 });

/** Holds for two looks more. */
async function stays({ looks, lag }: Watched, records: number): Promise<void> {
  const seen = looks();
  for (let next = seen + 1; next <= seen + 2; next++) {
    await vi.waitFor(() => expect(looks()).toBeGreaterThanOrEqual(next), { timeout: 5000, interval: 20 });
    expect(lag()?.records).toBe(records);
  }
}

/** Three producers in turns on one partition; the last transactions are aborted. Returns the offset behind the last record. */
async function interleave(topic: string): Promise<number> {
  const producers = await Promise.all([1, 2, 3].map((n) => openProducer(topic, n)));
  const [a, b, c] = await Promise.all(producers.map((producer) => producer.transaction()));
  for (const transaction of [a!, b!, c!, a!]) await send(transaction, topic, 2);
  await b!.abort(); // 8
  await a!.commit(); // 9
  await c!.commit(); // 10
  const [d, e] = await Promise.all(producers.slice(0, 2).map((producer) => producer.transaction()));
  await send(d!, topic, 1); // 11
  await d!.commit(); // 12
  for (let round = 0; round < 2; round++) {
    const aborted = round === 0 ? e! : await producers[2]!.transaction();
    await send(aborted, topic, 3);
    await aborted.abort();
  }
  return 12;
}

test('an idle transactional topic reads 0, though aborted records and markers end it; a restart too, armed or not', { timeout: 60_000 }, async () => {
  const topic = await newTopic();
  const behindLast = await interleave(topic);
  const first = await consume(topic, 0);
  await becomes(first, { records: 0, ageMs: 0 });
  await (await first.consumer.openWriter(topic, 0)).claim(behindLast, undefined);
  await first.consumer.stop();

  const again = await consume(topic, behindLast);
  await becomes(again, { records: 0, ageMs: 0 });
  await again.consumer.stop();

  const unarmed = await consume(topic, 'not armed');
  await becomes(unarmed, { records: 0, ageMs: 0 });
  await unarmed.consumer.source.position(0); // as the loop asks, again and again
  await stays(unarmed, 0);
}); // prettier-ignore

test.each<[state: string, from: number | 'not armed']>([['armed', 0], ['not armed', 'not armed']])(
  'what an open transaction has written waits, since it was appended; once aborted it does not: %s',
  { timeout: 60_000 },
  async (_, from) => {
    const topic = await newTopic();
    const producer = await openProducer(topic, 1);
    const transaction = await producer.transaction();
    await send(transaction, topic, 5);
    const sentMs = Date.now();
    await sleep(3000);
    const watched = await consume(topic, from);
    await becomes(watched, { records: 5 });
    await sleep(2500);
    const errorMs = watched.lag()!.ageMs - (Date.now() - sentMs);
    expect(errorMs).toBeGreaterThan(-SLACK_MS);
    expect(errorMs).toBeLessThan(100);
    await transaction.abort();
    await becomes(watched, { records: 0, ageMs: 0 });
  },
); // prettier-ignore

test('a backlog from before the start, of which nothing is fetched: each record, and the age of the oldest', { timeout: 60_000 }, async () => {
  const topic = await newTopic();
  const producer = libraryOf(brokers).producer();
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  await send(producer, topic, 40);
  await sleep(4000);
  const oldestMs = Date.now();
  await send(producer, topic, 600);
  await sleep(3000);
  const first = await consume(topic, 'not armed');
  await vi.waitFor(() => expect(first.looks()).toBeGreaterThan(0), { timeout: 5000 });
  await (await first.consumer.openWriter(topic, 0)).claim(40, undefined);
  await first.consumer.stop();
  const watched = await consume(topic, 'not armed');
  await becomes(watched, { records: 600 });
  await sleep(2500);
  const errorMs = watched.lag()!.ageMs - (Date.now() - oldestMs);
  expect(Math.abs(errorMs)).toBeLessThan(SLACK_MS);
}); // prettier-ignore
