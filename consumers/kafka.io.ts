/** Kafka, reading side: the consumer under the loop, a groupless-like reader, and the topics. */
import '../producers/kafkajs-patches.io.ts'; // before the library
import kafkajs, {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  type IHeaders,
  type ITopicConfig,
  type Kafka,
  type KafkaMessage,
} from 'kafkajs';
import { METADATA_MAX_AGE_MS } from '../producers/kafka.io.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { Delivery, Position, RecordHeaders, Source, SourceRecord } from '../schemas/ports.ts';

/** Where a group without committed offsets begins. */
export type StartFrom = 'earliest' | 'latest' | { readonly timestampMs: number };

export interface ConsumerSettings {
  readonly topic: string;
  readonly groupId: string;
  readonly startFrom: StartFrom;
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

/** Membership ends this long after the last heartbeat; above the request timeout (10 s). */
const SESSION_TIMEOUT_MS = 15_000;
const MAX_WAIT_MS = 200;
/** Partitions side by side; the fetch limits bound what lies in memory. */
const CONCURRENT_PARTITIONS = 64;
const FETCH_LIMITS = {
  minBytes: 1,
  maxBytesPerPartition: 1_000_000,
  maxBytes: 4_000_000,
  maxWaitTimeInMs: MAX_WAIT_MS,
};

/** The consumer of one topic, as the loop wants it: nothing is committed or resolved but by the loop. */
export function createLoopConsumer(kafka: Kafka, settings: ConsumerSettings): LoopConsumer {
  const { topic, groupId } = settings;
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: 30_000,
    heartbeatInterval: 1000,
    allowAutoTopicCreation: false,
    readUncommitted: false,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    ...FETCH_LIMITS,
  });
  const admin = kafka.admin();
  return {
    source: {
      pause: (partitions) => consumer.pause([{ topic, partitions: [...partitions] }]),
      resume: (partition) => consumer.resume([{ topic, partitions: [partition] }]),
      seek: (partition, offset) => consumer.seek({ topic, partition, offset: String(offset) }),
      position: (partition) => position(admin, settings, partition),
    },
    start: async (events) => {
      await admin.connect();
      await consumer.connect();
      listen(consumer, topic, events);
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: CONCURRENT_PARTITIONS,
        eachBatch: (payload) => deliver(payload, events),
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

function listen(consumer: Consumer, topic: string, events: ConsumerEvents): void {
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    events.assigned(payload.memberAssignment[topic] ?? []);
    events.alive();
  });
  consumer.on(consumer.events.HEARTBEAT, () => events.alive());
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
): Promise<void> {
  const records = batch.messages.map(toSourceRecord);
  await events.deliver(batch.partition, records, {
    heartbeat,
    resolve: (offset) => {
      resolveOffset(String(offset));
      const waiting = Math.max(0, Number(batch.highWatermark) - 1 - offset);
      const processed = records.findLast((record) => record.offset === offset);
      const ageMs =
        waiting === 0 || processed === undefined ? 0 : Math.max(0, Date.now() - processed.timestampMs);
      events.lag(batch.partition, waiting, ageMs);
    },
  });
}

const NO_HEADERS: RecordHeaders = Object.freeze(Object.create(null) as RecordHeaders);

