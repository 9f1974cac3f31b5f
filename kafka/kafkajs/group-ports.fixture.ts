/** Ports over the test run's Kafka, topics of their own, and what a reader of committed records sees. */
import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject, onTestFinished } from 'vitest';
import { encodeOutputRecords, type EncodedRecords } from '../../schemas/record-frames.ts';
import type {
  Generation,
  MarkerScope,
  MemberAssignment,
  OffsetCommit,
  Produced,
  TopicPartition,
  TransactionalProducer,
} from '../group/ports.ts';
import { libraryOf, connectTo, withAdmin } from './cluster.fixture.ts';
import type { GroupPorts } from '../group/ports.ts';
import { openGroupPorts, type GroupSettings } from './group-ports.io.ts';

export interface Scene {
  readonly settings: GroupSettings;
  /** Input, 3 partitions. */
  readonly topic: string;
  /** Output, 6 partitions. */
  readonly output: string;
  /** Ports of one more process. */
  ports(more?: Partial<GroupSettings>): Promise<GroupPorts>;
  /** Committed values in a partition of the output. */
  written(partition?: number): Promise<string[]>;
  /** A name for a writer, with the group's prefix. */
  writer(name: string): string;
}

/** @param of another process's client; without: one to whom everything is allowed. */
export async function setScene(brokers = inject('kafka').brokers, of = libraryOf(brokers)): Promise<Scene> {
  const name = `w${randomBytes(4).toString('hex')}`;
  const [topic, output] = [`${name}.in`, `${name}.out`];
  await withAdmin(brokers, async (admin) => {
    await admin.createTopics({
      waitForLeaders: false,
      topics: [
        { topic, numPartitions: 3 },
        { topic: output, numPartitions: 6, configEntries: [{ name: 'max.message.bytes', value: '2000' }] },
      ],
    });
  });
  await haveLeaders(brokers, [topic, output]);
  const settings = { topic, groupId: name, sessionTimeoutMs: 6000, rebalanceTimeoutMs: 10_000 };
  const kafka = connectTo(brokers);
  return {
    settings,
    topic,
    output,
    ports: (more = {}) => {
      const ports = openGroupPorts(of, { ...settings, ...more });
      onTestFinished(() => ports.close());
      return Promise.resolve(ports);
    },
    written: async (partition = 0) => {
      const bounds = await kafka.administer((admin) => admin.offsetBounds(output));
      const range = bounds.find((of) => of.partition === partition)!;
      const values: string[] = [];
      await kafka.readRanges(output, [range], (records) => {
        values.push(...records.map(({ value }) => String(value)));
      });
      return values;
    },
    writer: (of) => `${name}.w.${of}`,
  };
}

/** Not before its leaders answer for each partition. */
async function haveLeaders(brokers: string, topics: readonly string[]): Promise<void> {
  const kafka = connectTo(brokers);
  const look = (): Promise<unknown> =>
    kafka.administer(async (admin) => {
      for (const topic of topics) await admin.offsetBounds(topic);
    });
  while (await look().then(() => false, () => true)) await sleep(50); // prettier-ignore
}

/** Records as a writer hands them over. */
export const framed = (values: readonly string[]): EncodedRecords =>
  encodeOutputRecords(values.map((value) => ({ key: null, value })));

/** One member alone: it joins, and has all partitions. */
export async function joinAlone({ group }: GroupPorts, writerId: string, memberId = ''): Promise<Generation> {
  const { generationId, memberId: joinedAs, members } = await group.join(memberId, writerId);
  const assignments: MemberAssignment[] = members.map((member) => ({
    memberId: member.memberId,
    partitions: member.memberId === joinedAs ? [0, 1, 2] : [],
    goneWriters: members.map((of) => of.writerId),
  }));
  const of = { generationId, memberId: joinedAs };
  await group.sync(of, assignments);
  return of;
}

export interface Write {
  readonly to: readonly TopicPartition[];
  readonly values: readonly string[];
  readonly of?: Generation;
  readonly offsets?: readonly OffsetCommit[];
}

/** All of a transaction but its end. */
export async function write(
  producer: TransactionalProducer,
  { to, values, of, offsets }: Write,
): Promise<readonly Produced[]> {
  await producer.addPartitions(to);
  const produced = await producer.produce(to.map((partition) => ({ ...partition, records: framed(values) })));
  if (of !== undefined && offsets !== undefined) await producer.commitOffsets(of, offsets);
  return produced;
}

export const scopeOf = (outputs: readonly TopicPartition[], withOffsets = true): MarkerScope => ({
  outputs,
  withOffsets,
});

/** Of this process, to whom ever. */
export const openSockets = (): Socket[] =>
  (process as unknown as { _getActiveHandles(): unknown[] })
    ._getActiveHandles()
    .filter((handle) => handle instanceof Socket);
