/** What can be set about the check of events, and how an event is told from a refusal. */
import type { Poison } from './errors.ts';
import { PLAUSIBLE_TIMES, type TimeLimits } from './time.ts';

export interface EventRules {
  readonly times: TimeLimits;
  /** An event without any model input: refused, or scored as one whose inputs are all missing. */
  readonly emptyEvents: 'dead-letter' | 'score';
}
export const EVENT_RULES: EventRules = { times: PLAUSIBLE_TIMES, emptyEvents: 'dead-letter' };

/** Tells a refusal from an event, or an outcome: each has ids, and may have an input that is called `code`. */
export function isPoison(value: object): value is Poison {
  return !('eventId' in value);
}