function toSourceRecord({ offset, timestamp, key, value, headers }: KafkaMessage): SourceRecord {
  return {
    offset: Number(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    headers: cleanHeaders(headers),
  };
}

/**
 * kafkajs merges repeated headers over a plain object, so a header named `constructor` or `__proto__` comes with what
 * the prototype has under that name; and it cannot write a null value. Only bytes are kept; null becomes empty.
 */
function cleanHeaders(headers: IHeaders | undefined): RecordHeaders {
  if (headers === undefined) return NO_HEADERS;
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  const clean = Object.create(null) as Record<string, Buffer | readonly Buffer[]>;
  for (const name of names) {
    const given = headers[name] as unknown;
    const values = (Array.isArray(given) ? given : [given])
      .filter((value) => value === null || Buffer.isBuffer(value))
      .map((value: Buffer | null) => value ?? Buffer.alloc(0));
    clean[name] = values.length === 1 ? values[0]! : values;
  }
  return clean;
}

async function position(admin: Admin, settings: ConsumerSettings, partition: number): Promise<Position> {
  const { topic, groupId, startFrom } = settings;
  const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
  const committed = Number(group?.partitions.find((entry) => entry.partition === partition)?.offset ?? -1);
  const bounds = (await admin.fetchTopicOffsets(topic)).find((entry) => entry.partition === partition);
  if (bounds === undefined)
    throw new BankChurnError('BROKER_UNAVAILABLE', `${topic} has no partition ${String(partition)} yet`);
  const [low, high] = [Number(bounds.low), Number(bounds.high)];
  const start = committed >= 0 ? low : await startOffset(admin, topic, partition, startFrom, low, high);
  return { committed: committed >= 0 ? committed : undefined, start, low, high };
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

/** A running reader of whole topics. */
export interface Reader {
  close(): Promise<void>;
}

/**
 * Reads topics (committed records only) in a group of its own that is deleted on close.
 *
 * @param fromBeginning else only what comes from now on.
 * @param onRecord awaited: a slow consumer slows the reading.
 */
export async function openReader(
  kafka: Kafka,
  topics: readonly string[],
  options: { readonly groupId: string; readonly fromBeginning: boolean },
  onRecord: (topic: string, partition: number, record: SourceRecord) => void | Promise<void>,
): Promise<Reader> {
  const { groupId, fromBeginning } = options;
  const consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: 1000,
    ...FETCH_LIMITS,
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning });
  const joined = new Promise<void>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => resolve());
  });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch, heartbeat, isRunning }) => {
      for (const message of batch.messages) {
        if (!isRunning()) return;
        await onRecord(batch.topic, batch.partition, toSourceRecord(message));
      }
      await heartbeat();
    },
  });
  await joined;
  return {
    close: async () => {
      await consumer.disconnect();
      await withAdmin(kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
    },
  };
}

/** Runs something with an admin connection that is closed afterwards. */
async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** A topic as it should be. */
export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** What `createTopics` found or did for one topic. */
export interface TopicReport {
  readonly name: string;
  readonly created: boolean;
  /** Setting → [wanted, actual], for a topic that was there. */
  readonly differences: ReadonlyMap<string, readonly [string, string]>;
}

/** Creates what is missing, changes nothing that exists, tells what differs; returns when each topic has leaders. */
export async function createTopics(kafka: Kafka, wanted: readonly WantedTopic[]): Promise<TopicReport[]> {
  return withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const missing = wanted.filter(({ name }) => !existing.has(name));
    // waitForLeaders throws on a fresh KRaft broker though the topics were created: wait for them ourselves.
    if (missing.length > 0)
      await admin.createTopics({ waitForLeaders: false, topics: missing.map(topicConfig) });
    await waitForLeaders(
      admin,
      wanted.map(({ name }) => name),
    );
    const reports: TopicReport[] = [];
    for (const topic of wanted) {
      const created = !existing.has(topic.name);
      reports.push({
        name: topic.name,
        created,
        differences: created ? new Map() : await differences(admin, topic),
      });
    }
    return reports;
  });
}

function topicConfig({ name, partitions, replicationFactor, settings }: WantedTopic): ITopicConfig {
  const configEntries = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
  return { topic: name, numPartitions: partitions, replicationFactor, configEntries };
}

