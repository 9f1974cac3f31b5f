import type { CustomerEvent } from '../schemas/customer/schema.ts';
import { createRandom, type Random } from '../schemas/random.ts';
import type { SourcedEvent } from './sourced-event.ts';

/** A way in which a stream can leave the training profile. */
export interface Drift {
  /** Changes one event as a drifted population would have it. */
  readonly change: (event: CustomerEvent, random: Random) => CustomerEvent;
  /**
   * Probability that the changed customer leaves. Without it the outcome stays what it was: only what is seen of the
   * customers has changed, not how they behave.
   */
  readonly truth?: (event: CustomerEvent) => number;
}

/**
 * Applies a drift to events, one after the other.
 *
 * @param overEvents events over which the share of drifted ones grows from none to all; 0 = all from the first on.
 */
export function createDrifter(
  { change, truth }: Drift,
  overEvents: number,
  seed: number,
): (sourced: SourcedEvent) => SourcedEvent {
  const random = createRandom(seed);
  let seen = 0;
  return (sourced) => {
    seen += 1;
    const isDrifted = random.next() * overEvents < seen;
    if (!isDrifted) return sourced;
    const event = change(sourced.event, random);
    return { event, churned: truth === undefined ? sourced.churned : random.next() < truth(event) };
  };
}
