/** Fetched records handed on one by one: what cannot be read now comes again until it can, and what is behind it waits. */
import { backOff } from '../schemas/back-off.ts';
import { isTransient } from '../schemas/errors.ts';
import type { Clock, SourceRecord } from '../schemas/ports.ts';
import type { OnRecord, OnRetry } from './port.ts';

/** Before a record is tried again, milliseconds. */
const RETRY_MS = { first: 100, longest: 5000 };

/** Some consecutive records of one partition, and how to keep the membership alive over them. */
export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly SourceRecord[];
  heartbeat(): Promise<void>;
  isRunning(): boolean;
}

export interface RecordByRecord {
  /** One fetch of a partition at a time: after an error of the broker a second one can come while the first is in hand. */
  read(fetched: Fetched): Promise<void>;
  /** Where reading goes on in a partition; undefined: nothing of it was read yet. */
  next(topic: string, partition: number): number | undefined;
}

export function createRecordByRecord(
  onRecord: OnRecord,
  onRetry: OnRetry,
  sleep: Clock['sleep'],
): RecordByRecord {
  const next = new Map<string, number>();
  const inHand = new Map<string, Promise<void>>();

  /** Whether the record is done; false: the reading has ended meanwhile. */
  async function handOn(fetched: Fetched, record: SourceRecord): Promise<boolean> {
    for (let failures = 0; fetched.isRunning(); failures++) {
      try {
        await onRecord(fetched.topic, fetched.partition, record);
        return true;
      } catch (error) {
        if (!isTransient(error)) {
          next.set(placeOf(fetched.topic, fetched.partition), record.offset + 1);
          throw error;
        }
        onRetry(error);
        await sleep(backOff(RETRY_MS, failures));
        await fetched.heartbeat();
      }
    }
    return false;
  }

  async function readFetched(fetched: Fetched): Promise<void> {
    const place = placeOf(fetched.topic, fetched.partition);
    for (const record of fetched.records) {
      if (record.offset < (next.get(place) ?? 0)) continue;
      if (!(await handOn(fetched, record))) return;
      next.set(place, record.offset + 1);
    }
    await fetched.heartbeat();
  }

  return {
    next: (topic, partition) => next.get(placeOf(topic, partition)),
    read: async (fetched) => {
      const place = placeOf(fetched.topic, fetched.partition);
      const turn = (inHand.get(place) ?? Promise.resolve()).then(() => readFetched(fetched));
      inHand.set(
        place,
        turn.catch(() => undefined),
      );
      await turn;
    },
  };
}

const placeOf = (topic: string, partition: number): string => `${topic}/${String(partition)}`;
