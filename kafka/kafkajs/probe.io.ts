/** A quick look at topics. */
import './patches/install.io.ts'; // before the library
import type { Admin, Kafka } from 'kafkajs';
import type { TopicProbe } from '../port.ts';
import { topicStatesOf } from './patches/topic-states.io.ts';
import { translated } from './translate-errors.ts';

/** @param createKafka a client that fails soon: what has failed is dropped with all that it knew. */
export function openProbe(createKafka: () => Kafka): TopicProbe {
  let open: Admin | undefined;
  const drop = async (): Promise<void> => {
    const dropped = open;
    open = undefined;
    await dropped?.disconnect().catch(() => undefined);
  };
  return {
    look: async (topics) => {
      try {
        return await translated(async () => {
          if (open === undefined) {
            open = createKafka().admin();
            await open.connect();
          }
          return topicStatesOf(open, topics);
        });
      } catch (error) {
        void drop();
        throw error;
      }
    },
    close: drop,
  };
}
