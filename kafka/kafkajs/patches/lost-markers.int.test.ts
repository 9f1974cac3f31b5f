/**
 * Kafka 4.1 to 4.3 can complete a transaction without some or all of its markers (KAFKA-20734: a broker that comes back while
 * a decided transaction waits for them). Here they are kept away on purpose: the coordinator is not told of a partition, and
 * the broker does not ask it. Whoever opens the writer next must find the transaction decided as it was, everywhere.
 */
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { beforeAll, expect, onTestFinished, test, afterAll, inject } from 'vitest';
import './install.io.ts'; // before the library
import kafkajs from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { boundsOf } from '../../offsets.ts';
import type { ExclusiveWriter as Writer } from '../../port.ts';
import { openOperatorsWriter } from '../../writers.ts';
import { withAdmin } from '../cluster.fixture.ts';
import type { OutputRecord } from '../../../schemas/ports.ts';
import { createWorld, type World } from '../../../e2e/world.ts';

interface Request {
  readonly topics: readonly { readonly topic: string }[];
}
interface BrokerRequests {
  endTxn(request: object): Promise<unknown>;
  addPartitionsToTxn(request: Request): Promise<unknown>;
  addOffsetsToTxn(request: object): Promise<unknown>;
}
const { prototype: requests } = createRequire(import.meta.url)('kafkajs/src/broker/index.js') as {
  prototype: BrokerRequests;
};

/** The broker no longer asks the coordinator whether a partition is part of the transaction. */
async function verify(isOn: boolean): Promise<void> {
  await withAdmin(inject('kafka').brokers, async (admin) => {
    const { brokers } = await admin.describeCluster();
    const configEntries = [{ name: 'transaction.partition.verification.enable', value: String(isOn) }];
    const resources = brokers.map(({ nodeId }) => ({
      type: kafkajs.ConfigResourceTypes.BROKER,
      name: String(nodeId),
      configEntries,
    }));
    await admin.alterConfigs({ validateOnly: false, resources });
  });
}

beforeAll(() => verify(false));
afterAll(() => verify(true));

const PARTITION = 3;
const record = (value: string): OutputRecord => ({ key: null, value });

function writersOf({ context: { config, kafka } }: World) {
  const topics = config.topics.names;
  const outputs = [topics.churnScores, topics.deadLetters];
  const openWriter = (topic: string, partition: number) =>
    openOperatorsWriter(
      kafka,
      { groupId: config.group, topic, partition },
      { outputs, singles: [topics.driftCounts] },
      [],
    );
  return { openWriter, topics };
}

const sockets = (): Socket[] =>
  (process as unknown as { _getActiveHandles(): unknown[] })
    ._getActiveHandles()
    .filter((handle) => handle instanceof Socket);

/** While `work` runs the coordinator does not learn of these topics, nor, if said so, of the offsets. */
async function untold(topics: readonly string[], offsets: boolean, work: () => Promise<void>): Promise<void> {
  const { addPartitionsToTxn, addOffsetsToTxn } = requests;
  requests.addPartitionsToTxn = async function (this: BrokerRequests, request) {
    const told = request.topics.filter(({ topic }) => !topics.includes(topic));
    return told.length === 0 ? undefined : addPartitionsToTxn.call(this, { ...request, topics: told });
  };
  if (offsets) requests.addOffsetsToTxn = () => Promise.resolve();
  try {
    await work();
  } finally {
    Object.assign(requests, { addPartitionsToTxn, addOffsetsToTxn });
  }
}

async function write(world: World, writer: Writer, values: readonly string[], next: number, isKept = true) {
  const { customerEvents, churnScores, driftCounts } = world.context.config.topics.names;
  const transaction = await writer.begin();
  await transaction.send({ topic: churnScores, partition: PARTITION, records: values.map(record) });
  await transaction.send({ topic: driftCounts, partition: 0, records: [record('counts')] });
  await transaction.sendOffsets(customerEvents, PARTITION, next);
  await (isKept ? transaction.commit() : transaction.abort());
}

async function committedOffset({ context: { config, kafka } }: World): Promise<number> {
  const { customerEvents } = config.topics.names;
  const committed = await kafka.administer((admin) => admin.committedOffsets(config.group, customerEvents));
  return committed.get(PARTITION)?.offset ?? -1;
}

