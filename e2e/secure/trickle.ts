/** A scorer under a trickle of events, and whether each of them was answered once. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { simulateEvents } from '../../producers/simulate-events.io.ts';
import type { ChurnScore } from '../../schemas/generated.ts';
import type { Context } from '../../cli/context.ts';

const PAUSE_MS = 100;
const EVENTS = 3;
/** One record in so many sends cannot be read. */
const POISON_EVERY = 10;

export interface Trickle {
  /** Ids of what was sent, and Kafka has. */
  readonly sent: ReadonlySet<string>;
  /** How often each id came out, as a score or a dead letter. */
  readonly came: ReadonlyMap<string, number>;
  /** Whether everything that was sent up to a moment has come out. */
  answered(ids: Iterable<string>): boolean;
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Sends events until it is stopped, as a super user. */
export async function startTrickle({ kafka, config }: Context): Promise<Trickle> {
  const { customerEvents, churnScores, deadLetters } = config.topics.names;
  const sent = new Set<string>();
  const came = new Map<string, number>();
  const reader = await kafka.openReader(
    [churnScores, deadLetters],
    { fromBeginning: true },
    (topic, _, { value }) => {
      const id = topic === churnScores ? (JSON.parse(String(value)) as ChurnScore).eventId : String(value);
      came.set(id, (came.get(id) ?? 0) + 1);
    },
  );
  const producer = await kafka.openProducer();
  let stopped = false;
  const running = (async (): Promise<void> => {
    for (let seed = 1; !stopped; seed++) {
      const records = [...simulateEvents(EVENTS, seed, `${String(seed)}-`)].map(({ event }) => ({
        id: event.eventId,
        record: { key: event.customerId, value: JSON.stringify(event) },
      }));
      if (seed % POISON_EVERY === 0) {
        const id = `poison ${randomUUID()}`;
        records.push({ id, record: { key: String(seed), value: id } });
      }
      await producer.send(customerEvents, records.map(({ record }) => record)); // prettier-ignore
      for (const { id } of records) sent.add(id);
      await sleep(PAUSE_MS);
    }
  })();
  const stop = async (): Promise<void> => {
    stopped = true;
    await running;
  };
  return {
    sent,
    came,
    answered: (ids) => [...ids].every((id) => came.has(id)),
    stop,
    close: async () => {
      await stop();
      await producer.close();
      await reader.close();
    },
  };
}
