/** Whether a topic is still the one that it was: by the id that Kafka gave it when it was created. */
import { BankChurnError } from '../schemas/errors.ts';
import type { KafkaAdmin } from './port.ts';

/** What `what` belongs to a topic of this name that is gone: nothing of it says where to go on in the one that is there now. */
export const topicRecreated = (topic: string, what: string, was: string, is: string): BankChurnError =>
  new BankChurnError(
    'TOPIC_RECREATED',
    `${topic} was deleted and created again: ${what} of the topic with id ${was}, now there is one with id ${is}. ` +
      'Its events are not skipped: nothing is processed until you say where to go on. ' +
      'See `bankchurn offsets show`; then `bankchurn offsets adopt --from earliest` (all events of the new topic) and start again.',
  );

/**
 * `topicId` that remembers the first id it was given, and refuses any other from then on. An offset that was read after an id
 * is of that topic, or of one that a later call finds out about.
 *
 * @throws BankChurnError TOPIC_RECREATED
 */
export function rememberTopicId({ topicId }: Pick<KafkaAdmin, 'topicId'>): KafkaAdmin['topicId'] {
  let first: string | undefined;
  return async (topic) => {
    const now = await topicId(topic);
    if (first !== undefined && now !== undefined && now !== first)
      throw topicRecreated(topic, 'this process reads offsets', first, now);
    first ??= now;
    return now;
  };
}
