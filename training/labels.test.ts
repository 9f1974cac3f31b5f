import { expect, test } from 'vitest';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { CustomerOutcome } from '../schemas/generated.ts';
import { joinLabels } from './labels.ts';

const event = (eventId: string, customerId: string, occurredAt: number): CustomerEvent => ({
  eventId,
  customerId,
  occurredAt,
  creditScore: null,
  geography: null,
  gender: null,
  age: null,
  tenure: null,
  balance: null,
  numOfProducts: null,
  hasCrCard: null,
  isActiveMember: null,
  estimatedSalary: null,
});
const outcome = (
  eventId: string | null,
  customerId: string,
  churned: boolean,
  observedAt: number,
): CustomerOutcome => ({ outcomeId: 'o', customerId, eventId, churned, observedAt });
const labels = (...args: Parameters<typeof joinLabels>): [string, boolean][] =>
  joinLabels(...args).map(({ event: { eventId }, churned }) => [eventId, churned]);

const events = [event('e1', 'a', 10), event('e2', 'a', 20), event('e3', 'b', 15)];

test('an outcome with an eventId labels that event, whatever the horizon', () => {
  expect(labels(events, [outcome('e1', 'a', true, 11)], 1000)).toEqual([['e1', true]]);
});

test('one without labels the newest event of the customer that is a horizon older', () => {
  expect(labels(events, [outcome(null, 'a', true, 25)], 5)).toEqual([['e2', true]]);
  expect(labels(events, [outcome(null, 'a', true, 25)], 6)).toEqual([['e1', true]]);
  expect(labels(events, [outcome(null, 'a', true, 25)], 16)).toEqual([]);
});

test('no outcome means unlabelled; an outcome of nobody labels nothing', () => {
  expect(labels(events, [], 0)).toEqual([]);
  expect(labels(events, [outcome('e9', 'a', true, 30), outcome(null, 'z', true, 30)], 0)).toEqual([]);
});

test('the newest observation wins, in whatever order it comes', () => {
  const stayed = outcome('e3', 'b', false, 40);
  const left = outcome(null, 'b', true, 50);
  expect(labels(events, [stayed, left], 0)).toEqual([['e3', true]]);
  expect(labels(events, [left, stayed], 0)).toEqual([['e3', true]]);
});

test('a repeated event counts once', () => {
  expect(labels([...events, events[0]!], [outcome('e1', 'a', true, 30)], 0)).toEqual([['e1', true]]);
});
