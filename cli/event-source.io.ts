/** Where the events of `produce` and `demo` come from: a file, rows drawn from it, or the simulator; with a drift or without. */
import { drawEvents } from '../producers/draw-rows.ts';
import type { Drift } from '../producers/drift-stream.ts';
import { createDrifter } from '../producers/drift-stream.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { notSimulated } from '../producers/simulator.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';

/** Rows that are drawn from at most: all of them lie in memory. */
const MOST_ROWS = 1_000_000;

/** Events with a drift; without one, as they are. */
export async function* drifting(
  events: AsyncIterable<SourcedEvent> | Iterable<SourcedEvent>,
  drift: Drift | undefined,
  overEvents: number,
  seed: number,
): AsyncGenerator<SourcedEvent> {
  const drifted = drift === undefined ? undefined : createDrifter(drift, overEvents, seed + 1);
  for await (const sourced of events) yield drifted === undefined ? sourced : drifted(sourced);
}

/** The first `count` events. */
export async function* firstOf(
  events: AsyncIterable<SourcedEvent>,
  count: number,
): AsyncGenerator<SourcedEvent> {
  let left = count;
  for await (const event of events) {
    yield event;
    if (--left <= 0) return;
  }
}

/**
 * All rows of a file, to draw from.
 *
 * @throws Error if there are none, or too many.
 */
export async function readRows(events: AsyncIterable<SourcedEvent>, file: string): Promise<SourcedEvent[]> {
  const rows: SourcedEvent[] = [];
  for await (const row of events) {
    if (rows.length === MOST_ROWS)
      throw new Error(
        `${file} has more than ${MOST_ROWS.toLocaleString('en')} rows: too many to draw from; without a count each row is published once`,
      );
    rows.push(row);
  }
  if (rows.length === 0) throw new Error(`${file} has no rows to draw from`);
  return rows;
}

/** `count` events of customers drawn from rows with replacement, from now on. */
export const drawNow = (
  rows: readonly SourcedEvent[],
  count: number,
  seed: number,
  idPrefix: string,
): Generator<SourcedEvent> => drawEvents(rows, count, seed, idPrefix, Date.now(), 1);

/**
 * Simulated customers, from now on.
 *
 * @param instead what to do where the customer schema is not that of the simulated customers.
 * @throws Error then.
 */
export function simulateNow(
  { name, inputs }: Pick<CustomerSchema, 'name' | 'inputs'>,
  count: number,
  seed: number,
  idPrefix: string,
  instead: string,
): Generator<SourcedEvent> {
  const missing = notSimulated({ inputs });
  if (missing.length > 0)
    throw new Error(
      `the simulated customers are a bank’s: the customer schema ${name} has no ${missing.join(', ')} as they have; ${instead}`,
    );
  return simulateEvents(count, seed, idPrefix);
}
