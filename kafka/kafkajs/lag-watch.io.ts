/** Asks the broker every second where a consumer's partitions end, and says what waits in them. */
import type { Admin } from 'kafkajs';
import type { LagTracker } from '../lag.ts';
import { findCommitted } from '../offsets.ts';
import type { ConsumerEvents, ConsumerSettings, KafkaAdmin } from '../port.ts';
import { appendTimeAt, endsOf, lookAt } from './look-at-partition.io.ts';

const TICK_MS = 1000;
/** Time for looking into partitions in one tick. */
const LOOKING_MS = 400;

interface Watched {
  readonly admin: Admin;
  readonly offsets: Pick<KafkaAdmin, 'committedOffsets' | 'offsetBounds' | 'offsetsSince'>;
  readonly settings: ConsumerSettings;
  readonly lag: LagTracker;
  readonly events: Pick<ConsumerEvents, 'lag'>;
}

/** Returns what ends it. While Kafka does not answer there is one open request, and age goes on growing. */
export function watchLag({ lag, events, ...around }: Watched): () => void {
  let isAsking = false;
  let isStopped = false;
  const show = (): void => {
    if (!isStopped) events.lag(lag.lags(Date.now()));
  };
  const ask = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    // Nothing of this is worth an error: what is known stays, and the consumer itself says that Kafka is away.
    await askBroker({ lag, ...around }).catch(() => undefined);
    isAsking = false;
    show();
  };
  const timer = setInterval(() => {
    show();
    void ask();
  }, TICK_MS);
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

async function askBroker({ admin, offsets, settings, lag }: Omit<Watched, 'events'>): Promise<void> {
  const { topic } = settings;
  const partitions = lag.partitions();
  if (partitions.length === 0) return;
  lag.ended(await endsOf(admin, topic, partitions), Date.now());
  const unlocated = lag.unlocated();
  if (unlocated.length > 0) {
    const found = await findCommitted(offsets, settings, unlocated);
    const still = new Set(lag.unlocated());
    for (const [partition, next] of found) if (still.has(partition)) lag.located(partition, next);
  }
  const begunMs = Date.now();
  for (const { partition, from } of lag.unclear()) {
    if (Date.now() - begunMs > LOOKING_MS) return;
    const { to, records } = await lookAt(admin, topic, partition, from);
    if (to > from) lag.fetched(partition, from, records, to);
    else {
      const appendedMs = await appendTimeAt(admin, topic, partition, from);
      if (appendedMs !== undefined) lag.glimpsed(partition, from, appendedMs);
    }
  }
}
