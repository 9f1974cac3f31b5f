/** Looks at partitions that a consumer's own fetches do not show: where they end, and what lies at an offset. */
import { createRequire } from 'node:module';
import './patches/install.io.ts'; // before the library
import type { Admin, KafkaMessage } from 'kafkajs';
import { clusterOf } from './patches/cluster.io.ts';

const require = createRequire(import.meta.url);

/** Kafka's isolation levels: with what open transactions have written, or up to the first of it. */
const UNCOMMITTED = 0;
const COMMITTED = 1;
/** The end of a partition, as `ListOffsets` asks for it. */
const LATEST = -1;
/** Of one look; a larger batch of a producer comes whole. */
const LOOK_BYTES = 65_536;

interface Broker {
  listOffsets(request: {
    readonly isolationLevel: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[];
    }[];
  }): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
    }[];
  }>;
  fetch(
    request: object,
  ): Promise<{ readonly responses: readonly { readonly partitions: readonly object[] }[] }>;
}
/** What of the library's cluster is used here. */
interface Cluster {
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  /** Partitions by the node that leads them. */
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, readonly number[]>;
  findBroker(of: { readonly nodeId: string }): Promise<Broker>;
}
/** `consumer/batch.js`: what a consumer makes of the answer for a partition, without markers and aborted records. */
interface Batch {
  readonly rawMessages: readonly unknown[];
  readonly messages: readonly KafkaMessage[];
  lastOffset(): string;
}
const BatchClass = require('kafkajs/src/consumer/batch') as new (
  topic: string,
  fetchedOffset: string,
  answer: object,
) => Batch;

/**
 * Where partitions end (high watermarks, so behind open transactions): one request to each broker that leads some of them.
 * Those of which a broker does not say it are left out; then the next call asks for the leaders anew.
 */
export async function endsOf(
  admin: Admin,
  topic: string,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const cluster = clusterOf(admin) as Cluster;
  await cluster.addTargetTopic(topic);
  const leaders = Object.entries(cluster.findLeaderForPartitions(topic, partitions));
  const asked = leaders.map(async ([nodeId, led]) => {
    const broker = await cluster.findBroker({ nodeId });
    const { responses } = await broker.listOffsets({
      isolationLevel: UNCOMMITTED,
      topics: [{ topic, partitions: led.map((partition) => ({ partition, timestamp: LATEST })) }],
    });
    return responses.flatMap(({ partitions: found }) => found);
  });
  const answers = await Promise.allSettled(asked);
  const ends = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (ends.length < partitions.length) await cluster.refreshMetadata();
  return new Map(ends.map(({ partition, offset }) => [partition, Number(offset)]));
}

/** What lies at an offset and behind it. */
export interface Look {
  /** One past the last offset looked at; the offset itself if nothing there can be read. */
  readonly to: number;
  /** The records in between, without aborted ones. */
  readonly records: readonly { readonly offset: number; readonly timestampMs: number }[];
}

/** Looks at what a reader of committed records gets at an offset: one fetch of a few batches. */
export async function lookAt(admin: Admin, topic: string, partition: number, offset: number): Promise<Look> {
  const batch = await fetchAt(admin, topic, partition, offset, COMMITTED);
  if (batch.rawMessages.length === 0) return { to: offset, records: [] };
  return { to: Number(batch.lastOffset()) + 1, records: batch.messages.map(dated) };
}

/** When what lies at an offset was appended, whether it can be read yet or not; undefined if nothing is there. */
export async function appendTimeAt(
  admin: Admin,
  topic: string,
  partition: number,
  offset: number,
): Promise<number | undefined> {
  const [first] = (await fetchAt(admin, topic, partition, offset, UNCOMMITTED)).messages;
  return first === undefined ? undefined : dated(first).timestampMs;
}

const dated = ({ offset, timestamp }: KafkaMessage) => ({
  offset: Number(offset),
  timestampMs: Number(timestamp),
});

async function fetchAt(
  admin: Admin,
  topic: string,
  partition: number,
  offset: number,
  isolationLevel: number,
): Promise<Batch> {
  const cluster = clusterOf(admin) as Cluster;
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (nodeId === undefined) throw new Error(`${topic}/${String(partition)} has no leader`);
  const broker = await cluster.findBroker({ nodeId });
  const fetchOffset = String(offset);
  const { responses } = await broker.fetch({
    isolationLevel,
    maxWaitTime: 0,
    maxBytes: LOOK_BYTES,
    topics: [{ topic, partitions: [{ partition, fetchOffset, maxBytes: LOOK_BYTES }] }],
  });
  return new BatchClass(topic, fetchOffset, responses[0]!.partitions[0]!);
}
