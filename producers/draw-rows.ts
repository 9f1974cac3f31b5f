import { createRandom } from '../schemas/random.ts';
import type { SourcedEvent } from './sourced-event.ts';

/**
 * Draws rows with replacement: the same seed gives the same rows. Each event is a new one of the row's customer, with the
 * row's outcome.
 *
 * @param idPrefix makes event ids unique between runs; @param startMs time of the first event, milliseconds since 1970;
 * @param stepMs time between events.
 */
export function* drawEvents(
  rows: readonly SourcedEvent[],
  count: number,
  seed: number,
  idPrefix: string,
  startMs: number,
  stepMs: number,
): Generator<SourcedEvent> {
  const random = createRandom(seed);
  for (let i = 0; i < count; i++) {
    const { event, churned } = rows[random.int(rows.length)]!;
    yield {
      event: { ...event, eventId: idPrefix + String(i), occurredAt: startMs + i * stepMs },
      churned,
    };
  }
}
