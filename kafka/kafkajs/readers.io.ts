/** Kafka read outside of the loop: whole topics as they grow, and ranges of offsets. */
import type { EachBatchPayload, Kafka } from 'kafkajs';
import { BankChurnError } from '../../schemas/errors.ts';
import type { SourceRecord } from '../../schemas/ports.ts';
import { METADATA_MAX_AGE_MS } from './client.io.ts';
import { FETCH_LIMITS, SESSION_TIMEOUT_MS, toSourceRecord } from './consumer.io.ts';
import { withAdmin } from './topics.io.ts';

/** A running reader of whole topics. */
export interface Reader {
  close(): Promise<void>;
}

/** First and longest wait before a record is tried again, milliseconds. */
const RETRY_MS = { first: 100, longest: 5000 };

/**
 * Reads topics (committed records only) in a group of its own that is deleted on close.
 *
 * @param fromBeginning else only what comes from now on.
 * @param onRecord awaited: a slow consumer slows the reading. Where it throws a transient BankChurnError the same record
 *   comes again, and nothing behind it before; after any other error the reading goes on behind it.
 * @param onRetry told of each such try.
 */
export async function openReader(
  kafka: Kafka,
  topics: readonly string[],
  options: { readonly groupId: string; readonly fromBeginning: boolean },
  onRecord: (topic: string, partition: number, record: SourceRecord) => void | Promise<void>,
  onRetry: (error: BankChurnError) => void = () => undefined,
): Promise<Reader> {
  const { groupId, fromBeginning } = options;
  const consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: 1000,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    ...FETCH_LIMITS,
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning });
  const joined = new Promise<void>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      // Nothing is committed, so after a second join kafkajs would start all over.
      for (const [topic, partitions] of Object.entries(payload.memberAssignment))
        for (const partition of partitions) goOn(topic, partition);
      resolve();
    });
  });
  const next = new Map<string, number>();
  const goOn = (topic: string, partition: number): void => {
    const offset = next.get(`${topic}/${String(partition)}`);
    if (offset !== undefined) consumer.seek({ topic, partition, offset: String(offset) });
  };
  const readBatch = async ({ batch, heartbeat, isRunning }: EachBatchPayload): Promise<void> => {
    const place = `${batch.topic}/${String(batch.partition)}`;
    for (const message of batch.messages) {
      const record = toSourceRecord(message);
      if (record.offset < (next.get(place) ?? 0) || !isReadable(kafka, record)) continue;
      for (let waitMs = RETRY_MS.first; ; waitMs = Math.min(waitMs * 2, RETRY_MS.longest)) {
        if (!isRunning()) return;
        try {
          await onRecord(batch.topic, batch.partition, record);
          break;
        } catch (error) {
          if (!isTransient(error)) {
            next.set(place, record.offset + 1);
            throw error;
          }
          onRetry(error);
          await new Promise((resolve) => setTimeout(resolve, waitMs));
          await heartbeat();
        }
      }
      next.set(place, record.offset + 1);
    }
    await heartbeat();
  };
  const inHand = new Map<string, Promise<void>>();
  await consumer.run({
    autoCommit: false,
    // One at a time: after a fault of the broker a second fetch of a partition can come while the first is in hand.
    eachBatch: async (payload) => {
      const place = `${payload.batch.topic}/${String(payload.batch.partition)}`;
      const turn = (inHand.get(place) ?? Promise.resolve()).then(() => readBatch(payload));
      inHand.set(
        place,
        turn.catch(() => undefined),
      );
      await turn;
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

/** What the client refused is skipped, and named in the log. */
function isReadable(kafka: Kafka, { refused }: SourceRecord): boolean {
  if (refused !== undefined) kafka.logger().error(refused.code, { error: refused.message });
  return refused === undefined;
}

/** Whether the world is in the way, and not what was read. */
export const isTransient = (error: unknown): error is BankChurnError =>
  error instanceof BankChurnError && error.action === 'transient';

/** Offsets of one partition, `from` <= offset < `to`. */
export interface OffsetRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** Records looked at from the end: enough to pass over markers and aborted ones. */
const TAIL_OFFSETS = 200;
/** Without any progress for this long a reading is given up. */
const SILENCE_MS = 20_000;

/** The last committed record of a partition; undefined where there is none. */
export async function readLast(
  kafka: Kafka,
  topic: string,
  groupId: string,
  partition = 0,
): Promise<SourceRecord | undefined> {
  const bounds = (await boundsOf(kafka, topic)).find((range) => range.partition === partition);
  if (bounds === undefined) return undefined;
  const { from: low, to: high } = bounds;
  let last: SourceRecord | undefined;
  for (const from of new Set([Math.max(low, high - TAIL_OFFSETS), low])) {
    await readRanges(kafka, topic, groupId, [{ partition, from, to: high }], (records) => {
      last = records[records.length - 1] ?? last;
    });
    if (last !== undefined) break;
  }
  return last;
}

/** All committed records of a topic with one partition (a small one: the model log). */
export async function readAll(kafka: Kafka, topic: string, groupId: string): Promise<SourceRecord[]> {
  const [bounds] = await boundsOf(kafka, topic);
  return readRange(kafka, topic, groupId, bounds?.from ?? 0, bounds?.to ?? 0);
}

/** What the broker holds of each partition of a topic. */
export async function boundsOf(kafka: Kafka, topic: string): Promise<OffsetRange[]> {
  const bounds = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
  return bounds
    .map(({ partition, low, high }) => ({ partition, from: Number(low), to: Number(high) }))
    .sort((a, b) => a.partition - b.partition);
}

/**
 * The newest offsets of a topic: at most `records` in all, the same number of each partition, and none from before
 * `sinceMs` (milliseconds since 1970; null: no such limit).
 */
export async function tailRanges(
  kafka: Kafka,
  topic: string,
  records: number,
  sinceMs: number | null,
): Promise<OffsetRange[]> {
  const bounds = await boundsOf(kafka, topic);
  const since =
    sinceMs === null
      ? []
      : await withAdmin(kafka, (admin) => admin.fetchTopicOffsetsByTimestamp(topic, sinceMs));
  const each = Math.floor(records / Math.max(1, bounds.length));
  return bounds.map(({ partition, from, to }) => {
    const first = Number(since.find((entry) => entry.partition === partition)?.offset ?? from);
    // kafkajs gives the end of the partition (or -1) where nothing is as new as that.
    return { partition, from: Math.max(from, to - each, first < 0 ? to : first), to };
  });
}

/** Committed records with `from` <= offset < `to` of a topic with one partition, in order. */
export async function readRange(
  kafka: Kafka,
  topic: string,
  groupId: string,
  from: number,
  to: number,
): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  await readRanges(kafka, topic, groupId, [{ partition: 0, from, to }], (some) => {
    records.push(...some);
  });
  return records;
}

/**
 * Reads ranges of a topic (committed records only), each partition in order and each record once. In a group of its own
 * that is deleted afterwards. Partitions without a range are not fetched.
 *
 * @param onRecords awaited; calling `enough` ends the reading.
 * @throws BankChurnError BROKER_UNAVAILABLE after 20 s without progress; what `onRecords` throws.
 */
export async function readRanges(
  kafka: Kafka,
  topic: string,
  groupId: string,
  ranges: readonly OffsetRange[],
  onRecords: (records: readonly SourceRecord[], enough: () => void) => void | Promise<void>,
): Promise<void> {
  const open = new Map(ranges.filter(({ from, to }) => to > from).map((range) => [range.partition, range]));
  if (open.size === 0) return;
  const next = new Map(ranges.map(({ partition, from }) => [partition, from]));
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, ...FETCH_LIMITS });
  await consumer.connect();
  const silence = watchSilence(topic);
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      const partitions = payload.memberAssignment[topic]?.filter((partition) => !next.has(partition)) ?? [];
      if (partitions.length > 0) consumer.pause([{ topic, partitions }]);
    });
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      silence.progress();
      const range = open.get(payload.partition);
      if (range !== undefined && Number(payload.lastOffset) >= range.to - 1) open.delete(payload.partition);
      if (open.size === 0) stop();
    });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const range = open.get(batch.partition);
        if (range === undefined) return;
        // A fetch from before the seek may bring records of before, and some twice.
        const from = next.get(batch.partition)!;
        const records = batch.messages
          .map(toSourceRecord)
          .filter(({ offset }) => offset >= from && offset < range.to);
        if (records.length === 0) return;
        next.set(batch.partition, records[records.length - 1]!.offset + 1);
        try {
          await onRecords(
            records.filter((record) => isReadable(kafka, record)),
            stop,
          );
        } catch (error) {
          silence.fail(error);
        }
      },
    });
    for (const { partition, from } of ranges) consumer.seek({ topic, partition, offset: String(from) });
    await Promise.race([stopped, silence.late]);
  } finally {
    silence.end();
    await consumer.disconnect();
    await withAdmin(kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
  }
}

/** Rejects `late` when there was no progress for too long, or with what `fail` is given. */
function watchSilence(topic: string) {
  let fail: (error: unknown) => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    fail = reject;
  });
  late.catch(() => undefined);
  const timer = setTimeout(() => {
    const seconds = String(SILENCE_MS / 1000);
    fail(
      new BankChurnError('BROKER_UNAVAILABLE', `${topic} could not be read: nothing came for ${seconds} s`),
    );
  }, SILENCE_MS);
  return { late, fail, progress: () => timer.refresh(), end: () => clearTimeout(timer) };
}
