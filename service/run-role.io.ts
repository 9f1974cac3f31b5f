import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerSettings, KafkaClient, LoopConsumer } from '../kafka/port.ts';
import { messageLimits, sendBytes } from '../kafka/message-limits.ts';
import { partitionCounts } from '../kafka/topics.ts';
import { backOff } from '../schemas/back-off.ts';
import { BankChurnError, messageOf, type ErrorCode } from '../schemas/errors.ts';
import type { OpenWriter, OpenRole, Reject } from '../schemas/ports.ts';
import type { Loop, LoopPorts } from '../consumers/loop-ports.ts';
import { createLoop } from '../consumers/loop.ts';
import { faultOf } from './fault.ts';
import { consumerEvents, createObserver, createSigns, roleState, type Log, type RoleState, type RoleView, type Signs } from './role-view.ts'; // prettier-ignore
import { partitionFault, topicFaults, topicsOf } from './topic-checks.ts';

/** What a role reads and writes: each of its `outputs` needs as many partitions as the input. */
export interface RoleSettings extends RoleView, ConsumerSettings {
  readonly kafka: KafkaClient;
  /** What becomes of a record that the role fails on. */
  readonly reject: Reject;
  /** Called before the role is opened: bytes that the records of a batch may have, by output topic. */
  readonly onLimits?: ((limits: ReadonlyMap<string, number>) => void) | undefined;
  readonly maxBatchRecords: number;
  /** Time from `stop` to giving up on what is in hand, milliseconds. */
  readonly stopBudgetMs: number;
  readonly wrap?: ((ports: LoopPorts) => LoopPorts) | undefined;
}

/** A role on Kafka. */
export interface RunningRole {
  state(): RoleState;
  /** Finishes the batch in hand, leaves the group, closes. Resolves inside the stop budget. */
  stop(): Promise<void>;
}

const BACK_OFF_MS = { first: 100, longest: 5000 };
const TOPIC_POLL_MS = 1000;

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
  const { kafka } = settings;
  const signs = createSigns();
  let stopped = false;
  let loop: Loop | undefined;
  let consumer: LoopConsumer | undefined;
  const retrying = createRetrying(settings.log, signs, () => stopped);

  async function start(): Promise<void> {
    await retrying(() => topicsReady(settings), 'topics');
    if (stopped) return;
    const reading = kafka.consumer(settings);
    consumer = reading;
    const limits = await retrying(
      () => messageLimits(kafka, [...settings.outputs, ...settings.singles]),
      'topics',
    );
    if (limits === undefined) return;
    settings.onLimits?.(limits);
    const maxSendBytes = sendBytes(limits);
    const running = openLoop({ settings, signs, reading, maxSendBytes, openRole, fatal });
    loop = running;
    const events = consumerEvents(settings, signs, running, fatal, Date.now);
    await reading.start(events);
  }

  async function stop(): Promise<void> {
    stopped = true;
    loop?.stop();
    const closed = (async (): Promise<void> => {
      await consumer?.stop();
      await loop?.close();
    })();
    await Promise.race([closed, sleep(settings.stopBudgetMs)]);
  }

  const running = start().catch((error: unknown) => {
    if (!stopped) fatal(error);
  });
  return {
    state: () => roleState(signs, loop),
    stop: async () => {
      await stop();
      await Promise.race([running, sleep(1000)]);
    },
  };
}

interface LoopParts {
  readonly settings: RoleSettings;
  readonly signs: Signs;
  readonly reading: LoopConsumer;
  readonly maxSendBytes: number;
  readonly openRole: OpenRole;
  readonly fatal: (error: unknown) => void;
}

/** The loop of a role over a consumer. */
function openLoop(parts: LoopParts): Loop {
  const { settings, signs, reading, maxSendBytes, openRole, fatal } = parts;
  const { source, openWriter } = reading;
  const ports = {
    source,
    openWriter: whenOutputsAreThere(settings, openWriter),
    openRole,
    reject: settings.reject,
    clock: { now: Date.now, sleep },
    observer: createObserver(settings, signs, fatal, Date.now),
  };
  return createLoop(settings.wrap?.(ports) ?? ports, {
    topic: settings.topic,
    maxBatchRecords: settings.maxBatchRecords,
    maxSendBytes,
    answerTimeoutMs: settings.sessionTimeoutMs,
    backOffMs: BACK_OFF_MS,
  });
}

/** Outputs grow before inputs; where they have not, the new partitions wait. */
function whenOutputsAreThere({ kafka, topic, outputs }: RoleSettings, openWriter: OpenWriter): OpenWriter {
  let outputPartitions = 0;
  return async (inputTopic, partition) => {
    if (partition >= outputPartitions) {
      const counts = await partitionCounts(kafka, outputs);
      outputPartitions = Math.min(...counts.values());
      const fault = partitionFault(counts, topic, partition);
      if (fault !== undefined) throw new BankChurnError('PARTITION_MISSING', fault);
    }
    return openWriter(inputTopic, partition);
  };
}

class WaitingForTopics extends BankChurnError {}

async function topicsReady({ kafka, topic, outputs, singles }: RoleSettings): Promise<void> {
  const needs = [{ topic, outputs, singles }];
  const states = await kafka.administer((admin) => admin.topicStates(topicsOf(needs)));
  const [fault] = topicFaults(states, needs);
  if (fault !== undefined) throw new WaitingForTopics(fault.code as ErrorCode, fault.detail);
}

/** Repeats until it works or `stop`: a broker that is away at the start is no reason to end. */
function createRetrying(log: Log, signs: Signs, isStopped: () => boolean) {
  return async <T>(work: () => Promise<T>, what: string): Promise<T | undefined> => {
    for (let failures = 0; !isStopped(); failures++) {
      try {
        const done = await work();
        signs.fault = undefined;
        return done;
      } catch (error) {
        if (error instanceof BankChurnError && error.action === 'fatal') throw error;
        const waitMs = error instanceof WaitingForTopics ? TOPIC_POLL_MS : backOff(BACK_OFF_MS, failures);
        signs.fault = faultOf(error);
        log.warn({ retryInMs: waitMs, fault: messageOf(error) }, `${what}: not ready, trying again`);
        await sleep(waitMs);
      }
    }
    return undefined;
  };
}
