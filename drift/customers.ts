/**
 * How many customers the events of a window are of, as far as a test is concerned. One customer who sends a thousand events is
 * one witness, not a thousand. Counters of a hash of the customer id merge by addition, as all drift counts do.
 */
import type { Ids } from '../schemas/customer/ids.ts';

/** Counters of a sketch. Its relative error is √(2 / counters): 9 %. */
export const CUSTOMER_COUNTERS = 256;

/** Events of each counter: the counter of an event is a hash of its customer's id. */
export function countCustomers(ids: Pick<Ids, 'hashAt'>, count: number): Uint32Array {
  const counters = new Uint32Array(CUSTOMER_COUNTERS);
  for (let row = 0; row < count; row++) counters[ids.hashAt(row) >>> 24]!++;
  return counters;
}

/**
 * The effective number of customers: N² / Σm², N events, m those of a customer (Kish 1965, Survey Sampling, 8.2). If all
 * customers have as many events, it is their number. Σm² is the second moment of the stream, estimated from hashed
 * counters c without bias: E Σc² = Σm² + (N² − Σm²) / counters (Thorup and Zhang 2004, doi:10.5555/982792.982884).
 *
 * @param counters of some of the events, or of none; each event beside them counts as a customer of its own.
 * @param events of the window, those without a counter included.
 * @returns a number from 1 to `events`; 0 without events.
 */
export function effectiveCustomers(counters: readonly number[], events: number): number {
  if (events === 0) return 0;
  const counted = counters.reduce((a, b) => a + b, 0);
  const squares = counters.reduce((sum, count) => sum + count * count, 0);
  const moment = (CUSTOMER_COUNTERS * squares - counted * counted) / (CUSTOMER_COUNTERS - 1);
  const least = Math.max(counted, moment) + events - counted;
  return Math.min(events, Math.max(1, (events * events) / least));
}
