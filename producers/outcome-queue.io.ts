import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordProducer } from '../kafka/port.ts';
import type { CustomerOutcome } from '../schemas/generated.ts';
import type { SourcedEvent } from './sourced-event.ts';

export interface OutcomeOptions {
  readonly topic: string;
  readonly encode: (outcome: CustomerOutcome) => Buffer | string;
  /** From an event to the bank knowing what became of it, milliseconds. */
  readonly lagMs: number;
}

/** Outcomes that wait for their time: each follows its event by the label lag. */
export interface OutcomeQueue {
  /** The event was sent now. */
  add(sourced: SourcedEvent): void;
  /** Sends what is due. While too many wait, waits with them, until aborted. */
  sendDue(signal?: AbortSignal): Promise<void>;
  /** Waits for the rest and sends it. Returns how many were sent in all; an abort leaves the rest unsent. */
  drain(signal?: AbortSignal): Promise<number>;
}

const SEND_RECORDS = 500;
/** Outcomes held in memory at most; a source that is faster than that waits. */
const MOST_WAITING = 1_000_000;
const TICK_MS = 20;

interface Waiting {
  readonly dueMs: number;
  readonly customerId: string;
  readonly eventId: string;
  readonly churned: boolean;
}

export function createOutcomeQueue(
  producer: RecordProducer,
  { topic, encode, lagMs }: OutcomeOptions,
): OutcomeQueue {
  let waiting: Waiting[] = [];
  let first = 0;
  let sent = 0;

  async function sendDue(signal?: AbortSignal): Promise<void> {
    do {
      const now = Date.now();
      let due = first;
      while (due < waiting.length && due - first < SEND_RECORDS && waiting[due]!.dueMs <= now) due++;
      if (due === first) {
        if (waiting.length - first < MOST_WAITING || signal?.aborted === true) return;
        await sleep(TICK_MS);
        continue;
      }
      const records = waiting.slice(first, due).map(({ customerId, eventId, churned }) => ({
        key: customerId,
        value: encode({ outcomeId: `o-${eventId}`, customerId, eventId, churned, observedAt: now }),
      }));
      await producer.send(topic, records);
      sent += records.length;
      first = due;
      if (first > waiting.length / 2) [waiting, first] = [waiting.slice(first), 0];
    } while (waiting.length > first);
  }

  return {
    add: ({ event, churned }) => {
      if (churned === undefined) return;
      const { customerId, eventId } = event;
      waiting.push({ dueMs: Date.now() + lagMs, customerId, eventId, churned });
    },
    sendDue,
    drain: async (signal) => {
      while (waiting.length > first && signal?.aborted !== true) {
        await sendDue(signal);
        await sleep(TICK_MS);
      }
      return sent;
    },
  };
}
