/** A plain producer that writes each record once, whatever becomes of the answers. */
import { BankChurnError } from '../schemas/errors.ts';
import type { OutputRecord } from '../schemas/ports.ts';
import type { RecordProducer } from './port.ts';

/** A record that knows its partition from its first try on: a retry must not choose another. */
export interface Addressed extends OutputRecord {
  partition?: number;
}

/** An idempotent producer of the client; its answer names the partitions that were written. */
export interface IdempotentSender {
  send(topic: string, records: readonly Addressed[]): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Tries for records that an answer does not name (a leader moved meanwhile). */
const COVER_TRIES = 5;

/**
 * A client may number its batches again from where it was when a send fails: the broker would take other records under
 * those numbers for those that it may already have, and drop them. So sends go one by one, and after one that failed
 * goes a new sender with a new producer id.
 */
export async function createRecordProducer(open: () => Promise<IdempotentSender>): Promise<RecordProducer> {
  let sender: IdempotentSender | undefined = await open();
  let last: Promise<unknown> = Promise.resolve();

  async function sendNext(topic: string, records: readonly OutputRecord[]): Promise<void> {
    sender ??= await open();
    try {
      await sendAll(sender, topic, records);
    } catch (error) {
      const doubtful = sender;
      sender = undefined;
      await doubtful.close().catch(() => undefined);
      throw error;
    }
  }

  return {
    send: (topic, records) => {
      const sending = last.then(() => sendNext(topic, records));
      last = sending.catch(() => undefined);
      return sending;
    },
    close: async () => {
      await last;
      await sender?.close();
    },
  };
}

async function sendAll(
  sender: IdempotentSender,
  topic: string,
  records: readonly OutputRecord[],
): Promise<void> {
  let left: readonly Addressed[] = records.map((record) => ({ ...record }));
  for (let tries = 0; left.length > 0; tries++) {
    if (tries === COVER_TRIES)
      throw new BankChurnError(
        'TRANSACTION_FAILED',
        `the broker's replies do not cover ${String(left.length)} of ${String(records.length)} records to ${topic}: send them again`,
      );
    const written = new Set(await sender.send(topic, left));
    left = left.filter(({ partition }) => partition === undefined || !written.has(partition));
  }
}
