import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerSettings, KafkaClient, LoopConsumer } from '../kafka/port.ts';
import { messageLimits } from '../kafka/message-limits.ts';
import { partitionCounts } from '../kafka/topics.ts';
import { createAtLeastOnceWriters, createTransactionalWriters, type WriterTopics } from '../kafka/writers.ts';
import { backOff } from '../schemas/back-off.ts';
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import { createPace } from '../schemas/pace.ts';
import type { OpenWriter, OpenRole, Reject } from '../schemas/ports.ts';
import type { Loop, LoopObserver, LoopPorts } from '../consumers/loop-ports.ts';
import { createLoop } from '../consumers/loop.ts';
import type { Metrics } from './metrics.io.ts';

/** Where words go (pino has this shape). */
export interface Log {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** What a role reads and writes: each of its `outputs` needs as many partitions as the input. */
export interface RoleSettings extends ConsumerSettings, WriterTopics {
  readonly kafka: KafkaClient;
  readonly delivery: 'exactly-once' | 'at-least-once';
  readonly maxBatchRecords: number;
  /** Time from `stop` to giving up on what is in hand, milliseconds. */
  readonly stopBudgetMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly onCommitted: LoopObserver['committed'];
  /** What becomes of a record that the role fails on. */
  readonly reject: Reject;
  /** Called before the role is opened: bytes that the records of a batch may have, by output topic. */
  readonly onLimits?: ((limits: ReadonlyMap<string, number>) => void) | undefined;
  readonly wrap?: ((ports: LoopPorts) => LoopPorts) | undefined;
}

/** A role on Kafka. */
export interface RunningRole {
  state(): RoleState;
  /** Finishes the batch in hand, leaves the group, closes. Resolves inside the stop budget. */
  stop(): Promise<void>;
}
export interface RoleState {
  readonly joined: boolean;
  readonly waitingFor: string | undefined;
  readonly assigned: readonly number[];
  readonly ready: readonly number[];
  /** When Kafka last gave a sign of life, milliseconds since 1970. */
  readonly lastAliveMs: number | undefined;
}

const BACK_OFF_MS = { first: 100, longest: 5000 };
const MAX_SEND_BYTES = 700_000;
const TOPIC_POLL_MS = 1000;
/** Lines about batches given up are at least so far apart, milliseconds. */
const FAULT_LINE_MS = 2000;

/**
 * Runs a role until `stop`. Comes back at once; waits for topics and brokers in the background.
 *
 * @param fatal called once when the role cannot go on: the process should end with a non-zero code.
 */
export function runRole(
  settings: RoleSettings,
  openRole: OpenRole,
  fatal: (error: unknown) => void,
): RunningRole {
  const { kafka, topic, log, metrics } = settings;
  let waitingFor: string | undefined;
  let joined = false;
  let lastAliveMs: number | undefined;
  let stopped = false;
  let loop: Loop | undefined;
  let consumer: LoopConsumer | undefined;
  let closeWriters = (): Promise<void> => Promise.resolve();

  async function start(): Promise<void> {
    await retrying(() => topicsReady(), 'topics');
    if (stopped) return;
    consumer = kafka.consumer(settings);
    const openWriter = await retrying(writers, 'producer');
    const limits = await retrying(
      () => messageLimits(kafka, [...settings.outputs, ...settings.singles]),
      'topics',
    );
    if (openWriter === undefined || limits === undefined) return;
    settings.onLimits?.(limits);
    const observer = createObserver(settings, fatal);
    const ports = {
      source: consumer.source,
      openWriter: whenOutputsAreThere(openWriter),
      openRole,
      reject: settings.reject,
      clock: { now: Date.now, sleep },
      observer,
    };
    const options = {
      topic,
      maxBatchRecords: settings.maxBatchRecords,
      maxSendBytes: Math.min(MAX_SEND_BYTES, ...limits.values()),
      answerTimeoutMs: settings.sessionTimeoutMs,
      backOffMs: BACK_OFF_MS,
    };
    const running = createLoop(settings.wrap?.(ports) ?? ports, options);
    loop = running;
    const started = consumer;
    await retrying(
      () =>
        started.start({
          assigned: (partitions) => {
            joined = true;
            for (const partition of running.state().assigned) {
              metrics.lagRecords.remove({ topic, partition });
              metrics.lagSeconds.remove({ topic, partition });
            }
            log.info({ topic, partitions }, 'partitions assigned');
            running.assigned(partitions);
          },
          deliver: running.deliver,
          heard: running.beat,
          lag: (partition, records, ageMs) => {
            metrics.lagRecords.set({ topic, partition }, records);
            metrics.lagSeconds.set({ topic, partition }, ageMs / 1000);
          },
          alive: () => {
            lastAliveMs = Date.now();
          },
          left: () => {
            joined = false;
          },
          crashed: (error) => fatal(error),
        }),
      'consumer',
    );
  }

  async function writers(): Promise<OpenWriter> {
    if (settings.delivery === 'exactly-once')
      return createTransactionalWriters(kafka, settings.groupId, settings);
    const plain = await createAtLeastOnceWriters(kafka, (...offset) => consumer!.commitOffset(...offset));
    closeWriters = plain.close;
    return plain.openWriter;
  }

  /** Repeats until it works or `stop`: a broker that is away at the start is no reason to end. */
  async function retrying<T>(work: () => Promise<T>, what: string): Promise<T | undefined> {
    for (let failures = 0; !stopped; failures++) {
      try {
        const done = await work();
        waitingFor = undefined;
        return done;
      } catch (error) {
        if (error instanceof BankChurnError && error.action === 'fatal') throw error;
        const message = messageOf(error);
        const waitMs = backOff(BACK_OFF_MS, failures);
        waitingFor = error instanceof WaitingForTopics ? message : 'Kafka does not answer';
        log.warn({ retryInMs: waitMs, fault: message }, `${what}: not ready, trying again`);
        await sleep(error instanceof WaitingForTopics ? TOPIC_POLL_MS : waitMs);
      }
    }
    return undefined;
  }

  let outputPartitions = 0;

  /** Outputs grow before inputs; where they have not, the new partitions wait. */
  function whenOutputsAreThere(openWriter: OpenWriter): OpenWriter {
    return async (inputTopic, partition) => {
      if (partition >= outputPartitions) {
        const counts = await partitionCounts(kafka, settings.outputs);
        outputPartitions = Math.min(...counts.values());
        const short = [...counts].filter(([, count]) => partition >= count).map(([name]) => name);
        if (short.length > 0)
          throw new BankChurnError(
            'PARTITION_MISSING',
            `${topic} has a partition ${String(partition)}, ${short.join(' and ')} not: add partitions there; it waits`,
          );
      }
      return openWriter(inputTopic, partition);
    };
  }

  async function topicsReady(): Promise<void> {
    const counts = await partitionCounts(kafka, [topic, ...settings.outputs, ...settings.singles]);
    const missing = [...counts].filter(([, count]) => count === 0).map(([name]) => name);
    if (missing.length > 0)
      throw new WaitingForTopics(
        `topics missing: ${missing.join(', ')} (make them: bankchurn topics create)`,
      );
    const wanted = counts.get(topic)!;
    const short = settings.outputs.filter((output) => counts.get(output)! < wanted);
    if (short.length > 0)
      throw new WaitingForTopics(`fewer partitions than ${topic} (${String(wanted)}): ${short.join(', ')}`);
  }

  async function stop(): Promise<void> {
    stopped = true;
    loop?.stop();
    const closed = (async (): Promise<void> => {
      await consumer?.stop();
      await loop?.close();
      await closeWriters();
    })();
    await Promise.race([closed, sleep(settings.stopBudgetMs)]);
  }

  const running = start().catch((error: unknown) => {
    if (!stopped) fatal(error);
  });
  return {
    state: () => ({ joined, waitingFor, lastAliveMs, ...(loop?.state() ?? { assigned: [], ready: [] }) }),
    stop: async () => {
      await stop();
      await Promise.race([running, sleep(1000)]);
    },
  };
}

class WaitingForTopics extends Error {}

function createObserver(
  { metrics, log, topic, onCommitted }: RoleSettings,
  fatal: (error: unknown) => void,
): LoopObserver {
  const pace = createPace(FAULT_LINE_MS);
  return {
    armed: (partition, offset) => log.info({ topic, partition, offset }, 'partition ready'),
    committed: onCommitted,
    disarmed: (partition, error, retryInMs) => {
      metrics.disarmed.inc();
      const passedOver = pace.next(Date.now());
      if (passedOver === undefined) return;
      const fault = messageOf(error);
      const code = error instanceof BankChurnError ? error.code : undefined;
      log.error(
        { topic, partition, code, fault, retryInMs, ...(passedOver === 0 ? {} : { passedOver }) },
        'batch given up, nothing of it committed; trying again',
      );
    },
    rejected: (partition, offset, error) => {
      const code = error instanceof BankChurnError ? error.code : 'PROCESSING_FAILED';
      log.error(
        { topic, partition, offset, code, fault: messageOf(error) },
        'record cannot be processed: rejected',
      );
    },
    fatal,
  };
}
