/** Fetched records handed on one by one: what cannot be read now comes again until it can, and what is behind it waits. */
import { backOff } from '../schemas/back-off.ts';
import { isTransient } from '../schemas/errors.ts';
import type { Clock, SourceRecord } from '../schemas/ports.ts';
import type { OnFault, OnRecord } from './port.ts';

/** Before a record is tried again, milliseconds. */
const RETRY_MS = { first: 100, longest: 5000 };

/** Some consecutive records of one partition. */
export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly SourceRecord[];
  isRunning(): boolean;
}

export interface RecordByRecord {
  /** One fetch of a partition at a time: after an error of the broker a second one can come while the first is in hand. */
  read(fetched: Fetched): Promise<void>;
  /** Where reading goes on in a partition; undefined: nothing of it was read yet. */
  next(topic: string, partition: number): number | undefined;
  /** Why a record is being tried again; undefined: none is. */
  fault(): unknown;
}

export function createRecordByRecord(
  onRecord: OnRecord,
  onFault: OnFault,
  sleep: Clock['sleep'],
): RecordByRecord {
  const next = new Map<string, number>();
  const inHand = new Map<string, Promise<void>>();
  const faults = new Map<string, unknown>();

  /** Whether the record is done, read or skipped; false: the reading has ended meanwhile. */
  async function handOn(fetched: Fetched, record: SourceRecord): Promise<boolean> {
    const place = placeOf(fetched.topic, fetched.partition);
    try {
      for (let failures = 0; fetched.isRunning(); failures++) {
        try {
          await onRecord(fetched.topic, fetched.partition, record);
          return true;
        } catch (error) {
          onFault(error);
          if (!isTransient(error)) return true;
          faults.set(place, error);
        }
        await sleep(backOff(RETRY_MS, failures));
      }
      return false;
    } finally {
      faults.delete(place);
    }
  }

  async function readFetched(fetched: Fetched): Promise<void> {
    const place = placeOf(fetched.topic, fetched.partition);
    for (const record of fetched.records) {
      if (record.offset < (next.get(place) ?? 0)) continue;
      if (!(await handOn(fetched, record))) return;
      next.set(place, record.offset + 1);
    }
  }

  return {
    next: (topic, partition) => next.get(placeOf(topic, partition)),
    fault: () => faults.values().next().value,
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
