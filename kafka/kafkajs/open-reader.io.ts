/** Whole topics read as they grow. Whatever ends the library's consumer, another one goes on where it was. */
import './patches/install.io.ts'; // before the library
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import { backOff } from '../../schemas/back-off.ts';
import { messageOf } from '../../schemas/errors.ts';
import type { KafkaClient, OnFault, Reader } from '../port.ts';
import { createRecordByRecord, type RecordByRecord } from '../record-by-record.ts';
import { administer } from './admin.io.ts';
import { FETCH_LIMITS, METADATA_MAX_AGE_MS } from './client.io.ts';
import { anyOf, leave, ownGroup, readable } from './readers.io.ts';
import { toSourceRecord } from './records.ts';
import { reading as rightsOf, translated, translateError } from './translate-errors.ts';

/** Membership ends this long after the last heartbeat. */
const SESSION_TIMEOUT_MS = 15_000;
/** Before a reading that has ended begins anew, milliseconds. */
const RETRY_MS = { first: 250, longest: 5000 };
/** The same error is reported again after so long, milliseconds. */
const TELL_AGAIN_MS = 60_000;

/** Where reading goes on in a partition; undefined: at its beginning. */
type Next = RecordByRecord['next'];

/** What one consumer of the library is opened with. */
interface Opening {
  readonly kafka: Kafka;
  readonly topics: readonly string[];
  /** What the name of its group begins with. */
  readonly group: string;
  readonly records: RecordByRecord;
  readonly next: Next;
  /** It reads; or it does not, and why. */
  readonly onState: (fault?: unknown) => void;
}

export const openReader =
  (kafka: Kafka): KafkaClient['openReader'] =>
  async (topics, { group, fromBeginning }, onRecord, onFault = () => undefined) => {
    const ends = fromBeginning ? undefined : await endsOf(kafka, topics);
    const records = createRecordByRecord(onRecord, onFault, sleep);
    const next: Next = (topic, partition) =>
      records.next(topic, partition) ?? ends?.get(topic)?.get(partition);
    return supervise(records, onFault, (onState) =>
      openOnce({ kafka, topics, group, records, next, onState }),
    );
  };

/** A consumer that has joined its group. */
interface Running {
  /** Resolves when the library has given up. */
  readonly ended: Promise<unknown>;
  leave(): Promise<void>;
}

/** Opens, and opens again whenever that ends, until `close`. */
async function supervise(
  records: RecordByRecord,
  onFault: OnFault,
  open: (onState: (fault?: unknown) => void) => Promise<Running>,
): Promise<Reader> {
  const closing = new AbortController();
  let fault: unknown;
  const tell = createTeller(onFault);
  const onState = (now?: unknown): void => {
    fault = now;
    if (now !== undefined) tell(now);
  };
  let running: Running | undefined = await open(onState);

  async function openAgain(): Promise<void> {
    for (let failures = 0; ; failures++) {
      await sleep(backOff(RETRY_MS, failures), undefined, { ref: false, signal: closing.signal });
      try {
        running = await open(onState);
        if (closing.signal.aborted) await running.leave();
        return;
      } catch (error) {
        onState(error);
      }
    }
  }

  async function keep(): Promise<void> {
    while (!closing.signal.aborted && running !== undefined) {
      await running.ended;
      void running.leave().catch(() => undefined);
      running = undefined;
      await openAgain();
    }
  }

  keep().catch(() => undefined); // it was closed
  return {
    fault: () => fault ?? records.fault(),
    close: async () => {
      closing.abort();
      await running?.leave();
    },
  };
}

/** Tells each fault when it is new, and again after a while. */
function createTeller(onFault: OnFault): OnFault {
  let last: string | undefined;
  let toldMs = -Infinity;
  return (error) => {
    const message = messageOf(error);
    if (message === last && Date.now() - toldMs < TELL_AGAIN_MS) return;
    last = message;
    toldMs = Date.now();
    onFault(error);
  };
}

/** Resolves when the consumer has joined; rejects if it cannot. */
async function openOnce(opening: Opening): Promise<Running> {
  const { kafka, topics, group, records } = opening;
  const groupId = ownGroup(group);
  const consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: 1000,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    ...FETCH_LIMITS,
  });
  const leaving = (): Promise<void> => translated(() => leave(kafka, consumer, groupId));
  const { joined, ended } = watch(consumer, opening);
  try {
    return await translated(
      async () => {
        await consumer.connect();
        await consumer.subscribe({ topics: [...topics], fromBeginning: true });
        await consumer.run({
          autoCommit: false,
          eachBatch: ({ batch, heartbeat, isRunning }) => {
            const { topic, partition, messages } = batch;
            const fetched = readable(kafka, messages.map(toSourceRecord));
            return records.read({ topic, partition, records: fetched, heartbeat, isRunning });
          },
        });
        await Promise.race([joined, ended.then((error) => Promise.reject(error as Error))]);
        return { ended, leave: leaving };
      },
      rightsOf(topics, anyOf(group)),
    );
  } catch (error) {
    void leaving().catch(() => undefined);
    throw error;
  }
}

/** When it has joined for the first time, and when it is gone for good. */
function watch(consumer: Consumer, { topics, group, next, onState }: Opening) {
  const joined = new Promise<void>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      goOn(consumer, payload.memberAssignment, next);
      onState();
      resolve();
    });
  });
  const ended = new Promise<unknown>((resolve) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      const error = translateError(payload.error, rightsOf(topics, anyOf(group)));
      onState(error);
      if (!payload.restart) resolve(error);
    });
  });
  return { joined, ended };
}

/** Nothing is committed, so after a second join kafkajs would start all over. */
function goOn(consumer: Consumer, assignment: Readonly<Record<string, readonly number[]>>, next: Next): void {
  for (const [topic, partitions] of Object.entries(assignment))
    for (const partition of partitions) {
      const offset = next(topic, partition);
      if (offset !== undefined) consumer.seek({ topic, partition, offset: String(offset) });
    }
}

/** Where each partition ends now: what is appended later is read, however often the reading begins anew. */
const endsOf = (kafka: Kafka, topics: readonly string[]) =>
  administer(kafka, async (admin) => {
    const ends = new Map<string, ReadonlyMap<number, number>>();
    for (const topic of topics) {
      const bounds = await admin.offsetBounds(topic);
      ends.set(topic, new Map(bounds.map(({ partition, to }) => [partition, to])));
    }
    return ends;
  });
