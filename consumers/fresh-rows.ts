/** Labelled rows of the stream: its newest outcomes and events, joined. */
import { tailRanges } from '../kafka/offsets.ts';
import type { KafkaClient } from '../kafka/port.ts';
import type { RecordDecoder } from '../schemas/decoder.ts';
import type { Poison } from '../schemas/errors.ts';
import { isPoison } from '../schemas/event.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { CustomerOutcome, RetrainRequested } from '../schemas/generated.ts';
import type { SourceRecord } from '../schemas/ports.ts';
import { splitFresh, type FreshRows } from '../training/challenger.ts';
import { joinLabels } from '../training/labels.ts';

/** Hands on the newest records of a topic, each partition in order, none from before `sinceMs` (null: no such limit). */
export type ReadNewest = (
  topic: string,
  sinceMs: number | null,
  onRecords: (records: readonly SourceRecord[]) => Promise<void>,
) => Promise<void>;

export interface LabelRule {
  readonly topics: { readonly customerEvents: string; readonly customerOutcomes: string };
  readonly decodeEvents: RecordDecoder<CustomerEvent>;
  readonly decodeOutcomes: RecordDecoder<CustomerOutcome>;
  /** Labelled rows used at most: the newest. */
  readonly maxRows: number;
  readonly holdoutShare: number;
  /** See `joinLabels`, milliseconds. */
  readonly horizonMs: number;
  /** Told how many outcomes could not be read, and why the last one could not. */
  readonly onUnreadable: (outcomes: number, fault: string) => void;
}

export interface FreshRowsSettings extends LabelRule {
  readonly kafka: Pick<KafkaClient, 'administer' | 'readRanges'>;
  readonly group: string;
  /** Newest records of either topic that are looked at. */
  readonly scanRecords: number;
}

/** Labelled rows of the newest records on Kafka. */
export const collectFreshRows = (
  settings: FreshRowsSettings,
  request: Pick<RetrainRequested, 'driftSince'>,
): Promise<FreshRows> =>
  joinFreshRows(
    settings,
    async (topic, sinceMs, onRecords) => {
      const { kafka, scanRecords } = settings;
      const ranges = await tailRanges(kafka, topic, scanRecords, sinceMs);
      await kafka.readRanges(topic, ranges, onRecords);
    },
    request,
  );

/** Reads outcomes, then the events they name, since the drift began, and joins them. Memory: events that have an outcome, of those scanned. */
export async function joinFreshRows(
  rule: LabelRule,
  readNewest: ReadNewest,
  { driftSince }: Pick<RetrainRequested, 'driftSince'>,
): Promise<FreshRows> {
  const outcomes = await readOutcomes(rule, readNewest, driftSince);
  if (outcomes.length === 0) return { train: [], holdout: [] };
  const events = await readEventsOf(rule, readNewest, driftSince, outcomes);
  const rows = joinLabels(events, outcomes, rule.horizonMs);
  rows.sort(
    (a, b) => a.event.occurredAt - b.event.occurredAt || (a.event.eventId < b.event.eventId ? -1 : 1),
  );
  return splitFresh(rows.slice(-rule.maxRows), rule.holdoutShare);
}

async function readOutcomes(
  rule: LabelRule,
  readNewest: ReadNewest,
  sinceMs: number | null,
): Promise<CustomerOutcome[]> {
  const outcomes: CustomerOutcome[] = [];
  let [unreadable, fault] = [0, ''];
  const decoded = decoding(rule.decodeOutcomes, (outcome) => {
    if (!isPoison(outcome)) outcomes.push(outcome);
    else [unreadable, fault] = [unreadable + 1, outcome.message];
  });
  await readNewest(rule.topics.customerOutcomes, sinceMs, decoded);
  if (unreadable > 0) rule.onUnreadable(unreadable, fault);
  return outcomes;
}

/** Events that an outcome names, or whose customer one names. Unreadable events are the scorer's dead letters. */
async function readEventsOf(
  rule: LabelRule,
  readNewest: ReadNewest,
  sinceMs: number | null,
  outcomes: readonly CustomerOutcome[],
): Promise<CustomerEvent[]> {
  const named = new Set(outcomes.flatMap(({ eventId }) => eventId ?? []));
  const customers = new Set(
    outcomes.flatMap(({ eventId, customerId }) => (eventId === null ? customerId : [])),
  );
  const events: CustomerEvent[] = [];
  const decoded = decoding(rule.decodeEvents, (event) => {
    if (isPoison(event)) return;
    if (named.has(event.eventId) || customers.has(event.customerId)) events.push(event);
  });
  await readNewest(rule.topics.customerEvents, sinceMs, decoded);
  return events;
}

/** Takes records, hands on what they hold. */
function decoding<T>(decoder: RecordDecoder<T>, onValue: (value: T | Poison) => void) {
  return async (records: readonly SourceRecord[]): Promise<void> => {
    const decode = await decoder(records.map(({ value }) => value));
    for (const { value } of records) if (value !== null) onValue(decode(value));
  };
}
