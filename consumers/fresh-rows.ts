import { tailRanges } from '../kafka/offsets.ts';
import type { KafkaClient } from '../kafka/port.ts';
import type { RecordDecoder } from '../schemas/decoder.ts';
import type { Poison } from '../schemas/errors.ts';
import type { CustomerEvent, CustomerOutcome, RetrainRequested } from '../schemas/generated.ts';
import { splitFresh, type FreshRows } from '../training/challenger.ts';
import { joinLabels } from '../training/labels.ts';
import type { SourceRecord } from '../schemas/ports.ts';

export interface FreshRowsSettings {
  readonly kafka: Pick<KafkaClient, 'administer' | 'readRanges'>;
  readonly group: string;
  readonly topics: { readonly customerEvents: string; readonly customerOutcomes: string };
  readonly decodeEvents: RecordDecoder<CustomerEvent>;
  readonly decodeOutcomes: RecordDecoder<CustomerOutcome>;
  /** Newest records of either topic that are looked at. */
  readonly scanRecords: number;
  /** Labelled rows used at most: the newest. */
  readonly maxRows: number;
  readonly holdoutShare: number;
  /** See `joinLabels`, milliseconds. */
  readonly horizonMs: number;
  /** Told how many outcomes could not be read, and why the last one could not. */
  readonly onUnreadable: (outcomes: number, fault: string) => void;
}

/** Reads outcomes and events since the drift began, and joins them. Memory: events that have an outcome, of those scanned. */
export async function collectFreshRows(
  settings: FreshRowsSettings,
  { driftSince }: Pick<RetrainRequested, 'driftSince'>,
): Promise<FreshRows> {
  const outcomes = await readOutcomes(settings, driftSince);
  if (outcomes.length === 0) return { train: [], holdout: [] };
  const events = await readEventsOf(settings, driftSince, outcomes);
  const rows = joinLabels(events, outcomes, settings.horizonMs);
  rows.sort(
    (a, b) => a.event.occurredAt - b.event.occurredAt || (a.event.eventId < b.event.eventId ? -1 : 1),
  );
  return splitFresh(rows.slice(-settings.maxRows), settings.holdoutShare);
}

async function readOutcomes(settings: FreshRowsSettings, sinceMs: number | null): Promise<CustomerOutcome[]> {
  const outcomes: CustomerOutcome[] = [];
  let [unreadable, fault] = [0, ''];
  await scan(settings, settings.topics.customerOutcomes, sinceMs, settings.decodeOutcomes, (outcome) => {
    if (!('code' in outcome)) outcomes.push(outcome);
    else [unreadable, fault] = [unreadable + 1, outcome.message];
  });
  if (unreadable > 0) settings.onUnreadable(unreadable, fault);
  return outcomes;
}

/** Events that an outcome names, or whose customer one names. Unreadable events are the scorer's dead letters. */
async function readEventsOf(
  settings: FreshRowsSettings,
  sinceMs: number | null,
  outcomes: readonly CustomerOutcome[],
): Promise<CustomerEvent[]> {
  const named = new Set(outcomes.flatMap(({ eventId }) => eventId ?? []));
  const customers = new Set(
    outcomes.flatMap(({ eventId, customerId }) => (eventId === null ? customerId : [])),
  );
  const events: CustomerEvent[] = [];
  await scan(settings, settings.topics.customerEvents, sinceMs, settings.decodeEvents, (event) => {
    if ('code' in event) return;
    if (named.has(event.eventId) || customers.has(event.customerId)) events.push(event);
  });
  return events;
}

/** Reads the newest records of a topic, decoded. */
async function scan<T>(
  { kafka, group, scanRecords }: FreshRowsSettings,
  topic: string,
  sinceMs: number | null,
  decoder: RecordDecoder<T>,
  onValue: (value: T | Poison) => void,
): Promise<void> {
  const ranges = await tailRanges(kafka, topic, scanRecords, sinceMs);
  const onRecords = async (records: readonly SourceRecord[]): Promise<void> => {
    const decode = await decoder(records.map(({ value }) => value));
    for (const { value } of records) if (value !== null) onValue(decode(value));
  };
  await kafka.readRanges(topic, `${group}.labels`, ranges, onRecords);
}
