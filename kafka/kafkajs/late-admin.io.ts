/** An administrative connection of a consumer, made when it is first needed and again after it could not be. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import type { KafkaAdmin } from '../port.ts';
import { rememberTopicId } from '../topic-identity.ts';
import { adminOf } from './admin.io.ts';
import { translated } from './translate-errors.ts';

export interface LateAdmin {
  /** `topicId` refuses another id than the first it was given (TOPIC_RECREATED). */
  readonly kafka: Pick<KafkaAdmin, 'committedOffsets' | 'offsetBounds' | 'offsetsSince' | 'topicId'>;
  /** Begins something as soon as there is a connection. Returns what ends it. */
  whenConnected(begin: (admin: Admin) => () => void): () => void;
  close(): Promise<void>;
}

const RETRY_MS = 1000;

export function openAdmin(kafka: Kafka): LateAdmin {
  const admin = kafka.admin();
  const plain = adminOf(admin);
  let connecting: Promise<void> | undefined;
  let isClosed = false;

  const connected = (): Promise<void> =>
    (connecting ??= translated(() => admin.connect()).catch((error: unknown) => {
      connecting = undefined;
      throw error;
    }));

  async function untilConnected(): Promise<void> {
    while (!isClosed) {
      try {
        await connected();
        return;
      } catch {
        await sleep(RETRY_MS); // the consumer itself says that Kafka is away
      }
    }
  }

  const topicId = rememberTopicId(plain);
  return {
    kafka: {
      committedOffsets: async (...of) => (await connected(), plain.committedOffsets(...of)),
      offsetBounds: async (topic) => (await connected(), plain.offsetBounds(topic)),
      offsetsSince: async (...of) => (await connected(), plain.offsetsSince(...of)),
      topicId: async (topic) => (await connected(), topicId(topic)),
    },
    whenConnected: (begin) => {
      let end: (() => void) | undefined;
      let isEnded = false;
      void untilConnected().then(() => {
        if (!isEnded && !isClosed) end = begin(admin);
      });
      return () => {
        isEnded = true;
        end?.();
      };
    },
    close: async () => {
      isClosed = true;
      await connecting?.catch(() => undefined);
      await admin.disconnect().catch(() => undefined);
    },
  };
}
