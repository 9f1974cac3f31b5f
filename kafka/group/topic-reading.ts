/**
 * Reads a topic outside of any group: from given offsets on, each partition in order, one set of records at a time, until `close`. It
 * goes on by itself over brokers that are away and leaders that move; what lasts is reported.
 */
import type { Clock } from '../../schemas/ports.ts';
import type { Records } from '../../schemas/records.ts';
import type { OffsetRange } from '../port.ts';
import { createFetcher, type Fetcher } from './fetcher.ts';
import type { ReadFetched } from './fetch-hands.ts';
import { isPassing } from './member-errors.ts';
import type { FetchPort } from './ports.ts';

/** An error that may pass is reported after this long without an answer to a fetch, milliseconds. */
const PATIENCE_MS = 5000;
/** A broker with nothing new holds a fetch for so long, milliseconds: at rest a reading costs next to nothing. */
const MAX_WAIT_MS = 2000;
/** Before something that failed is asked again, milliseconds. */
const AGAIN_MS = 1000;

export interface TopicReadingSettings {
  readonly topic: string;
  readonly port: FetchPort;
  readonly clock: Clock;
  readonly read: ReadFetched;
  /** The broker's error of a partition. */
  readonly errorOf: (code: number) => unknown;
  /** What the broker holds of each partition. */
  readonly bounds: () => Promise<readonly OffsetRange[]>;
  /** Awaited: while it works on one set, nothing else is handed on. */
  deliver(partition: number, records: Records): Promise<void>;
  /** All before `next` has been handed on, or is not to be read. */
  passed?(partition: number, next: number): void;
  /** It reads; or it does not, and why. */
  onState(error?: unknown): void;
}

export interface TopicReading {
  /** Reads these partitions and no others, from these offsets on. What was fetched of them before is forgotten. */
  readFrom(offsets: ReadonlyMap<number, number>): void;
  close(): void;
}

const NO_LAG = { fetched: () => undefined, processed: () => undefined };

export function createTopicReading(settings: TopicReadingSettings): TopicReading {
  const { topic, clock, passed = () => undefined, onState } = settings;
  let isClosed = false;
  const state = (error?: unknown): void => {
    if (!isClosed) onState(error);
  };

  /** Skips what the broker has deleted: reading goes on with the first record that it has. */
  async function skipDeleted(partition: number): Promise<void> {
    while (!isClosed) {
      try {
        const held = (await settings.bounds()).find((range) => range.partition === partition);
        if (held === undefined) throw settings.errorOf(UNKNOWN_PARTITION);
        passed(partition, held.from);
        fetcher.seek(partition, held.from);
        fetcher.resume(partition);
        return;
      } catch (error) {
        state(error);
        await clock.sleep(AGAIN_MS);
      }
    }
  }

  const fetcher: Fetcher = createFetcher({
    ...{ topic, clock, read: settings.read, errorOf: settings.errorOf },
    port: watched(settings.port, clock, state),
    lag: { ...NO_LAG, processed: passed },
    rules: { concurrent: 1, maxWaitMs: MAX_WAIT_MS },
    events: {
      alive: () => undefined,
      crashed: state,
      outOfRange: (partition) => void skipDeleted(partition),
      deliver: async (partition, records, { resolve }) => {
        await settings.deliver(partition, records);
        if (!isClosed) resolve(records.offsetAt(records.length - 1));
      },
    },
  });

  return {
    readFrom: (offsets) => {
      fetcher.assign([...offsets.keys()], { confirm: () => Promise.resolve(), lose: state });
      for (const [partition, offset] of offsets) {
        fetcher.seek(partition, offset);
        fetcher.resume(partition);
      }
    },
    close: () => {
      isClosed = true;
      fetcher.halt();
    },
  };
}

/** Kafka's code for a topic or a partition that is not there. */
const UNKNOWN_PARTITION = 3;

/** Reports answers, and errors that may pass and do not; the fetcher reports the others. The first fetch does not wait in the broker: whether reading works is known soon. */
function watched(port: FetchPort, { now }: Clock, onState: (error?: unknown) => void): FetchPort {
  let answeredMs = now();
  let isFirst = true;
  async function watch<T>(work: Promise<T>, isAnswer: boolean): Promise<T> {
    try {
      const result = await work;
      if (isAnswer) {
        answeredMs = now();
        onState();
      }
      return result;
    } catch (error) {
      if (isPassing(error) && now() - answeredMs >= PATIENCE_MS) onState(error);
      throw error;
    }
  }
  return {
    leaders: (isStale) => watch(port.leaders(isStale), false),
    fetch: (leader, from, maxWaitMs) => {
      const fetching = watch(port.fetch(leader, from, isFirst ? 0 : maxWaitMs), true);
      isFirst = false;
      return fetching;
    },
  };
}
