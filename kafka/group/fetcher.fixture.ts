/** A topic in memory and a fetcher of it, in virtual time. */
import { createScheduler } from '../../e2e/simulation/scheduler.ts';
import type { Delivery } from '../../schemas/ports.ts';
import { recordsOf, type Records } from '../../schemas/records.ts';
import { KafkaError } from '../errors.ts';
import { createLagTracker } from '../lag.ts';
import type { FetchRules } from './fetch-plan.ts';
import { createFetcher, type FetcherSettings } from './fetcher.ts';
import type { FetchedPartition, FetchPort } from './ports.ts';

/** Of each record. */
const RECORD_BYTES = 100;
const away = (): KafkaError => new KafkaError('transient', 'the broker is away');

/** A topic whose partition p is led by broker p modulo their number. A record is a number; one below 0 is not to be read. */
export class Topic {
  readonly logs: number[][];
  readonly time: ReturnType<typeof createScheduler>;
  readonly leaders: string[];
  /** What was asked of the brokers. */
  readonly fetches: {
    atMs: number;
    leader: string;
    partitions: number[];
    maxWaitMs: number;
    bytes: number;
    from: number[];
  }[] = [];
  /** How many records lie in a batch. */
  batch = 1;
  /** How many times larger a batch is when it is unpacked; 1: it is not packed. */
  packing = 1;
  low = 0;
  down = new Set<string>();
  codes = new Map<number, number>();
  lookups = 0;
  lookupError: Error | undefined;
  #waiting: (() => void)[] = [];

  constructor(time: ReturnType<typeof createScheduler>, partitions: number, brokers = 1) {
    this.time = time;
    this.logs = Array.from({ length: partitions }, () => []);
    this.leaders = this.logs.map((_, p) => String(p % brokers));
  }
  append(partition: number, ...values: number[]): void {
    this.logs[partition]!.push(...values);
    for (const look of this.#waiting.splice(0)) look();
  }
  readonly port: FetchPort = {
    leaders: () => {
      this.lookups += 1;
      const found = new Map(this.leaders.map((leader, p) => [p, leader]));
      const error = this.lookupError;
      return new Promise((resolve, reject) =>
        this.time.after(1, () => (error === undefined ? resolve(found) : reject(error))),
      );
    },
    fetch: async (leader, from, maxWaitMs) => {
      const bytes = from.reduce((sum, { maxBytes }) => sum + maxBytes, 0);
      const partitions = from.map(({ partition }) => partition);
      this.fetches.push({
        atMs: this.time.now(),
        leader,
        partitions,
        maxWaitMs,
        bytes,
        from: from.map(({ offset }) => offset),
      });
      await this.#pass(1);
      const begun = this.time.now();
      const answer = () => {
        let isFirst = true;
        return from.map(({ partition, offset, maxBytes }) => {
          const found = this.#answer(leader, partition, offset, maxBytes, isFirst);
          if (found.set.length > 0) isFirst = false;
          return found;
        });
      };
      const hasSome = () => answer().some(({ set, error }) => set.length > 0 || error !== undefined);
      while (!hasSome() && this.time.now() < begun + maxWaitMs && !this.down.has(leader))
        await Promise.race([this.#pass(begun + maxWaitMs - this.time.now()), new Promise<void>((resolve) => this.#waiting.push(resolve))]); // prettier-ignore
      if (this.down.has(leader)) throw away();
      const answers = answer();
      await this.#pass(1);
      return answers;
    },
  };
  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.time.after(ms, resolve));
  }
  #answer(
    leader: string,
    partition: number,
    offset: number,
    maxBytes: number,
    isFirst: boolean,
  ): FetchedPartition {
    const log = this.logs[partition]!;
    const code = this.codes.get(partition) ?? (this.leaders[partition] === leader ? 0 : 6);
    const isOut = code === 0 && (offset < this.low || offset > log.length);
    const error = code === 6 ? 'not-leader' : code !== 0 ? 'other' : isOut ? 'out-of-range' : undefined;
    const begin = offset - (offset % this.batch);
    const whole = Math.floor(maxBytes / RECORD_BYTES / this.batch) * this.batch;
    const end = Math.min(log.length, begin + Math.max(whole, isFirst ? this.batch : 0));
    const isCut = begin < log.length && end === begin;
    const set = Buffer.alloc(error === undefined ? (isCut ? maxBytes : (end - begin) * RECORD_BYTES) : 0);
    if (set.length > 12) {
      set.writeInt32BE(this.batch * RECORD_BYTES - 12, 8);
      set.writeInt32BE(isCut ? -1 : end, 12);
      set[22] = this.packing > 1 ? 1 : 0;
    }
    return { ...{ partition, error, code, set, aborted: [] }, highWatermark: log.length, lastStableOffset: log.length }; // prettier-ignore
  }
}

