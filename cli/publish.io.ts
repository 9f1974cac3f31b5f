import type { RecordProducer } from '../producers/kafka.io.ts';
import { createAvroEncoder } from '../schemas/avro.ts';
import type { CustomerEvent } from '../schemas/generated.ts';
import { subjectName } from '../schemas/subjects.ts';
import { TOPICS } from '../schemas/topics.ts';
import type { Context } from './context.ts';
import type { SourcedEvent } from './event-source.io.ts';

export type EventFormat = 'avro' | 'json';
export type EncodeEvent = (event: CustomerEvent) => Buffer | string;

/** Records of one send. */
const SEND_RECORDS = 500;
/** Waits of a rate-limited run, milliseconds: short enough for a smooth stream. */
const TICK_MS = 20;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The encoder of events: Avro where there is a registry, unless JSON is asked for. */
export async function eventEncoder(
  { config, registry }: Context,
  format: EventFormat | undefined,
): Promise<EncodeEvent> {
  if ((format ?? (registry === undefined ? 'json' : 'avro')) === 'json')
    return (event) => JSON.stringify(event);
  if (registry === undefined)
    throw new Error('Avro needs a schema registry: set SCHEMA_REGISTRY_URL, or use --format json');
  const subject = subjectName(
    config.registry.subjectStrategy,
    config.topics.names.customerEvents,
    'CustomerEvent',
  );
  const id = await registry.schemaId(
    subject,
    'CustomerEvent',
    TOPICS.customerEvents.compatibility as 'BACKWARD_TRANSITIVE',
  );
  return createAvroEncoder('CustomerEvent', id);
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
}

/** Publishes events, keyed by customer. Returns how many. */
export async function publishEvents(
  producer: RecordProducer,
  events: AsyncIterable<SourcedEvent> | Iterable<SourcedEvent>,
  { topic, encode, rate, signal, onEvent, onSent }: PublishOptions,
): Promise<number> {
  const begun = Date.now();
  let waiting: SourcedEvent[] = [];
  let sent = 0;
  const flush = async (): Promise<void> => {
    for (const sourced of waiting) onEvent?.(sourced);
    await producer.send(
      topic,
      waiting.map(({ event }) => ({ key: event.customerId, value: encode(event) })),
    );
    sent += waiting.length;
    waiting = [];
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
  return sent;
}
