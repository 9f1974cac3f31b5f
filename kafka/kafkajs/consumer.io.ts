/** The consumer under the loop. */
import './patches/install.io.ts'; // before the library
import type { Consumer, Kafka } from 'kafkajs';
import { createLagTracker, type LagTracker } from '../lag.ts';
import { offsetNote } from '../offset-note.ts';
import { findPosition } from '../offsets.ts';
import type { ConsumerEvents, ConsumerSettings, LoopConsumer } from '../port.ts';
import { rememberTopicId } from '../topic-identity.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import { adminOf } from './admin.io.ts';
import { FETCH_LIMITS, METADATA_MAX_AGE_MS } from './client.io.ts';
import { deliver, type Positions } from './delivery.ts';
import { watchLag } from './lag-watch.io.ts';
import { refuseJumps } from './patches/offset-jumps.io.ts';
import { throwTranslated, translated, translatedSync, translateError } from './translate-errors.ts';

/** Partitions side by side; the fetch limits bound what lies in memory. */
const CONCURRENT_PARTITIONS = 64;
/** A topic that is created anew is found out after this long, milliseconds. Until then its events carry the former topic's id. */
const IDENTITY_CHECK_MS = 3000;

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
  const plain = adminOf(admin);
  const offsets = { ...plain, topicId: rememberTopicId(plain) };
  let stopWatching = (): void => undefined;
  const positions: Positions = new Map();
  const lag = createLagTracker();
  return {
    source: {
      pause: (partitions) => pause(consumer, [{ topic, partitions: [...partitions] }]),
      resume: (partition) => translatedSync(() => consumer.resume([{ topic, partitions: [partition] }])),
      seek: (partition, offset) => {
        positions.set(partition, offset);
        lag.located(partition, offset);
        translatedSync(() => consumer.seek({ topic, partition, offset: String(offset) }));
      },
      position: async (partition) => {
        const found = await findPosition(offsets, settings, partition);
        lag.located(partition, found.committed ?? found.start);
        return found;
      },
    },
    start: (events) =>
      translated(async () => {
        await admin.connect();
        await consumer.connect();
        listen(consumer, topic, events, positions, lag);
        stopWatching();
        const stopWatchingLag = watchLag({ admin, offsets, settings, lag, events });
        const stopWatchingIdentity = watchIdentity(() => offsets.topicId(topic), events);
        stopWatching = () => {
          stopWatchingLag();
          stopWatchingIdentity();
        };
        await consumer.subscribe({ topic, fromBeginning: true });
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: CONCURRENT_PARTITIONS,
          eachBatch: (payload) => deliver(payload, events, positions, lag),
        });
      }),
    stop: () =>
      translated(async () => {
        stopWatching();
        await consumer.disconnect();
        await admin.disconnect();
      }),
    commitOffset: (committedTopic, partition, nextOffset, topicId) => {
      const offset = { topic: committedTopic, partition, offset: String(nextOffset) };
      return consumer.commitOffsets([{ ...offset, metadata: offsetNote(topicId) }]).catch(throwTranslated);
    },
  };
}

/** Asks for the topic's id from time to time; one that has changed ends the consumer. Kafka being away says nothing. */
function watchIdentity(topicId: () => Promise<unknown>, events: Pick<ConsumerEvents, 'crashed'>): () => void {
  const timer = setInterval(() => {
    topicId().catch((error: unknown) => {
      if (!(error instanceof BankChurnError) || error.action !== 'fatal') return;
      clearInterval(timer);
      events.crashed(error);
    });
  }, IDENTITY_CHECK_MS);
  return () => clearInterval(timer);
}

/** Between the end of a consumer and its next start the library refuses: nothing is fetched then, and a new assignment pauses anew. */
function pause(consumer: Consumer, partitions: Parameters<Consumer['pause']>[0]): void {
  try {
    consumer.pause(partitions);
  } catch (error) {
    if ((error as Error).name !== 'KafkaJSNonRetriableError') throw translateError(error);
  }
}

function listen(
  consumer: Consumer,
  topic: string,
  events: ConsumerEvents,
  positions: Positions,
  lag: LagTracker,
): void {
  consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => {
    if (payload.batchSize > 0) return;
    // Nothing but aborted records and markers: kafkajs skips it by itself.
    const { partition } = payload;
    const firstOffset = payload.firstOffset as string | null;
    const next = Number(payload.lastOffset) + 1;
    positions.set(partition, next);
    lag.fetched(partition, Number(firstOffset ?? next), [], next);
    lag.processed(partition, next);
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const partitions = payload.memberAssignment[topic] ?? [];
    lag.assigned(partitions);
    events.assigned(partitions);
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
    if (!payload.restart) events.crashed(translateError(payload.error) as Error);
  });
}
