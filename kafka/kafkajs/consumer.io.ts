/** The consumer under the loop. */
import './patches/install.io.ts'; // before the library
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import { KafkaError } from '../errors.ts';
import { createLagTracker, datedOf, type LagTracker } from '../lag.ts';
import { offsetNote } from '../offset-note.ts';
import { findPosition } from '../offsets.ts';
import type { ConsumerEvents, ConsumerSettings, LoopConsumer } from '../port.ts';
import { rememberTopicId } from '../topic-identity.ts';
import { backOff } from '../../schemas/back-off.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import { adminOf } from './admin.io.ts';
import { FETCH_LIMITS, METADATA_MAX_AGE_MS } from './client.io.ts';
import { deliver, type Positions } from './delivery.ts';
import { watchLag } from './lag-watch.io.ts';
import { refuseJumps } from './patches/offset-jumps.io.ts';
import { reading, throwNeeding, translated, translatedSync, translateError, type Needs } from './translate-errors.ts'; // prettier-ignore

/** Partitions side by side; the fetch limits bound what lies in memory. */
const CONCURRENT_PARTITIONS = 64;
/** A topic that is created anew is found out after this long, milliseconds. Until then its events carry the former topic's id. */
const IDENTITY_CHECK_MS = 3000;

/** Before a consumer that the library has given up begins anew, milliseconds. */
const RETRY_MS = { first: 250, longest: 5000 };

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
  let end = (): void => undefined;
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
    start: async (events) => {
      listen(consumer, topic, events, positions, lag);
      const stopWatchingLag = watchLag({ admin, offsets, settings, lag, events });
      const stopWatchingIdentity = watchIdentity(() => offsets.topicId(topic), events);
      const run = async (): Promise<void> => {
        await admin.connect();
        await consumer.connect();
        await consumer.subscribe({ topic, fromBeginning: true });
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: CONCURRENT_PARTITIONS,
          eachBatch: (payload) => deliver(payload, events, positions, lag),
        });
      };
      const running = keepRunning(consumer, run, reading([topic], groupId), events);
      end = () => {
        stopWatchingLag();
        stopWatchingIdentity();
        running.end();
      };
      await running.begun;
    },
    stop: () =>
      translated(async () => {
        end();
        await consumer.disconnect();
        await admin.disconnect();
      }),
    commitOffset: (committedTopic, partition, nextOffset, topicId) => {
      const offset = { topic: committedTopic, partition, offset: String(nextOffset) };
      return consumer
        .commitOffsets([{ ...offset, metadata: offsetNote(topicId) }])
        .catch(throwNeeding(reading([committedTopic], groupId)));
    },
  };
}

/**
 * Begins, and begins anew with growing waits when the library gives up for what may pass: a lost right, a changed password, a
 * deleted topic. It is the same consumer, which so comes back as the member it was (ADR 12).
 */
function keepRunning(
  consumer: Consumer,
  run: () => Promise<void>,
  needs: Needs,
  events: ConsumerEvents,
): { readonly begun: Promise<void>; end(): void } {
  const ending = new AbortController();
  let failures = 0;

  /** Whether to try again. */
  function mayPass(error: unknown): boolean {
    if (ending.signal.aborted) return false;
    if (error instanceof KafkaError && error.kind !== 'fatal') {
      events.failed(error);
      return true;
    }
    events.crashed(error as Error);
    return false;
  }

  async function begin(): Promise<void> {
    while (!ending.signal.aborted) {
      try {
        await run();
        return;
      } catch (error) {
        if (!mayPass(translateError(error, needs))) return;
        await rest();
      }
    }
  }

  const rest = (): Promise<unknown> =>
    sleep(backOff(RETRY_MS, failures++), undefined, { signal: ending.signal }).catch(() => undefined);

  consumer.on(consumer.events.GROUP_JOIN, () => {
    failures = 0;
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    const error = translateError(payload.error, needs);
    events.left();
    if (payload.restart) events.failed(error);
    else if (mayPass(error)) void rest().then(begin);
  });
  return { begun: begin(), end: () => ending.abort() };
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
    lag.fetched(partition, Number(firstOffset ?? next), datedOf([]), next);
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
}
