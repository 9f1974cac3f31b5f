import type { RecordProducer } from '../kafka/kafkajs/client.io.ts';
import type { CustomerEvent, CustomerOutcome } from '../schemas/generated.ts';
import { topicEncoder } from '../service/codecs.ts';
import type { Context } from './context.ts';
import type { SourcedEvent } from './event-source.io.ts';
import { createOutcomeQueue, type OutcomeOptions } from './outcome-queue.io.ts';

export type EventFormat = 'avro' | 'json';
export type EncodeEvent = (event: CustomerEvent) => Buffer | string;

/** Records of one send. */
const SEND_RECORDS = 500;
/** Waits of a rate-limited run, milliseconds: short enough for a smooth stream. */
const TICK_MS = 20;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The encoder of events: Avro where there is a registry, unless JSON is asked for. */
export const eventEncoder = (context: Context, format: EventFormat | undefined): Promise<EncodeEvent> =>
  encoderOf(context, 'customerEvents', format);

/** The encoder of outcomes, likewise. */
export const outcomeEncoder = (
  context: Context,
  format: EventFormat | undefined,
): Promise<(outcome: CustomerOutcome) => Buffer | string> => encoderOf(context, 'customerOutcomes', format);

async function encoderOf(
  { config, registry }: Context,
  topic: 'customerEvents' | 'customerOutcomes',
  format: EventFormat | undefined,
): Promise<(value: object) => Buffer | string> {
  if (format === 'avro' && registry === undefined)
    throw new Error('Avro needs a schema registry: set SCHEMA_REGISTRY_URL, or use --format json');
  return topicEncoder(config, format === 'json' ? undefined : registry, topic);
}

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
