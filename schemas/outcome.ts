import type { Poison } from './errors.ts';
import type { CustomerOutcome } from './generated.ts';

/** Longest id accepted, in UTF-16 code units. */
const MAX_ID = 128;

const isId = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= MAX_ID;

/**
 * Checks a decoded value and gives it the outcome's shape; fields it does not know are left out.
 *
 * @returns the outcome, or why it is none. Never throws.
 */
export function readOutcome(raw: unknown): CustomerOutcome | Poison {
  const refused = (message: string): Poison => ({ code: 'RECORD_INVALID', message });
  if (typeof raw !== 'object' || raw === null) return refused('the value is not an object');
  const { outcomeId, customerId, eventId = null, churned, observedAt } = raw as Record<string, unknown>;
  if (!isId(outcomeId)) return refused('outcomeId is not a string of 1..128 characters');
  if (!isId(customerId)) return refused('customerId is not a string of 1..128 characters');
  if (eventId !== null && !isId(eventId))
    return refused('eventId is neither null nor a string of 1..128 characters');
  if (typeof churned !== 'boolean') return refused('churned is not true or false');
  const ms = typeof observedAt === 'string' ? Date.parse(observedAt) : observedAt;
  if (typeof ms !== 'number' || !Number.isSafeInteger(ms))
    return refused('observedAt is not milliseconds since 1970 or an ISO 8601 time');
  return { outcomeId, customerId, eventId, churned, observedAt: ms };
}
