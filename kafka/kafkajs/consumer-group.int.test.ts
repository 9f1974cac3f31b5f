/** Several consumers of one group with the real loop, on real Kafka: whatever becomes of them, each record once and in order. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createLoop } from '../../consumers/loop.ts';
import { settled } from '../../e2e/world.ts';
import type { Role } from '../../schemas/ports.ts';
import type { GroupPorts } from '../group/ports.ts';
import type { LoopConsumer } from '../port.ts';
import { createTopics } from '../topics.ts';
import { addPartitions, connectTo } from './cluster.fixture.ts';

const { brokers } = inject('kafka');
const SESSION_MS = 6000;

async function setUp(partitions: number) {
  const name = `g${randomBytes(4).toString('hex')}`;
  const [input, output] = [`${name}.in`, `${name}.out`];
  const kafka = connectTo(brokers);
  await createTopics(
    kafka,
    [input, output].map((topic) => ({ name: topic, partitions, replicationFactor: 1, settings: {} })),
    { now: Date.now, sleep },
  );
  /** Resolves when each partition has a leader that answers; a producer that knows them all. */
  const openSender = async (count: number) => {
    const own = connectTo(brokers);
    const isThere = (topic: string): Promise<boolean> =>
      own.administer((admin) => admin.offsetBounds(topic)).then((found) => found.length === count, () => false); // prettier-ignore
    while (!((await isThere(input)) && (await isThere(output)))) await sleep(100);
    const opened = await own.openPartitionProducer();
    onTestFinished(() => opened.close());
    return opened;
  };
  let producer = await openSender(partitions);
  let to = partitions;
  let sent = 0;
  /** Numbers, each to the partition that it is of by rest. */
  const send = async (count: number): Promise<void> => {
    const values = Array.from({ length: count }, () => sent++);
    const among = to;
    for (let partition = 0; partition < among; partition++) {
      const records = values
        .filter((n) => n % among === partition)
        .map((n) => ({ key: null, value: String(n) }));
      if (records.length > 0) await producer.send({ topic: input, partition, records });
    }
  };
  /** What is committed, by partition. */
  const written = async (): Promise<number[][]> => {
    const bounds = await kafka.administer((admin) => admin.offsetBounds(output));
    const values: number[][] = bounds.map(() => []);
    for (const range of bounds)
      await kafka.readRanges(output, [range], (records) => {
        values[range.partition]!.push(...records.map(({ value }) => Number(String(value))));
      });
    return values;
  };
  const grow = async (count: number): Promise<void> => {
    await addPartitions(brokers, [output, input], count);
    producer = await openSender(count);
    to = count;
  };
  return { send, grow, written, sent: () => sent, ...memberOf(name, input, output) };
}

/** Calls that never come back, as those of a process that was killed or stands still. */
function mortal(ports: GroupPorts, isDead: () => boolean, calls: Map<string, number>): GroupPorts {
  const wrap = <T extends object>(part: string, object: T): T =>
    new Proxy(object, {
      get: (target, key) => {
        const real = target[key as keyof T];
        if (typeof real !== 'function') return real;
        return (...args: unknown[]): unknown => {
          const what = `${part}.${String(key)}`;
          calls.set(what, (calls.get(what) ?? 0) + 1);
          if (isDead() && key !== 'close') return new Promise(() => undefined);
          const result: unknown = Reflect.apply(real, target, args);
          if (!(result instanceof Promise)) return result;
          return result.then((value: unknown) => {
            if (isDead()) return new Promise(() => undefined);
            return key === 'open' ? wrap('producer', value as object) : value;
          });
        };
      },
    });
  return {
    group: wrap('group', ports.group),
    offsets: wrap('offsets', ports.offsets),
    transactions: wrap('transactions', ports.transactions),
    fetch: wrap('fetch', ports.fetch),
    close: () => ports.close(),
  };
}