async function waitForLeaders(admin: Admin, topics: readonly string[]): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      const { topics: metadata } = await admin.fetchTopicMetadata({ topics: [...topics] });
      if (
        metadata.every((topic) => topic.partitions.length > 0 && topic.partitions.every((p) => p.leader >= 0))
      )
        return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline)
      throw new BankChurnError('BROKER_UNAVAILABLE', 'topics have no leaders after 30 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function differences(
  admin: Admin,
  topic: WantedTopic,
): Promise<Map<string, readonly [string, string]>> {
  const found = new Map<string, readonly [string, string]>();
  const compare = (key: string, wanted: string, actual: string): void => {
    if (wanted !== actual) found.set(key, [wanted, actual]);
  };
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic.name] });
  const partitions = topics[0]?.partitions ?? [];
  compare('partitions', String(topic.partitions), String(partitions.length));
  compare('replication factor', String(topic.replicationFactor), String(partitions[0]?.replicas.length ?? 0));
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [
      { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic.name, configNames: Object.keys(topic.settings) },
    ],
  });
  for (const entry of resources[0]?.configEntries ?? []) {
    const wanted = topic.settings[entry.configName];
    if (wanted !== undefined) compare(entry.configName, wanted, entry.configValue);
  }
  return found;
}

/** Deletes topics and groups (the demo's own, on a cluster that was given). */
export async function deleteTopicsAndGroups(
  kafka: Kafka,
  topics: readonly string[],
  groups: readonly string[],
): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    await admin.deleteGroups([...groups]).catch(() => undefined);
    await admin.deleteTopics({ topics: [...topics] });
  });
}

/** Partition counts of topics; a missing topic has 0. */
export async function partitionCounts(kafka: Kafka, topics: readonly string[]): Promise<Map<string, number>> {
  return withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const present = topics.filter((topic) => existing.has(topic));
    const metadata = present.length === 0 ? [] : (await admin.fetchTopicMetadata({ topics: present })).topics;
    const counts = new Map(metadata.map((topic) => [topic.name, topic.partitions.length]));
    return new Map(topics.map((topic) => [topic, counts.get(topic) ?? 0]));
  });
}

/** Records looked at from the end: enough to pass over markers and aborted ones. */
const TAIL_OFFSETS = 200;
const RANGE_TIMEOUT_MS = 20_000;

/** The last committed record of a topic with one partition; undefined where there is none. */
export async function readLast(
  kafka: Kafka,
  topic: string,
  groupId: string,
): Promise<SourceRecord | undefined> {
  const { low, high } = await boundsOf(kafka, topic);
  const tail = await readRange(kafka, topic, groupId, Math.max(low, high - TAIL_OFFSETS), high);
  if (tail.length > 0 || high - TAIL_OFFSETS <= low) return tail[tail.length - 1];
  return (await readRange(kafka, topic, groupId, low, high)).pop();
}

/** All committed records of a topic with one partition (a small one: the model log). */
export async function readAll(kafka: Kafka, topic: string, groupId: string): Promise<SourceRecord[]> {
  const { low, high } = await boundsOf(kafka, topic);
  return readRange(kafka, topic, groupId, low, high);
}

async function boundsOf(kafka: Kafka, topic: string): Promise<{ low: number; high: number }> {
  const [bounds] = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
  return { low: Number(bounds?.low ?? 0), high: Number(bounds?.high ?? 0) };
}

/** Committed records with `from` <= offset < `to` of a topic with one partition. */
export async function readRange(
  kafka: Kafka,
  topic: string,
  groupId: string,
  from: number,
  to: number,
): Promise<SourceRecord[]> {
  if (to <= from) return [];
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, ...FETCH_LIMITS });
  const records: SourceRecord[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    const reached = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        reject(
          new BankChurnError(
            'BROKER_UNAVAILABLE',
            `${topic} could not be read in ${String(RANGE_TIMEOUT_MS)} ms`,
          ),
        );
      }, RANGE_TIMEOUT_MS);
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
        if (Number(payload.lastOffset) < to - 1) return;
        clearTimeout(late);
        resolve();
      });
    });
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        const inRange = batch.messages.filter(({ offset }) => Number(offset) >= from && Number(offset) < to);
        records.push(...inRange.map(toSourceRecord));
        return Promise.resolve();
      },
    });
    consumer.seek({ topic, partition: 0, offset: String(from) });
    await reached;
  } finally {
    await consumer.disconnect();
    await withAdmin(kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
  }
  // A fetch from before the seek may have brought records twice.
  return [...new Map(records.map((record) => [record.offset, record])).values()].sort(
    (a, b) => a.offset - b.offset,
  );
}
