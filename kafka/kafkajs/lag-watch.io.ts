/** Asks the broker twice a second where a consumer's partitions end, and says what waits in them. */
import type { Admin } from 'kafkajs';
import { datedOf, type LagTracker, type Unclear } from '../lag.ts';
import { findCommitted } from '../offsets.ts';
import type { ConsumerEvents, ConsumerSettings, KafkaAdmin, PartitionLag } from '../port.ts';
import { appendTimeAt, endsOf, lookAt } from './look-at-partition.io.ts';

const TICK_MS = 500;
/** If the answer takes longer, what was known is shown, older. */
const PATIENCE_MS = 100;
/** Time for looking into partitions in one tick. */
const LOOKING_MS = 400;

interface Watched {
  readonly admin: Admin;
  readonly offsets: Pick<KafkaAdmin, 'committedOffsets' | 'offsetBounds' | 'offsetsSince'>;
  readonly settings: ConsumerSettings;
  readonly lag: LagTracker;
  readonly events: Pick<ConsumerEvents, 'lag'>;
}

/** Returns what ends it. While Kafka does not answer there is one open request: records stay as they were, and age goes on growing. */
export function watchLag({ events, ...around }: Watched): () => void {
  const { lag } = around;
  let isAsking = false;
  let isStopped = false;
  let last: { readonly atMs: number; readonly lags: readonly PartitionLag[] } = { atMs: 0, lags: [] };
  const showNew = (): void => {
    last = { atMs: Date.now(), lags: lag.lags(Date.now()) };
    if (!isStopped) events.lag(last.lags);
  };
  const showOld = (): void => {
    const stillOurs = new Set(lag.partitions());
    const passedMs = Date.now() - last.atMs;
    const older = last.lags
      .filter(({ partition }) => stillOurs.has(partition))
      .map((was) => aged(was, passedMs));
    if (!isStopped) events.lag(older);
  };
  const ask = async (): Promise<void> => {
    isAsking = true;
    // Nothing of this is worth an error: what is known stays, and the consumer itself says that Kafka is away.
    await askBroker(around, showNew).catch(showOld);
    isAsking = false;
  };
  const timer = setInterval(() => {
    if (isAsking) {
      showOld();
      return;
    }
    const late = setTimeout(showOld, PATIENCE_MS);
    void ask().finally(() => clearTimeout(late));
  }, TICK_MS);
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

const aged = (lag: PartitionLag, passedMs: number): PartitionLag =>
  lag.records === 0 ? lag : { ...lag, ageMs: lag.ageMs + passedMs };

/** @param onKnown called when the ends are known, and again when more is. */
async function askBroker(
  { admin, offsets, settings, lag }: Omit<Watched, 'events'>,
  onKnown: () => void,
): Promise<void> {
  const { topic } = settings;
  const partitions = lag.partitions();
  if (partitions.length > 0) lag.ended(await endsOf(admin, topic, partitions), Date.now());
  onKnown();
  const unlocated = lag.unlocated();
  if (unlocated.length > 0) {
    const found = await findCommitted(offsets, settings, unlocated);
    const still = new Set(lag.unlocated());
    for (const [partition, next] of found) if (still.has(partition)) lag.located(partition, next);
    onKnown();
  }
  const unclear = lag.unclear();
  await lookInto(admin, topic, unclear, lag);
  if (unclear.length > 0) onKnown();
}

async function lookInto(
  admin: Admin,
  topic: string,
  unclear: readonly Unclear[],
  lag: LagTracker,
): Promise<void> {
  const begunMs = Date.now();
  for (const { partition, from } of unclear) {
    if (Date.now() - begunMs > LOOKING_MS) return;
    const { to, records } = await lookAt(admin, topic, partition, from);
    if (to > from) lag.fetched(partition, from, datedOf(records), to);
    else {
      const appendedMs = await appendTimeAt(admin, topic, partition, from);
      if (appendedMs !== undefined) lag.glimpsed(partition, from, appendedMs);
    }
  }
}
