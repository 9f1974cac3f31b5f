/** Lag as an outsider computes it: of what the test has written, and of what Kafka says of the topic and the group. */
import { setTimeout as sleep } from 'node:timers/promises';
import { libraryOf } from '../kafka/kafkajs/cluster.fixture.ts';

type Library = ReturnType<typeof libraryOf>;

/** A partition at one moment: records that wait, at least and at most, and since when the oldest of them does. */
interface Moment {
  readonly atMs: number;
  readonly low: number;
  readonly high: number;
  readonly oldestMs: number | undefined;
}

/** Lag of a partition as a service shows it. */
export interface Shown {
  readonly records: number;
  readonly seconds: number;
}

/** So long the truth is kept: a service looks twice a second, shows a text for a second at most, and it takes a moment to ask. */
const WINDOW_MS = 1800;
const SAMPLE_MS = 40;
const KEPT = 200;
/** What a service may be off. */
const RECORDS = 1;
const MS = 1000;

export class LagTruth {
  readonly #topic: string;
  readonly #group: string;
  readonly #admin: ReturnType<Library['admin']>;
  readonly #producer: ReturnType<Library['producer']>;
  /** When the records of each partition were appended, by offset. */
  readonly #appended = new Map<number, number[]>();
  readonly #moments = new Map<number, Moment[]>();
  #isWatching = true;
  #isPaused = false;

  private constructor(brokers: string, topic: string, group: string) {
    [this.#topic, this.#group] = [topic, group];
    const kafka = libraryOf(brokers);
    this.#admin = kafka.admin();
    this.#producer = kafka.producer();
  }

  /** @param topic an empty one, that nobody else writes to. */
  static async open(brokers: string, topic: string, group: string): Promise<LagTruth> {
    const truth = new LagTruth(brokers, topic, group);
    await truth.#admin.connect();
    await truth.#producer.connect();
    void truth.#watch();
    return truth;
  }

  async close(): Promise<void> {
    this.#isWatching = false;
    await this.#producer.disconnect();
    await this.#admin.disconnect();
  }

  /** While Kafka is frozen nobody asks it. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
  }

  async write(partition: number, values: readonly (Buffer | string)[]): Promise<void> {
    const timestamp = String(Date.now());
    const messages = values.map((value) => ({ key: null, value, partition, timestamp }));
    const appended = this.#appended.get(partition) ?? [];
    this.#appended.set(partition, appended);
    for (let i = 0; i < values.length; i++) appended.push(Number(timestamp));
    await this.#producer.send({ topic: this.#topic, messages });
  }

  async #watch(): Promise<void> {
    while (this.#isWatching) {
      if (!this.#isPaused) await this.#sample().catch(() => undefined);
      await sleep(SAMPLE_MS);
    }
  }

  async #sample(): Promise<void> {
    const before = await this.#ends();
    const [group] = await this.#admin.fetchOffsets({ groupId: this.#group, topics: [this.#topic] });
    const atMs = Date.now();
    const after = await this.#ends();
    for (const { partition, offset } of group?.partitions ?? []) {
      const next = Math.max(0, Number(offset));
      const [low, high] = [before.get(partition)! - next, after.get(partition)! - next];
      const oldestMs = high > 0 ? this.#appended.get(partition)?.[next] : undefined;
      const moments = this.#moments.get(partition) ?? [];
      this.#moments.set(partition, [...moments, { atMs, low, high, oldestMs }].slice(-KEPT));
    }
  }

  async #ends(): Promise<Map<number, number>> {
    const offsets = await this.#admin.fetchTopicOffsets(this.#topic);
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  }

  /** What waits now. */
  latest(partition: number): { readonly records: number; readonly ageMs: number } {
    const { high = NaN, oldestMs } = this.#moments.get(partition)?.at(-1) ?? {};
    return { records: high, ageMs: oldestMs === undefined ? 0 : Date.now() - oldestMs };
  }

  /** Whether nothing waits anywhere. */
  isIdle = (): boolean =>
    [...this.#appended.keys()].every((partition) => this.latest(partition).records === 0);

  /** What is wrong with what was shown to somebody who asked at `askedMs`; undefined: it was the truth within the last second. */
  fault(partition: number, shown: Shown | undefined, askedMs: number): string | undefined {
    const moments = this.#moments.get(partition) ?? [];
    const first = moments.findLastIndex(({ atMs }) => atMs <= askedMs - WINDOW_MS); // it held on into the window
    const recent = moments.slice(Math.max(0, first));
    const ages = recent.map(({ atMs, oldestMs }) => (oldestMs === undefined ? 0 : atMs - oldestMs));
    const records = [
      Math.min(...recent.map(({ low }) => low)) - RECORDS,
      Math.max(...recent.map(({ high }) => high)) + RECORDS,
    ] as const;
    const ms = [Math.min(...ages) - MS, Math.max(...ages) + MS] as const;
    const isWithin = (value: number, [low, high]: readonly [number, number]) => value >= low && value <= high;
    if (shown && isWithin(shown.records, records) && isWithin(shown.seconds * 1000, ms)) return undefined;
    return `partition ${String(partition)}: shown ${JSON.stringify(shown)}, true are records ${records.join('..')}, ms ${ms.join('..')}`;
  }
}
