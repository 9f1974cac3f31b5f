import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { CustomerOutcome } from '../schemas/generated.ts';

/** An event and what became of its customer. */
export interface LabelledEvent {
  readonly event: CustomerEvent;
  readonly churned: boolean;
}

/**
 * Joins events with outcomes, by the rule of the contract: an outcome with an `eventId` labels that event; one without
 * labels the customer's newest event with `occurredAt` <= `observedAt` − the horizon. Of several outcomes of an event
 * the one with the newest `observedAt` wins (of equal ones the later in the list). An event without an outcome is
 * unlabelled, never "stayed", and is left out; a repeated eventId counts once.
 *
 * @param horizonMs milliseconds that lie at least between an event and an outcome that names only the customer.
 * @returns in the order of the events.
 */
export function joinLabels(
  events: readonly CustomerEvent[],
  outcomes: readonly CustomerOutcome[],
  horizonMs: number,
): LabelledEvent[] {
  const byId = new Map(events.map((event) => [event.eventId, event]));
  const ofCustomer = byCustomer([...byId.values()]);
  const newest = new Map<string, CustomerOutcome>();
  for (const outcome of outcomes) {
    const { customerId, eventId, observedAt } = outcome;
    const event =
      eventId === null
        ? ofCustomer.get(customerId)?.findLast(({ occurredAt }) => occurredAt <= observedAt - horizonMs)
        : byId.get(eventId);
    if (event === undefined) continue;
    if (observedAt >= (newest.get(event.eventId)?.observedAt ?? -Infinity))
      newest.set(event.eventId, outcome);
  }
  return [...byId.values()].flatMap((event) => {
    const outcome = newest.get(event.eventId);
    return outcome === undefined ? [] : [{ event, churned: outcome.churned }];
  });
}

/** Each customer's events, oldest first. */
function byCustomer(events: readonly CustomerEvent[]): Map<string, CustomerEvent[]> {
  const groups = new Map<string, CustomerEvent[]>();
  for (const event of events) {
    const group = groups.get(event.customerId);
    if (group === undefined) groups.set(event.customerId, [event]);
    else group.push(event);
  }
  for (const group of groups.values()) group.sort((a, b) => a.occurredAt - b.occurredAt);
  return groups;
}
