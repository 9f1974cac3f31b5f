/**
 * What is ready waits for the transaction in flight, and a little for partitions that are still being decided about: until half of them are
 * ready. So one half is decided about while the other is committed, and transactions are few.
 */
import { BankChurnError } from '../../schemas/errors.ts';
import type { Participant } from './commit-round.ts';

export interface RoundQueue {
  add(participant: Participant): void;
  /** Takes out what a partition has waiting. Returns whether it has a part in the transaction in flight, which cannot be taken out. */
  withdraw(partition: number): boolean;
  /** Refuses what waits, and resolves when nothing is in flight. */
  quiesce(error: Error): Promise<void>;
}

interface QueuePorts {
  readonly inHand: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly lingerMs: number;
}

/** @param run settles all participants, and never rejects. */
export function createQueue(
  { inHand, sleep, lingerMs }: QueuePorts,
  run: (participants: readonly Participant[]) => Promise<void>,
): RoundQueue {
  let waiting: Participant[] = [];
  let inFlight: readonly Participant[] = [];
  let running: Promise<void> | undefined;
  let isLingering = false;

  function next(): void {
    if (running !== undefined || waiting.length === 0) return;
    if (waiting.length * 2 >= inHand()) start();
    else if (!isLingering) {
      isLingering = true;
      void sleep(lingerMs).then(() => {
        isLingering = false;
        start();
      });
    }
  }

  function start(): void {
    if (running !== undefined || waiting.length === 0) return;
    inFlight = waiting;
    waiting = [];
    running = run(inFlight).finally(() => {
      running = undefined;
      inFlight = [];
      next();
    });
  }

  return {
    add: (participant) => {
      waiting.push(participant);
      next();
    },
    withdraw: (partition) => {
      const isOfIt = ({ session }: Participant): boolean => session.partition === partition;
      const given = waiting.filter(isOfIt);
      waiting = waiting.filter((participant) => !isOfIt(participant));
      for (const { reject } of given)
        reject(new BankChurnError('TRANSACTION_FAILED', 'the batch was given up'));
      return inFlight.some(isOfIt);
    },
    quiesce: async (error) => {
      for (const { reject } of waiting) reject(error);
      waiting = [];
      await running;
    },
  };
}
