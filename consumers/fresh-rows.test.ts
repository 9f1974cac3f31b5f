/** Labelled rows of topics that lie in memory, decoded by the decoders of the service. */
import { expect, test } from 'vitest';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { OUTCOME } from '../schemas/avro.ts';
import { EVENT } from '../schemas/customer/bank.fixture.ts';
import { createDecoder } from '../schemas/decoder.ts';
import type { CustomerOutcome } from '../schemas/generated.ts';
import { joinFreshRows, type LabelRule } from './fresh-rows.ts';

const MS = 1_764_000_000_000;
const TOPICS = { customerEvents: 'events', customerOutcomes: 'outcomes' };
const EVENTS = [...simulateEvents(20, 7, 'e')].map(({ event }, i) => ({ ...event, customerId: `c${String(i)}`, occurredAt: MS + i })); // prettier-ignore
const outcome = (i: number, more: Partial<CustomerOutcome> = {}): CustomerOutcome => ({
  outcomeId: `o${String(i)}`,
  customerId: `c${String(i)}`,
  eventId: EVENTS[i]!.eventId,
  churned: i % 2 === 0,
  observedAt: MS + 5000,
  ...more,
});

/** Joins what the topics hold; says what was read of each, and how many outcomes could not be. */
async function join(outcomes: readonly unknown[], more: Partial<LabelRule> = {}) {
  const read: [topic: string, sinceMs: number | null][] = [];
  const unreadable: [count: number, fault: string][] = [];
  const decoderOf = <T>(shape: Parameters<typeof createDecoder<T>>[0]['shape']) =>
    createDecoder({ shape, maxRecordBytes: 10_000, findWriter: undefined });
  const rule: LabelRule = {
    topics: TOPICS,
    decodeEvents: decoderOf(EVENT),
    decodeOutcomes: decoderOf(OUTCOME),
    maxRows: 100,
    holdoutShare: 0.5,
    horizonMs: 0,
    onUnreadable: (...told) => void unreadable.push(told),
    ...more,
  };
  const toRecord = (value: unknown, offset: number) => ({
    key: null,
    value: value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    offset,
    timestampMs: 0,
    headers: {},
  });
  const fresh = await joinFreshRows(
    rule,
    async (topic, sinceMs, onRecords) => {
      read.push([topic, sinceMs]);
      const records = (topic === TOPICS.customerEvents ? EVENTS : outcomes).map(toRecord);
      await onRecords(records.slice(0, 7));
      await onRecords(records.slice(7));
    },
    { driftSince: 500 },
  );
  const rows = [...fresh.train, ...fresh.holdout];
  rows.sort((a, b) => a.event.occurredAt - b.event.occurredAt);
  return { fresh, read, unreadable, rows: rows.map(({ event, churned }) => [event.customerId, churned]) };
}

test('events that an outcome names, or whose customer one names, are joined; the others are left out', async () => {
  const { fresh, read, rows } = await join([outcome(3), outcome(9), outcome(4, { eventId: null })]);
  expect(rows).toEqual([['c3', false], ['c4', true], ['c9', false]]); // prettier-ignore
  expect(read).toEqual([['outcomes', 500], ['events', 500]]); // prettier-ignore
  expect(fresh.train.length + fresh.holdout.length).toBe(3);
});

test('without outcomes no event is read', async () => {
  expect(await join([])).toMatchObject({ rows: [], read: [['outcomes', 500]] });
});

test('the newest rows are used, not more than allowed', async () => {
  const { rows } = await join([outcome(12), outcome(1), outcome(8), outcome(17)], { maxRows: 2 });
  expect(rows.map(([customer]) => customer)).toEqual(['c12', 'c17']);
});

test('outcomes that cannot be read are counted, with the last fault; a tombstone is none', async () => {
  const { rows, unreadable } = await join(['{', null, outcome(2), { ...outcome(5), churned: 'perhaps' }]);
  expect(rows).toEqual([['c2', true]]);
  expect(unreadable).toEqual([[2, expect.stringContaining('churned')]]);
});
