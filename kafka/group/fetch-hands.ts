/** What was fetched, on its way to whoever processes it: read, handed on, resolved; of each partition one set at a time. */
import { backOff } from '../../schemas/back-off.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import type { Clock, Delivery } from '../../schemas/ports.ts';
import type { Records } from '../../schemas/records.ts';
import type { LagTracker } from '../lag.ts';
import { finish, firstBatchBytes, skipTo, take, type Hand, type PartitionFetch, type Waiting } from './fetch-partition.ts'; // prettier-ignore
import type { FetchRules } from './fetch-plan.ts';
import { GroupRefusal, type FetchedPartition } from './ports.ts';

/** What is in a record set from an offset on. */
export interface ReadSet {
  /** Those that are to be read: none of aborted transactions, and no markers. */
  readonly records: Records;
  /** Where reading goes on; where it began if the set holds no whole batch. */
  readonly next: number;
  /** Memory that the records keep, bytes. */
  readonly bytes: number;
}

export type ReadFetched = (
  partition: number,
  set: Buffer,
  from: number,
  aborted: FetchedPartition['aborted'],
) => Promise<ReadSet>;

export interface HandsSettings {
  readonly clock: Clock;
  readonly read: ReadFetched;
  readonly lag: Pick<LagTracker, 'fetched' | 'processed'>;
  readonly rules: FetchRules;
  /** Resolves when the records are processed or given up; rejects with what `Delivery.heartbeat` threw. */
  deliver(partition: number, records: Records, delivery: Delivery): Promise<void>;
  crashed(error: unknown): void;
  /** There may be something to do. */
  changed(): void;
}

export interface Hands {
  /** Begins to read what waits. */
  read(partitions: Iterable<PartitionFetch>): void;
  /** Hands on what is read. */
  deliver(partitions: Iterable<PartitionFetch>, confirm: Delivery['heartbeat']): void;
  /** For a while nothing of the partition is fetched; longer after each failure. */
  rest(p: PartitionFetch): void;
  /** Resolves when nothing that was handed on is being processed. */
  settled(): Promise<void>;
}

export function createHands(settings: HandsSettings): Hands {
  const { clock, lag, rules, changed } = settings;
  let delivering = 0;
  let whenSettled: (() => void)[] = [];

  async function readOne(p: PartitionFetch, waiting: Waiting): Promise<void> {
    const hand = take(p, waiting);
    const { set, from, aborted, end } = waiting;
    const { records, next, bytes } = await settings.read(p.partition, set, from, aborted);
    hand.bytes = bytes;
    if (p.hand !== hand) return; // forgotten meanwhile
    if (next > from) p.order = waiting.order; // else it comes first in the next fetch
    p.batchBytes = next > from ? 0 : firstBatchBytes(set);
    if (records.length > 0) {
      hand.read = { records, next, isBehind: next < end };
      p.fetchFrom = next;
    } else {
      skipTo(p, next);
      lag.fetched(p.partition, from, records, next);
      lag.processed(p.partition, next);
    }
    changed();
  }

  async function deliverOne(
    p: PartitionFetch,
    hand: Hand,
    records: Records,
    confirm: Delivery['heartbeat'],
  ): Promise<void> {
    delivering += 1;
    try {
      await settings.deliver(p.partition, records, { heartbeat: confirm, resolve: resolving(p, hand, lag) });
    } catch (error) {
      if (!(error instanceof GroupRefusal || error instanceof BankChurnError)) settings.crashed(error);
    }
    delivering -= 1;
    if (!finish(p, hand)) rest(p);
    if (delivering === 0) {
      for (const resolve of whenSettled) resolve();
      whenSettled = [];
    }
    changed();
  }

  function rest(p: PartitionFetch): void {
    p.isResting = true;
    void clock.sleep(backOff(rules.retryMs, p.failures++)).then(() => {
      p.isResting = false;
      changed();
    });
  }

  return {
    rest,
    read: (partitions) => {
      const all = [...partitions];
      for (const p of nextToRead(all, rules))
        if (!p.waiting!.isPacked || mayUnpack(all, rules)) readOne(p, p.waiting!).catch(settings.crashed);
    },
    deliver: (partitions, confirm) => {
      for (const p of partitions) {
        const { hand } = p;
        if (hand?.read === undefined || hand.isDelivered) continue;
        hand.isDelivered = true;
        const { records, next } = hand.read;
        lag.fetched(p.partition, hand.from, records, next);
        void deliverOne(p, hand, records, confirm);
      }
    },
    settled: () =>
      new Promise((resolve) => {
        if (delivering === 0) resolve();
        else whenSettled.push(resolve);
      }),
  };
}

/** What waits and nothing of it is in hand, the oldest first. */
function nextToRead(all: readonly PartitionFetch[], { concurrent }: FetchRules): PartitionFetch[] {
  const free = concurrent - all.filter(({ hand }) => hand !== undefined).length;
  const next = all.filter(({ waiting, hand }) => waiting !== undefined && hand === undefined);
  return next.sort((a, b) => a.waiting!.order - b.waiting!.order).slice(0, Math.max(0, free));
}

/** What a set unpacks to is not known before: one at a time, and none while what is in hand takes all the memory there is. */
function mayUnpack(all: readonly PartitionFetch[], { totalBytes }: FetchRules): boolean {
  const hands = all.flatMap(({ hand }) => hand ?? []);
  const held = hands.reduce((sum, { bytes }) => sum + bytes, 0);
  return held < totalBytes && !hands.some(({ isPacked, read }) => isPacked && read === undefined);
}

/** Moves the position past what is processed: behind the last record it is behind all that was fetched. */
function resolving(p: PartitionFetch, hand: Hand, lag: Pick<LagTracker, 'processed'>): Delivery['resolve'] {
  const { records, next: end } = hand.read!;
  const dated = (i: number) =>
    i < 0 || i >= records.length
      ? undefined
      : { offset: records.offsetAt(i), timestampMs: records.timestampAt(i) };
  let done = 0; // of `records`
  return (offset) => {
    if (p.epoch !== hand.epoch) return;
    while (done < records.length && records.offsetAt(done) <= offset) done += 1;
    const next = done === records.length ? Math.max(end, offset + 1) : offset + 1;
    p.position = next;
    lag.processed(p.partition, next, dated(done - 1), dated(done));
  };
}