async function committedScores({ context: { config, kafka } }: World): Promise<string[]> {
  const { churnScores } = config.topics.names;
  const range = (await boundsOf(kafka, churnScores)).find(({ partition }) => partition === PARTITION)!;
  const values: string[] = [];
  await kafka.readRanges(churnScores, `${config.group}.test`, [range], (records) => {
    values.push(...records.map(({ value }) => String(value)));
  });
  return values;
}

const CASES = [
  { decision: 'commit', lost: ['scores', 'offset'] },
  { decision: 'commit', lost: ['scores'] },
  { decision: 'commit', lost: ['offset'] },
  { decision: 'commit', lost: [] },
  { decision: 'abort', lost: ['scores', 'offset'] },
  { decision: 'abort', lost: ['offset'] },
] as const;

test.for(CASES)(
  'markers of $lost lost: the next writer finds the $decision, everywhere',
  { timeout: 60_000 },
  async ({ decision, lost }) => {
    const world = await createWorld({ registry: false });
    const { openWriter, topics } = writersOf(world);
    const { customerEvents, churnScores } = topics;
    const losesScores = (lost as readonly string[]).includes('scores');
    const losesOffset = (lost as readonly string[]).includes('offset');
    const isKept = decision === 'commit';

    const first = await openWriter(customerEvents, PARTITION);
    onTestFinished(() => first.close());
    await untold(losesScores ? [churnScores] : [], losesOffset, () =>
      write(world, first, ['a', 'b', 'c'], 3, isKept),
    );
    const second = await openWriter(customerEvents, PARTITION);
    onTestFinished(() => second.close());
    expect(await committedOffset(world)).toBe(isKept ? 3 : -1);
    expect(await committedScores(world)).toEqual(isKept ? ['a', 'b', 'c'] : []);

    await write(world, second, ['d'], 4);
    const third = await openWriter(customerEvents, PARTITION);
    onTestFinished(() => third.close());
    expect(await committedOffset(world)).toBe(4);
    expect(await committedScores(world)).toEqual(isKept ? ['a', 'b', 'c', 'd'] : ['d']);
  },
);

test.for(['addPartitionsToTxn', 'endTxn'] as const)(
  'a renewal interrupted at %s is finished by the next writer',
  { timeout: 60_000 },
  async (step) => {
    const world = await createWorld({ registry: false });
    const { openWriter, topics } = writersOf(world);
    const first = await openWriter(topics.customerEvents, PARTITION);
    onTestFinished(() => first.close());
    await untold([topics.churnScores], false, () => write(world, first, ['a', 'b', 'c'], 3));

    const { addPartitionsToTxn, endTxn } = requests;
    requests[step] = () => Promise.reject(new Error('interrupted'));
    try {
      await expect(openWriter(topics.customerEvents, PARTITION)).rejects.toThrow('interrupted');
    } finally {
      Object.assign(requests, { addPartitionsToTxn, endTxn });
    }
    const second = await openWriter(topics.customerEvents, PARTITION);
    onTestFinished(() => second.close());
    expect(await committedOffset(world)).toBe(3);
    expect(await committedScores(world)).toEqual(['a', 'b', 'c']);
  },
);

test('a writer whose connection broke writes nothing more', { timeout: 60_000 }, async () => {
  const world = await createWorld({ registry: false });
  const { openWriter, topics } = writersOf(world);
  const before = new Set(sockets());
  const writer = await openWriter(topics.customerEvents, PARTITION);
  onTestFinished(() => writer.close());
  await write(world, writer, ['a'], 1);
  expect(writer.isSound()).toBe(true);
  for (const socket of sockets()) if (!before.has(socket)) socket.destroy(new Error('broken'));
  await sleep(100);
  expect(writer.isSound()).toBe(false);
  await expect(write(world, writer, ['b'], 2)).rejects.toThrow('a connection broke');

  const next = await openWriter(topics.customerEvents, PARTITION);
  onTestFinished(() => next.close());
  await write(world, next, ['c'], 2);
  const last = await openWriter(topics.customerEvents, PARTITION);
  onTestFinished(() => last.close());
  expect(await committedScores(world)).toEqual(['a', 'c']);
});