/** A delivery in hand. */
export interface Handed {
  readonly partition: number;
  readonly records: Records;
  readonly delivery: Delivery;
  readonly done: (error?: Error) => void;
}

export function setUpFetcher(partitions: number, brokers = 1, rules: Partial<FetchRules> = {}) {
  const time = createScheduler();
  const topic = new Topic(time, partitions, brokers);
  const lag = createLagTracker();
  const said: unknown[] = [];
  const lost: unknown[] = [];
  const inHand: Handed[] = [];
  const seen = new Map<number, number[]>();
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => time.after(ms, resolve));
  /** What becomes of a delivery; by default all of it is processed, which takes 10 ms. */
  const behaviour = {
    readMs: () => 0,
    take: ({ partition, records, delivery, done }: Handed): void =>
      time.after(10, () => {
        seen.set(partition, [...(seen.get(partition) ?? []), ...[...records].map(({ offset }) => offset)]);
        delivery.resolve(records.offsetAt(records.length - 1));
        done();
      }),
  };
  const settings: FetcherSettings = {
    ...{ topic: 't', port: topic.port, clock: { now: time.now, sleep }, lag, rules },
    read: async (partition, set, from) => {
      const ms = behaviour.readMs();
      if (ms > 0) await sleep(ms);
      const end = set.length > 12 ? set.readInt32BE(12) : -1;
      if (end === -1) return { records: recordsOf([]), first: from, next: from, bytes: 0 };
      const list = topic.logs[partition]!.slice(from, end).flatMap((value, i) =>
        value < 0 ? [] : [{ offset: from + i, timestampMs: value, key: null, value: null, headers: {} }],
      );
      const bytes = set.length * topic.packing;
      return { records: recordsOf(list), first: from, next: Math.max(from, end), bytes };
    },
    errorOf: (code) => new KafkaError(code === 29 ? 'unauthorized' : code === 3 ? 'missing' : 'transient', `code ${String(code)}`), // prettier-ignore
    events: {
      deliver: (partition, records, delivery) =>
        new Promise((resolve, reject) => {
          const handed: Handed = {
            ...{ partition, records, delivery },
            done: (error) => {
              inHand.splice(inHand.indexOf(handed), 1);
              if (error === undefined) resolve();
              else reject(error);
            },
          };
          inHand.push(handed);
          behaviour.take(handed);
        }),
      alive: () => undefined,
      outOfRange: (partition) => said.push(new Error(`${String(partition)} is out of range`)),
      crashed: (error) => said.push(error),
    },
  };
  const fetcher = createFetcher(settings);
  const hold = { confirm: () => Promise.resolve(), lose: (error: unknown) => void lost.push(error) };
  const all = topic.logs.map((_, p) => p);
  const assign = (): void => {
    lag.assigned(all);
    fetcher.assign(all, hold);
  };
  const begin = (partition: number, offset = 0): void => {
    fetcher.seek(partition, offset);
    fetcher.resume(partition);
  };
  const pass = async (ms: number): Promise<void> => {
    let isOver = false;
    time.after(ms, () => (isOver = true));
    await time.run(() => isOver, time.now() + ms + 1);
  };
  const until = async (isDone: () => boolean, ms = 60_000): Promise<void> => {
    if (!(await time.run(isDone, time.now() + ms))) throw new Error(`not within ${String(ms)} ms`);
  };
  return { time, topic, lag, said, lost, inHand, seen, behaviour, fetcher, hold, all, assign, begin, pass, until, sleep };
} // prettier-ignore
