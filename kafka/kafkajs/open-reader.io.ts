/** Whole topics read as they grow. */
import './patches/install.io.ts'; // before the library
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { messageOf } from '../../schemas/errors.ts';
import type { KafkaClient, OnFault } from '../port.ts';
import { createRecordByRecord, type RecordByRecord } from '../record-by-record.ts';
import { administer } from './admin.io.ts';
import { METADATA_MAX_AGE_MS } from './client.io.ts';
import { openReadingSite, readable, type ReadingSite } from './readers.io.ts';

/** The same error is reported again after so long, milliseconds. */
const TELL_AGAIN_MS = 60_000;

/** Where reading goes on in a partition of a topic. */
type Next = (topic: string, partition: number) => number;

export const openReader =
  (kafka: Kafka): KafkaClient['openReader'] =>
  async (topics, { fromBeginning }, onRecord, onFault = () => undefined) => {
    const ends = fromBeginning ? undefined : await endsOf(kafka, topics);
    const records = createRecordByRecord(onRecord, onFault, sleep);
    const next: Next = (topic, partition) =>
      records.next(topic, partition) ?? ends?.get(topic)?.get(partition) ?? 0;
    const site = openReadingSite(kafka);
    const faults = new Map<string, unknown>();
    const tell = createTeller(onFault);
    const onState = (topic: string, error?: unknown): void => {
      if (error === undefined) faults.delete(topic);
      else {
        faults.set(topic, error);
        tell(error);
      }
    };
    let isRunning = true;
    const close = (): Promise<void> => {
      isRunning = false;
      for (const follower of followers) follower.close();
      site.close();
      return Promise.resolve();
    };
    const followers: TopicFollower[] = [];
    try {
      for (const topic of topics) {
        const opening = { kafka, site, topic, records, next, isRunning: () => isRunning };
        followers.push(followTopic({ ...opening, onState: (error) => onState(topic, error) }));
      }
      await Promise.all(followers.map(({ begun }) => begun));
    } catch (error) {
      await close();
      throw error;
    }
    return { fault: () => faults.values().next().value ?? records.fault(), close };
  };

interface Following {
  readonly kafka: Kafka;
  readonly site: ReadingSite;
  readonly topic: string;
  readonly records: RecordByRecord;
  readonly next: Next;
  readonly isRunning: () => boolean;
  readonly onState: (error?: unknown) => void;
}

interface TopicFollower {
  /** Resolves with the first answer of a broker; rejects if reading cannot begin. */
  readonly begun: Promise<void>;
  close(): void;
}

/** Reads all partitions of a topic, those too that are added to it. */
function followTopic({ kafka, site, topic, records, next, isRunning, onState }: Following): TopicFollower {
  const port = site.fetchPort(topic);
  let known = 0;
  let onFirst: (error?: unknown) => void = () => undefined;
  const reading = site.reading({
    ...{ topic, port },
    deliver: (partition, fetched) =>
      records.read({ topic, partition, records: readable(kafka, fetched), isRunning }),
    onState: (error) => {
      onState(error);
      onFirst(error);
    },
  });
  const look = setInterval(() => void lookForMore().catch(() => undefined), METADATA_MAX_AGE_MS).unref();

  async function lookForMore(): Promise<void> {
    const partitions = [...(await port.leaders(true)).keys()];
    if (partitions.length <= known || !isRunning()) return;
    known = partitions.length;
    reading.readFrom(new Map(partitions.map((partition) => [partition, next(topic, partition)])));
  }

  async function begin(): Promise<void> {
    const first = new Promise<unknown>((resolve) => (onFirst = resolve));
    await lookForMore();
    const error = await first;
    if (error !== undefined) throw error as Error;
  }

  return {
    begun: begin(),
    close: () => {
      clearInterval(look);
      reading.close();
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

/** Where each partition ends now: what is appended later is read. */
const endsOf = (kafka: Kafka, topics: readonly string[]) =>
  administer(kafka, async (admin) => {
    const ends = new Map<string, ReadonlyMap<number, number>>();
    for (const topic of topics) {
      const bounds = await admin.offsetBounds(topic);
      ends.set(topic, new Map(bounds.map(({ partition, to }) => [partition, to])));
    }
    return ends;
  });
