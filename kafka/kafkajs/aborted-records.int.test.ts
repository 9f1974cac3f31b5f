/** Transactions that interleave on a partition, read from every offset: what Kafka's own client reads. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createRandom } from '../../schemas/random.ts';
import { openOracle } from '../../e2e/chaos/java.ts';
import { createTopics } from '../topics.ts';
import { connectTo, libraryOf } from './cluster.fixture.ts';

const PRODUCERS = 6;
const STEPS = 130;

interface Reading {
  readonly start: number;
  readonly records: readonly (readonly [offset: number, value: string])[];
}

/** Six producers take turns: begin, write, write, commit or abort; one committed record ends it all. */
async function interleave(kafka: Kafka, topic: string): Promise<void> {
  const random = createRandom(61);
  const producers = await Promise.all(
    Array.from({ length: PRODUCERS }, async (_, i) => {
      const producer = kafka.producer({
        transactionalId: `${topic}-${String(i)}`,
        idempotent: true,
        maxInFlightRequests: 1,
        retry: { initialRetryTime: 5, retries: 30, maxRetryTime: 1000 },
      });
      await producer.connect();
      return producer;
    }),
  );
  const open = new Map<number, Awaited<ReturnType<(typeof producers)[0]['transaction']>>>();
  const end = async (i: number): Promise<void> => {
    const transaction = open.get(i)!;
    open.delete(i);
    await (random.int(2) === 0 ? transaction.abort() : transaction.commit());
  };
  for (let step = 0; step < STEPS; step++) {
    const i = random.int(PRODUCERS);
    if (!open.has(i)) open.set(i, await producers[i]!.transaction());
    else if (random.int(3) === 0) {
      await end(i);
      continue;
    }
    await open
      .get(i)!
      .send({ topic, messages: [{ key: null, value: `${String(i)}/${String(step)}`, partition: 0 }] });
  }
  for (const i of [...open.keys()]) await end(i);
  const last = await producers[0]!.transaction();
  await last.send({ topic, messages: [{ key: null, value: 'the last', partition: 0 }] });
  await last.commit();
  await Promise.all(producers.map((producer) => producer.disconnect()));
}

const javac = spawnSync('javac', ['-version']).status === 0;

test.skipIf(!javac)(
  '6 interleaved producers, half of the transactions aborted, read from every offset: as Kafka’s own client',
  { timeout: 180_000 },
  async () => {
    const { brokers } = inject('kafka');
    const topic = `aborted-${randomBytes(4).toString('hex')}`;
    const wanted = { name: topic, partitions: 1, replicationFactor: 1, settings: {} };
    await createTopics(connectTo(brokers), [wanted], { now: Date.now, sleep });
    await interleave(libraryOf(brokers), topic);

    const oracle = await openOracle();
    onTestFinished(() => oracle.close());
    const dump = async (isolation: string): Promise<Reading['records']> => {
      const records: [number, string][] = [];
      const line = ({ offset, value }: { offset: number; value: string }): void => void records.push([offset, value]);
      await oracle.run(['dump', brokers, topic, '0', '0', isolation], line).ended;
      return records;
    };
    const committed = await dump('read_committed');
    expect((await dump('read_uncommitted')).length).toBeGreaterThan(committed.length * 1.3);
    const [last] = committed.at(-1)!;

    const readings: Reading[] = [];
    for (let start = 0; start <= last; start++) {
      const records: [number, string][] = [];
      await connectTo(brokers).readRanges(topic, [{ partition: 0, from: start, to: last + 1 }], (some) => {
        records.push(...some.map(({ offset, value }): [number, string] => [offset, String(value)]));
      });
      readings.push({ start, records });
    }
    const expected = Array.from({ length: last + 1 }, (_, start) => ({
      start,
      records: committed.filter(([offset]) => offset >= start),
    }));
    expect(readings).toEqual(expected);
  },
); // prettier-ignore
