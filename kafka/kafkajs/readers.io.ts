/** Kafka read outside of the loop: whole topics as they grow, and ranges of offsets. */
import './patches/install.io.ts'; // before the library
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import { BankChurnError } from '../../schemas/errors.ts';
import type { SourceRecord } from '../../schemas/ports.ts';
import type { KafkaClient } from '../port.ts';
import { createRangeProgress } from '../range-progress.ts';
import { createRecordByRecord } from '../record-by-record.ts';
import { administer } from './admin.io.ts';
import { FETCH_LIMITS, METADATA_MAX_AGE_MS } from './client.io.ts';
import { toSourceRecord } from './records.ts';
import { translated } from './translate-errors.ts';

/** Membership ends this long after the last heartbeat. */
const SESSION_TIMEOUT_MS = 15_000;
/** What the walk over the batches refused is skipped, and named in the log. */
const readable = (kafka: Kafka, records: readonly SourceRecord[]): SourceRecord[] =>
  records.filter(({ refused }) => {
    if (refused !== undefined) kafka.logger().error(refused.code, { error: refused.message });
    return refused === undefined;
  });

/** Without any progress for this long a reading fails. */
const SILENCE_MS = 20_000;

export const openReader =
  (kafka: Kafka): KafkaClient['openReader'] =>
  (topics, { group, fromBeginning }, onRecord, onRetry = () => undefined) =>
    translated(async () => {
      const groupId = ownGroup(group);
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
      const reading = createRecordByRecord(onRecord, onRetry, sleep);
      const joined = new Promise<void>((resolve) => {
        consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
          goOn(consumer, payload.memberAssignment, reading.next);
          resolve();
        });
      });
      await consumer.run({
        autoCommit: false,
        eachBatch: ({ batch, heartbeat, isRunning }) => {
          const { topic, partition, messages } = batch;
          return reading.read({
            topic,
            partition,
            records: readable(kafka, messages.map(toSourceRecord)),
            heartbeat,
            isRunning,
          });
        },
      });
      await joined;
      return { close: () => translated(() => leave(kafka, consumer, groupId)) };
    });

/** Nothing is committed, so after a second join kafkajs would start all over. */
function goOn(
  consumer: Consumer,
  assignment: Readonly<Record<string, readonly number[]>>,
  next: (topic: string, partition: number) => number | undefined,
): void {
  for (const [topic, partitions] of Object.entries(assignment))
    for (const partition of partitions) {
      const offset = next(topic, partition);
      if (offset !== undefined) consumer.seek({ topic, partition, offset: String(offset) });
    }
}

export const readRanges =
  (kafka: Kafka): KafkaClient['readRanges'] =>
  (topic, group, ranges, onRecords) =>
    translated(async () => {
      const progress = createRangeProgress(ranges);
      if (progress.isComplete()) return;
      const groupId = ownGroup(group);
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
          const partitions =
            payload.memberAssignment[topic]?.filter((partition) => !progress.isWanted(partition)) ?? [];
          if (partitions.length > 0) consumer.pause([{ topic, partitions }]);
        });
        consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
          silence.progress();
          progress.passed(payload.partition, Number(payload.lastOffset));
          if (progress.isComplete()) stop();
        });
        await consumer.run({
          autoCommit: false,
          eachBatch: async ({ batch }) => {
            const taken = progress.take(batch.partition, batch.messages.map(toSourceRecord));
            const records = readable(kafka, taken);
            if (records.length === 0) return;
            try {
              await onRecords(records, stop);
            } catch (error) {
              silence.fail(error);
            }
          },
        });
        for (const { partition, from } of ranges) consumer.seek({ topic, partition, offset: String(from) });
        await Promise.race([stopped, silence.late]);
      } finally {
        silence.end();
        await leave(kafka, consumer, groupId);
      }
    });

const ownGroup = (group: string): string => `${group}.${randomUUID()}`;

async function leave(kafka: Kafka, consumer: Consumer, groupId: string): Promise<void> {
  await consumer.disconnect();
  await administer(kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
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
