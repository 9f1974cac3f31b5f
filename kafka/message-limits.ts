/** How large the batches of a topic may be. */
import { KafkaError } from './errors.ts';
import type { KafkaClient } from './port.ts';

const SETTING = 'max.message.bytes';
/** Of a batch besides its records, bytes: its header has 61. */
const BATCH_OVERHEAD = 256;
/** Taken for a topic whose setting we may not read: Kafka's default is 1,048,588. */
export const ASSUMED_BYTES = 1_000_000;

const MAX_SEND_BYTES = 700_000;

/** Bytes of the records of one send at most, to any of some topics with these limits. */
export const sendBytes = (limits: ReadonlyMap<string, number>): number =>
  Math.min(MAX_SEND_BYTES, ...limits.values());

/**
 * Bytes that the records of one batch may have, by topic: `max.message.bytes`, less what the batch adds. Without the right to
 * read it the default is assumed; a broker that takes less says so when it is sent more.
 */
export async function messageLimits(
  kafka: Pick<KafkaClient, 'administer'>,
  topics: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  await kafka.administer(async (admin) => {
    for (const topic of topics) {
      try {
        const value = Number((await admin.topicSettings(topic, [SETTING])).get(SETTING));
        found.set(topic, Number.isFinite(value) ? Math.max(1, value - BATCH_OVERHEAD) : ASSUMED_BYTES);
      } catch (error) {
        if (!(error instanceof KafkaError) || error.kind !== 'unauthorized') throw error;
        found.set(topic, ASSUMED_BYTES);
      }
    }
  });
  return found;
}
