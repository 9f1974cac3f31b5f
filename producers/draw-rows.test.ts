import { expect, test } from 'vitest';
import { columnsOfEvents } from '../schemas/customer/columns.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { drawEvents } from './draw-rows.ts';
import { createSimulator } from './simulator.ts';

const next = createSimulator({ seed: 4, startMs: 0, stepMs: 1, idPrefix: 'row-' });
const rows = Array.from({ length: 50 }, next).map((sourced, i) => ({ ...sourced, churned: [true, false, undefined][i % 3] })); // prettier-ignore

test('draws with replacement: each row about equally often, with its inputs, customer and outcome', () => {
  const drawn = [...drawEvents(rows, 10_000, 7, 'd-', 1e12, 5)];
  expect(drawn).toHaveLength(10_000);
  const byCustomer = new Map(rows.map((row) => [row.event.customerId, row]));
  const counts = new Map<string, number>();
  for (const [i, { event, churned }] of drawn.entries()) {
    const { eventId, occurredAt, ...rest } = event;
    const row = byCustomer.get(event.customerId)!;
    expect([{ ...row.event, ...rest }, churned]).toEqual([row.event, row.churned]);
    expect(occurredAt).toBe(1e12 + 5 * i);
    expect(eventId.startsWith('d-')).toBe(true);
    counts.set(event.customerId, (counts.get(event.customerId) ?? 0) + 1);
  }
  expect(new Set(drawn.map(({ event }) => event.eventId)).size).toBe(10_000);
  // 200 on average, with a standard deviation of 14.
  expect([counts.size, Math.min(...counts.values()) > 120, Math.max(...counts.values()) < 280]).toEqual([50, true, true]); // prettier-ignore
  expect(
    columnsOfEvents(
      BANK,
      drawn.map(({ event }) => event),
    ).count,
  ).toBe(10_000);
});

test('the same seed draws the same rows, another seed others; nothing is drawn ahead', () => {
  const draw = (seed: number): string[] =>
    [...drawEvents(rows, 40, seed, 'd-', 0, 1)].map(({ event }) => event.customerId);
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  const endless = drawEvents(rows, Number.MAX_SAFE_INTEGER, 1, 'd-', 0, 1);
  expect([endless.next().done, endless.next().value]).toEqual([false, expect.objectContaining({ event: expect.anything() as unknown })]); // prettier-ignore
});