function memberOf(groupId: string, topic: string, output: string) {
  /** A consumer whose role copies values. */
  return {
    open: () => {
      let isDead = false;
      const calls = new Map<string, number>();
      const said: string[] = [];
      const consumer: LoopConsumer = connectTo(brokers).consumer({
        ...{ topic, groupId, startFrom: 'earliest', sessionTimeoutMs: SESSION_MS },
        ...{ outputs: [output], singles: [], delivery: 'exactly-once' },
        wrapGroup: (ports) => mortal(ports, () => isDead, calls),
      });
      const copy: Role = ({ partition, records }) =>
        Promise.resolve({
          emit: [
            { topic: output, partition, records: [...records].map(({ value }) => ({ key: null, value })) },
          ],
          commit: records.offsetAt(records.length - 1) + 1,
          outcomes: new Map(),
        });
      const loop = createLoop(
        {
          source: consumer.source,
          openWriter: consumer.openWriter,
          openRole: () => Promise.resolve(copy),
          reject: () => Promise.reject(new Error('nothing is rejected here')),
          clock: { now: Date.now, sleep },
          observer: {
            armed: () => undefined,
            committed: () => undefined,
            disarmed: (partition, error) => said.push(`disarmed ${String(partition)}: ${String(error)}`),
            rejected: () => said.push('rejected'),
            fatal: (error) => said.push(`fatal: ${String(error)}`),
          },
        },
        {
          ...{ topic, maxBatchRecords: 500, maxSendBytes: 700_000, answerTimeoutMs: SESSION_MS },
          backOffMs: { first: 100, longest: 1000 },
        },
      );
      const started = consumer.start({
        assigned: (partitions) => {
          said.push(`assigned ${partitions.join()}`);
          loop.assigned(partitions);
        },
        deliver: loop.deliver,
        heard: loop.beat,
        left: () => said.push('left'),
        failed: (error) => said.push(`failed: ${String(error)}`),
        crashed: (error) => said.push(`crashed: ${String(error)}`),
        ...{ lag: () => undefined, alive: () => undefined },
      });
      const stop = async (): Promise<void> => {
        await started;
        loop.stop();
        await consumer.stop();
        await loop.close();
      };
      onTestFinished(() => Promise.race([stop(), sleep(3000)]));
      return { consumer, loop, said, calls, stop, kill: () => (isDead = true) };
    },
  };
}

type Opened = ReturnType<ReturnType<typeof memberOf>['open']>;

const hasReady =
  (count: number) =>
  ({ loop }: Opened): boolean =>
    loop.state().ready.length === count;

/** Waits for it, and returns how long that took, milliseconds. */
async function took(isDone: () => boolean, what: string, limitMs = 40_000): Promise<number> {
  const begunMs = Date.now();
  await settled(isDone, what, limitMs, 0);
  return Date.now() - begunMs;
}

test(
  'consumers come, are killed in the middle of transactions, and leave; partitions are added: each record once, in order',
  { timeout: 180_000 },
  async () => {
    const { send, grow, written, sent, open } = await setUp(4);
    let isSending = true;
    const sending = (async () => {
      while (isSending) {
        await send(60);
        await sleep(20);
      }
    })();
    const a = open();
    await took(() => hasReady(4)(a), 'the first');
    const b = open();
    expect(await took(() => hasReady(2)(a) && hasReady(2)(b), 'both')).toBeLessThan(8000);
    await sleep(1500);
    a.kill();
    expect(await took(() => hasReady(4)(b), 'the heir')).toBeLessThan(SESSION_MS + 8000);
    await grow(7);
    expect(await took(() => hasReady(7)(b), 'the new partitions')).toBeLessThan(16_000);
    const c = open();
    await took(() => hasReady(4)(b) && hasReady(3)(c) || hasReady(3)(b) && hasReady(4)(c), 'a third'); // prettier-ignore
    await sleep(1000);
    await b.stop();
    expect(await took(() => hasReady(7)(c), 'the last')).toBeLessThan(8000);
    await sleep(500);
    isSending = false;
    await sending;
    let values: number[][] = [];
    for (let tries = 0; tries < 40 && values.flat().length < sent(); tries++) {
      await sleep(250);
      values = await written();
    }
    expect(values.flat().sort((x, y) => x - y)).toEqual(Array.from({ length: sent() }, (_, n) => n));
    for (const of of values) expect(of).toEqual([...of].sort((x, y) => x - y));
    for (const { said } of [b, c])
      expect(said.filter((line) => /fatal|crashed|failed/.test(line))).toEqual([]);
  },
);

test('many partitions are armed with few requests; at rest there are few, too', { timeout: 120_000 }, async () => {
  const { open, send, written } = await setUp(128);
  const a = open();
  const armingMs = await took(() => hasReady(128)(a), 'all partitions', 60_000);
  const arming = new Map(a.calls);
  expect(a.said).toEqual([expect.stringMatching(/^assigned 0,1,/)]);
  for (const what of ['offsets.read', 'offsets.commit', 'group.join', 'transactions.open'])
    expect([what, (arming.get(what) ?? 0) <= 6]).toEqual([what, true]);
  expect(armingMs).toBeLessThan(10_000);
  await send(128 * 3);
  await took(() => (a.calls.get('producer.end') ?? 0) > 0, 'a transaction');
  await sleep(2000);
  a.calls.clear();
  await sleep(5000);
  expect(a.calls.get('fetch.fetch')).toBeLessThanOrEqual(12);
  a.calls.delete('producer.isSound'); // which asks nobody
  expect([...a.calls.values()].reduce((sum, n) => sum + n, 0)).toBeLessThan(25);
  await a.stop();
  expect((await written()).flat().length).toBe(128 * 3);
}); // prettier-ignore
