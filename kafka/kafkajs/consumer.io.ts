/** Kafka, reading side: the consumer under the loop. Readers of whole topics and ranges: kafka-readers.io.ts. */
import { refuseJumps } from './patches.io.ts'; // before the library
import type { Admin, Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { METADATA_MAX_AGE_MS } from './client.io.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import type {
  Delivery,
  Position,
  RecordHeaders,
  Refusal,
  Source,
  SourceRecord,
} from '../../schemas/ports.ts';
import type { Headers } from '../records.ts';

/** Where a group without committed offsets begins. */
export type StartFrom = 'earliest' | 'latest' | { readonly timestampMs: number };

export interface ConsumerSettings {
  readonly topic: string;
  readonly groupId: string;
  readonly startFrom: StartFrom;
  /** Membership ends this long after the last heartbeat. */
  readonly sessionTimeoutMs: number;
  /** Where outputs of an earlier run end (the next offset to read), for a group whose committed offsets have expired. */
  readonly writtenBefore?: ((partition: number) => Promise<number | undefined>) | undefined;
}

/** What happens to the consumer. */
export interface ConsumerEvents {
  /** Called in the synchronous part of the join: no fetch comes before it returns. */
  assigned(partitions: readonly number[]): void;
  deliver(partition: number, records: readonly SourceRecord[], delivery: Delivery): Promise<void>;
  /** Records still to be read behind the processed ones, and the age of the last processed one (0 where none wait). */
  lag(partition: number, records: number, ageMs: number): void;
  /** A sign of life: a fetch, a heartbeat or a join. */
  alive(): void;
  /** The group has taken a heartbeat. */
  heard(): void;
  /** Membership was lost, for the time being. */
  left(): void;
  /** The consumer is gone for good: the process should end. */
  crashed(error: Error): void;
}

export interface LoopConsumer {
  readonly source: Source;
  start(events: ConsumerEvents): Promise<void>;
  /** Waits for the batches in hand, leaves the group, disconnects. */
  stop(): Promise<void>;
  commitOffset(topic: string, partition: number, nextOffset: number): Promise<void>;
}

/** Of readers: their membership ends this long after the last heartbeat. */
export const SESSION_TIMEOUT_MS = 15_000;
const MAX_WAIT_MS = 200;
/** Partitions side by side; the fetch limits bound what lies in memory. */
const CONCURRENT_PARTITIONS = 64;
/** Of every consumer: what one fetch holds in memory (a larger batch of a producer comes whole). More brings no throughput. */
export const FETCH_LIMITS = {
  minBytes: 1,
  maxBytesPerPartition: 262_144,
  maxBytes: 1_500_000,
  maxWaitTimeInMs: MAX_WAIT_MS,
};

/** The consumer of one topic, as the loop wants it: nothing is committed or resolved but by the loop. */
export function createLoopConsumer(kafka: Kafka, settings: ConsumerSettings): LoopConsumer {
  const { topic, groupId } = settings;
  refuseJumps(groupId);
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: settings.sessionTimeoutMs,
    rebalanceTimeout: 30_000,
    heartbeatInterval: 1000,
    allowAutoTopicCreation: false,
    readUncommitted: false,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    ...FETCH_LIMITS,
  });
  const admin = kafka.admin();
  const positions: Positions = new Map();
  return {
    source: {
      pause: (partitions) => pause(consumer, [{ topic, partitions: [...partitions] }]),
      resume: (partition) => consumer.resume([{ topic, partitions: [partition] }]),
      seek: (partition, offset) => {
        positions.set(partition, offset);
        consumer.seek({ topic, partition, offset: String(offset) });
      },
      position: (partition) => position(admin, settings, partition),
    },
    start: async (events) => {
      await admin.connect();
      await consumer.connect();
      listen(consumer, topic, events, positions);
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: CONCURRENT_PARTITIONS,
        eachBatch: (payload) => deliver(payload, events, positions),
      });
    },
    stop: async () => {
      await consumer.disconnect();
      await admin.disconnect();
    },
    commitOffset: (committedTopic, partition, nextOffset) =>
      consumer.commitOffsets([{ topic: committedTopic, partition, offset: String(nextOffset) }]),
  };
}

/** Between the end of a consumer and its next start the library refuses: nothing is fetched then, and a new assignment pauses anew. */
function pause(consumer: Consumer, partitions: Parameters<Consumer['pause']>[0]): void {
  try {
    consumer.pause(partitions);
  } catch (error) {
    if ((error as Error).name !== 'KafkaJSNonRetriableError') throw error;
  }
}

