/** Ranges of offsets read outside of the loop, and what all such readings share. */
import './patches/install.io.ts'; // before the library
import { randomUUID } from 'node:crypto';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { BankChurnError } from '../../schemas/errors.ts';
import type { SourceRecord } from '../../schemas/ports.ts';
import type { KafkaClient, OffsetRange, OnRecords } from '../port.ts';
import { createRangeProgress } from '../range-progress.ts';
import { administer } from './admin.io.ts';
import { FETCH_LIMITS } from './client.io.ts';
import { toSourceRecord } from './records.ts';
import { reading, translated, translateError } from './translate-errors.ts';

/** What the walk over the batches refused is skipped, and named in the log. */
export const readable = (kafka: Kafka, records: readonly SourceRecord[]): SourceRecord[] =>
  records.filter(({ refused }) => {
    if (refused !== undefined) kafka.logger().error(refused.code, { error: refused.message });
    return refused === undefined;
  });

/** Without any progress for this long a reading fails. */
const SILENCE_MS = 20_000;

export const readRanges =
  (kafka: Kafka): KafkaClient['readRanges'] =>
  async (topic, group, ranges, onRecords) => {
    if (createRangeProgress(ranges).isComplete()) return;
    const groupId = ownGroup(group);
    const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, ...FETCH_LIMITS });
    const silence = watchSilence(topic);
    const needs = reading([topic], anyOf(group));
    try {
      await translated(async () => {
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        let isRunning = false;
        consumer.on(consumer.events.CRASH, ({ payload }) => {
          if (!payload.restart || !isRunning) silence.fail(translateError(payload.error, needs));
        });
        const read = readInto(kafka, consumer, { topic, ranges, onRecords, silence });
        await consumer.run({ autoCommit: false, eachBatch: read.eachBatch });
        silence.assertGoing();
        isRunning = true;
        for (const { partition, from } of ranges) consumer.seek({ topic, partition, offset: String(from) });
        await Promise.race([read.isDone, silence.late]);
      }, needs);
    } finally {
      silence.end();
      await leave(kafka, consumer, groupId).catch(() => undefined);
    }
  };

/** What is done with the batches of a reading, and when it has all. */
function readInto(
  kafka: Kafka,
  consumer: Consumer,
  { topic, ranges, onRecords, silence }: RangeReading,
): { eachBatch: (payload: EachBatchPayload) => Promise<void>; isDone: Promise<void> } {
  const progress = createRangeProgress(ranges);
  let stop: () => void = () => undefined;
  const isDone = new Promise<void>((resolve) => {
    stop = resolve;
  });
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
  const eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
    const taken = progress.take(batch.partition, batch.messages.map(toSourceRecord));
    const records = readable(kafka, taken);
    if (records.length === 0) return;
    try {
      await onRecords(records, stop);
    } catch (error) {
      silence.fail(error);
    }
  };
  return { eachBatch, isDone };
}

interface RangeReading {
  readonly topic: string;
  readonly ranges: readonly OffsetRange[];
  readonly onRecords: OnRecords;
  readonly silence: ReturnType<typeof watchSilence>;
}

/** As a rule of the broker's names such groups. */
export const anyOf = (group: string): string => `${group}.*`;

export const ownGroup = (group: string): string => `${group}.${randomUUID()}`;

export async function leave(kafka: Kafka, consumer: Consumer, groupId: string): Promise<void> {
  await consumer.disconnect();
  await administer(kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
}

/** Rejects `late` when there was no progress for too long, or with what `fail` is given. */
function watchSilence(topic: string) {
  let failure: { readonly error: unknown } | undefined;
  let reject: (error: unknown) => void = () => undefined;
  const late = new Promise<never>((_, rejectIt) => {
    reject = rejectIt;
  });
  const fail = (error: unknown): void => {
    failure ??= { error };
    reject(error);
  };
  late.catch(() => undefined);
  const timer = setTimeout(() => {
    const seconds = String(SILENCE_MS / 1000);
    fail(
      new BankChurnError('BROKER_UNAVAILABLE', `${topic} could not be read: nothing came for ${seconds} s`),
    );
  }, SILENCE_MS);
  return {
    late,
    fail,
    progress: () => timer.refresh(),
    end: () => clearTimeout(timer),
    assertGoing: () => {
      if (failure !== undefined) throw failure.error;
    },
  };
}
