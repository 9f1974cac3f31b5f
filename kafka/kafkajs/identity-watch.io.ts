/** Whether a topic is still the one that it was, asked from time to time. */
import { BankChurnError } from '../../schemas/errors.ts';
import type { FetchPort } from '../group/ports.ts';
import type { ConsumerEvents } from '../port.ts';
import { CODES } from './requests/refusals.io.ts';

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

/** Fetches nothing after a partition was not there before it is known that the topic is the same: it may have been created again. */
export function identified(
  port: FetchPort,
  topicId: () => Promise<unknown>,
  crashed: (error: unknown) => void,
): FetchPort {
  let isInDoubt = false;
  async function check(): Promise<void> {
    try {
      await topicId();
      isInDoubt = false;
    } catch (error) {
      if (error instanceof BankChurnError && error.action === 'fatal') crashed(error);
      throw error;
    }
  }
  return {
    leaders: async (isStale) => {
      try {
        return await port.leaders(isStale);
      } catch (error) {
        isInDoubt = true;
        throw error;
      }
    },
    fetch: async (...what) => {
      if (isInDoubt) await check();
      const answers = await port.fetch(...what);
      isInDoubt ||= answers.some(({ code }) => code === CODES.UNKNOWN_TOPIC_OR_PARTITION);
      return answers;
    },
  };
}