/** Where the next fetch of each partition begins. */
type Positions = Map<number, number>;

function listen(consumer: Consumer, topic: string, events: ConsumerEvents, positions: Positions): void {
  consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => {
    // Nothing but aborted records and markers: kafkajs passes over it by itself.
    if (payload.batchSize === 0) positions.set(payload.partition, Number(payload.lastOffset) + 1);
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    events.assigned(payload.memberAssignment[topic] ?? []);
    events.alive();
  });
  consumer.on(consumer.events.HEARTBEAT, () => {
    events.alive();
    events.heard();
  });
  consumer.on(consumer.events.FETCH, () => events.alive());
  consumer.on(consumer.events.REBALANCING, () => events.left());
  consumer.on(consumer.events.STOP, () => events.left());
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    events.left();
    if (!payload.restart) events.crashed(payload.error);
  });
}

async function deliver(
  { batch, heartbeat, resolveOffset }: EachBatchPayload,
  events: ConsumerEvents,
  positions: Positions,
): Promise<void> {
  const { fetchedOffset } = batch as unknown as { fetchedOffset: string };
  // Fetched before a seek that went back: to hand it on would skip what lies between.
  if (Number(fetchedOffset) > (positions.get(batch.partition) ?? 0)) return;
  const records = batch.messages.map(toSourceRecord);
  await events.deliver(batch.partition, records, {
    heartbeat,
    resolve: (offset) => {
      resolveOffset(String(offset));
      const isLast = offset === records[records.length - 1]?.offset;
      positions.set(batch.partition, (isLast ? Number(batch.lastOffset()) : offset) + 1);
      const waiting = Math.max(0, Number(batch.highWatermark) - 1 - offset);
      const processed = records.findLast((record) => record.offset === offset);
      const ageMs =
        waiting === 0 || processed === undefined ? 0 : Math.max(0, Date.now() - processed.timestampMs);
      events.lag(batch.partition, waiting, ageMs);
    },
  });
}

const NO_HEADERS: RecordHeaders = Object.freeze(Object.create(null) as RecordHeaders);
const NO_BYTES = Buffer.alloc(0);

/** A record as the rest of the product knows it. */
export function toSourceRecord(message: KafkaMessage): SourceRecord {
  const { offset, timestamp, key, value, headers } = message;
  const record = {
    offset: Number(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    headers: writableHeaders(headers as Headers | undefined),
  };
  const { refused } = message as { refused?: Refusal };
  return refused === undefined ? record : { ...record, refused };
}

/** kafkajs cannot write a header whose value is null: it becomes an empty one. */
function writableHeaders(headers: Headers | undefined): RecordHeaders {
  if (headers === undefined) return NO_HEADERS;
  const fill = (value: Buffer | null): Buffer => value ?? NO_BYTES;
  for (const name in headers) {
    const given = headers[name] as Headers[string];
    if (given === null) headers[name] = NO_BYTES;
    else if (Array.isArray(given)) headers[name] = given.map(fill);
  }
  return headers as RecordHeaders;
}

async function position(admin: Admin, settings: ConsumerSettings, partition: number): Promise<Position> {
  const { topic, groupId, startFrom } = settings;
  const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const committed = Number(group?.partitions.find((entry) => entry.partition === partition)?.offset ?? -1);
  const bounds = (await admin.fetchTopicOffsets(topic)).find((entry) => entry.partition === partition);
  if (bounds === undefined)
    throw new BankChurnError('BROKER_UNAVAILABLE', `${topic} has no partition ${String(partition)} yet`);
  const [low, high] = [Number(bounds.low), Number(bounds.high)];
  if (committed >= 0) return { committed, start: low, low, high };
  const written = await settings.writtenBefore?.(partition);
  if (written !== undefined) return { committed: written, start: low, low, high };
  const start = await startOffset(admin, topic, partition, startFrom, low, high);
  return { committed: undefined, start, low, high };
}

async function startOffset(
  admin: Admin,
  topic: string,
  partition: number,
  startFrom: StartFrom,
  low: number,
  high: number,
): Promise<number> {
  if (startFrom === 'earliest') return low;
  if (startFrom === 'latest') return high;
  const found = await admin.fetchTopicOffsetsByTimestamp(topic, startFrom.timestampMs);
  const offset = Number(found.find((entry) => entry.partition === partition)?.offset ?? -1);
  return offset < 0 ? high : offset;
}
