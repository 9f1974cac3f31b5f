/** The producer of this process: opened when it is needed, and again whenever it is in doubt. */
import { BankChurnError } from '../../schemas/errors.ts';
import type { TopicPartition, TransactionalProducer } from './ports.ts';

export interface OwnProducer {
  /** Grows with each transaction, or marker, of which nobody knows what became of it. */
  doubt(): number;
  /** False if a connection of the present producer has broken. */
  isSound(): boolean;
  /** The present producer, or a new one: that decides the last transaction of the one before in all that it has written to. */
  get(): Promise<TransactionalProducer>;
  /** Opens the producer again if something that it has written may be undecided. */
  settle(): Promise<void>;
  /** Said before it is written. */
  writesTo(partitions: readonly TopicPartition[]): void;
  /** What became of its transaction is not known. */
  giveUp(): void;
  /** After an abort that was confirmed: only the numbers of its batches are in doubt. */
  replace(): void;
  /** Aborts the open transaction. Returns whether that was confirmed. */
  abort(): Promise<boolean>;
  close(): Promise<void>;
}

/** @param open fences the former producer, and decides its last transaction in all of `written`. */
export function createOwnProducer(
  open: (written: readonly TopicPartition[]) => Promise<TransactionalProducer>,
): OwnProducer {
  let doubt = 0;
  let producer: TransactionalProducer | undefined;
  let opening: Promise<TransactionalProducer> | undefined;
  let isClosed = false;
  /** Since the producer was opened: Kafka may lose the markers of its last transaction (KAFKA-20734). */
  const written = new Map<string, TopicPartition>();

  function replace(): void {
    const left = producer;
    producer = undefined;
    void left?.close().catch(() => undefined);
  }

  function giveUp(): void {
    doubt += 1;
    replace();
  }

  async function openAnew(): Promise<TransactionalProducer> {
    const opened = await open([...written.values()]);
    written.clear();
    producer = opened;
    return opened;
  }

  async function get(): Promise<TransactionalProducer> {
    if (isClosed) throw new BankChurnError('TRANSACTION_FAILED', 'the writer is closed');
    if (producer?.isSound() === false) giveUp();
    if (producer !== undefined) return producer;
    opening ??= openAnew().finally(() => (opening = undefined));
    return opening;
  }

  return {
    doubt: () => doubt,
    isSound: () => producer?.isSound() !== false,
    get,
    settle: async () => {
      if (written.size > 0 && producer?.isSound() !== true && !isClosed) await get();
    },
    writesTo: (partitions) => {
      for (const at of partitions) written.set(`${at.topic}/${String(at.partition)}`, at);
    },
    giveUp,
    replace,
    abort: async () => {
      try {
        await producer?.end(false);
        return producer !== undefined;
      } catch {
        return false;
      }
    },
    close: async () => {
      isClosed = true;
      await opening?.catch(() => undefined);
      await producer?.close();
    },
  };
}
