import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordProducer } from '../kafka/port.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { SourcedEvent } from './sourced-event.ts';
import { createOutcomeQueue, type OutcomeOptions } from './outcome-queue.io.ts';

/** Records of one send. */
const SEND_RECORDS = 500;
/** Waits of a rate-limited run, milliseconds: short enough for a smooth stream. */
const TICK_MS = 20;

export type EncodeEvent = (event: CustomerEvent) => Buffer | string;

export interface PublishOptions {
  readonly topic: string;
  readonly encode: EncodeEvent;
  /** Events a second; undefined = as fast as it goes. */
  readonly rate?: number | undefined;
  readonly signal?: AbortSignal;
  /** Told of each event just before it is sent. */
  readonly onEvent?: (sourced: SourcedEvent) => void;
  readonly onSent?: (total: number) => void;
  /** Outcomes follow their events, where the source knows them. */
  readonly outcomes?: OutcomeOptions | undefined;
  /** All events are sent; outcomes are still to come. */
  readonly onDraining?: () => void;
}

export interface Published {
  readonly events: number;
  readonly outcomes: number;
}

/** Publishes events, keyed by customer, and outcomes if asked for. Returns how many. */
export async function publishEvents(
  producer: RecordProducer,
  events: AsyncIterable<SourcedEvent> | Iterable<SourcedEvent>,
  options: PublishOptions,
): Promise<Published> {
  const { topic, encode, rate, signal, onEvent, onSent } = options;
  const begun = Date.now();
  const outcomes =
    options.outcomes === undefined ? undefined : createOutcomeQueue(producer, options.outcomes);
  let waiting: SourcedEvent[] = [];
  let sent = 0;
  const flush = async (): Promise<void> => {
    for (const sourced of waiting) onEvent?.(sourced);
    await producer.send(
      topic,
      waiting.map(({ event }) => ({ key: event.customerId, value: encode(event) })),
    );
    sent += waiting.length;
    for (const sourced of waiting) outcomes?.add(sourced);
    waiting = [];
    await outcomes?.sendDue(signal);
    onSent?.(sent);
  };
  const chunk =
    rate === undefined
      ? SEND_RECORDS
      : Math.max(1, Math.min(SEND_RECORDS, Math.round((rate * TICK_MS) / 1000)));
  for await (const sourced of events) {
    if (signal?.aborted === true) break;
    waiting.push(sourced);
    if (waiting.length < chunk) continue;
    await flush();
    const early = rate === undefined ? 0 : begun + (sent / rate) * 1000 - Date.now();
    if (early > 0) await sleep(early);
  }
  if (waiting.length > 0) await flush();
  if (outcomes !== undefined) options.onDraining?.();
  return { events: sent, outcomes: (await outcomes?.drain(signal)) ?? 0 };
}
