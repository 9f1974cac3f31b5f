/** Whether a topic is still the one that it was, asked from time to time. */
import { BankChurnError } from '../../schemas/errors.ts';
import type { ConsumerEvents } from '../port.ts';

/** A topic that is created anew is found out after this long, milliseconds. Until then its events carry the former topic's id. */
const IDENTITY_CHECK_MS = 3000;

/** An id that has changed ends the consumer. Kafka being away says nothing. Returns what ends the watch. */
export function watchIdentity(
  topicId: () => Promise<unknown>,
  events: Pick<ConsumerEvents, 'crashed'>,
): () => void {
  const timer = setInterval(() => {
    topicId().catch((error: unknown) => {
      if (!(error instanceof BankChurnError) || error.action !== 'fatal') return;
      clearInterval(timer);
      events.crashed(error);
    });
  }, IDENTITY_CHECK_MS);
  return () => clearInterval(timer);
}
