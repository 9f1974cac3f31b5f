/**
 * Fetches the partitions of a member and hands them on: of each one set after the other, the next one fetched ahead while more is there;
 * from each broker one fetch at a time, for all partitions that can take something. `seek`, `pause` and `resume` take effect at once.
 */
import type { Clock } from '../../schemas/ports.ts';
import { holdsPacked } from '../record-batch.ts';
import { createAsking, type Accept, type Assigned, type Hold } from './fetch-asking.ts';
import { createHands, type Hands, type HandsSettings, type ReadFetched } from './fetch-hands.ts';
import { forget, isWanted, newPartitionFetch, seek, type PartitionFetch } from './fetch-partition.ts';
import { FETCH_RULES, type FetchRules } from './fetch-plan.ts';
import { isLasting } from './member-errors.ts';
import type { FetchedPartition, FetchPort } from './ports.ts';

export interface FetcherEvents extends Pick<HandsSettings, 'deliver'> {
  /** A broker has answered. */
  alive(): void;
  /** The broker does not hold what was to be read next. The partition is paused: `seek` and `resume` make it go on. */
  outOfRange(partition: number): void;
  crashed(error: unknown): void;
}

export interface FetcherSettings {
  readonly topic: string;
  readonly port: FetchPort;
  readonly clock: Clock;
  readonly read: ReadFetched;
  /** The broker's error of a partition. */
  readonly errorOf: (code: number) => unknown;
  readonly lag: HandsSettings['lag'];
  readonly events: FetcherEvents;
  readonly rules?: Partial<FetchRules>;
}

export interface Fetcher {
  /** The partitions are ours, each paused until `seek` and `resume`. What was fetched before is forgotten. */
  assign(partitions: readonly number[], hold: Hold): void;
  /** Hands on nothing more until the next assignment. */
  halt(): void;
  /** Resolves when nothing is in hand. */
  settled(): Promise<void>;
  pause(partitions: readonly number[]): void;
  resume(partition: number): void;
  seek(partition: number, offset: number): void;
}

const NO_HOLD: Hold = { confirm: () => Promise.resolve(), lose: () => undefined };

export function createFetcher(settings: FetcherSettings): Fetcher {
  const { clock, events } = settings;
  const rules = { ...FETCH_RULES, ...settings.rules };
  const assigned: Assigned = { partitions: new Map(), hold: NO_HOLD };
  let lastEpoch = 0;
  let isScheduled = false;

  /** All that happens at one moment is looked at together. */
  function changed(): void {
    if (isScheduled) return;
    isScheduled = true;
    void clock.sleep(0).then(() => {
      isScheduled = false;
      const all = assigned.partitions.values();
      hands.read(all);
      asking.ask(); // before what is in hand takes the processor
      hands.deliver(assigned.partitions.values(), assigned.hold.confirm);
    });
  }

  const crashed = (error: unknown): void => events.crashed(error);
  const hands = createHands({ ...settings, rules, deliver: events.deliver, crashed, changed });
  const accept = accepting(settings, assigned, hands, () => asking.renew());
  const asking = createAsking({ ...settings, rules, assigned, accept, answered: events.alive, changed });
  const find = (partition: number): PartitionFetch | undefined => assigned.partitions.get(partition);

  return {
    assign: (partitions, hold) => {
      assigned.hold = hold;
      assigned.partitions = new Map(partitions.map((partition) => [partition, newPartitionFetch(partition)]));
      partitions.forEach(asking.expect);
    },
    halt: () => {
      assigned.hold = NO_HOLD;
      assigned.partitions = new Map();
    },
    settled: hands.settled,
    pause: (partitions) => {
      for (const p of partitions.map(find)) {
        if (p === undefined) continue;
        p.isPaused = true;
        forget(p);
      }
    },
    resume: (partition) => {
      const p = find(partition);
      if (p === undefined) return;
      p.isPaused = false;
      asking.expect(partition);
      changed();
    },
    seek: (partition, offset) => {
      const p = find(partition);
      if (p !== undefined) seek(p, offset, ++lastEpoch);
      changed();
    },
  };
}

/** What becomes of a broker's answer for a partition. */
function accepting(settings: FetcherSettings, assigned: Assigned, hands: Hands, renew: () => void): Accept {
  let lastOrder = 0;

  function refused(p: PartitionFetch, { error: word, code }: FetchedPartition): void {
    if (word === 'out-of-range') {
      p.isPaused = true;
      settings.events.outOfRange(p.partition);
      return;
    }
    renew();
    hands.rest(p);
    if (word === 'not-leader') return;
    const error = settings.errorOf(code);
    if (isLasting(error, p.failures)) assigned.hold.lose(error);
  }

  return (answer, asked) => {
    const p = assigned.partitions.get(answer.partition);
    if (p === undefined || !isWanted(p, asked.epoch, asked.offset)) return false;
    if (answer.error !== undefined) {
      refused(p, answer);
      return false;
    }
    p.failures = 0;
    if (answer.set.length === 0) return false;
    const { aborted, lastStableOffset: end } = answer;
    const set = unpinned(answer.set);
    const isPacked = holdsPacked(set);
    p.waiting = { set, isPacked, aborted, from: asked.offset, end, order: ++lastOrder };
    return true;
  };
}

/** A small view keeps all that came with it in memory: then its bytes are copied. */
const unpinned = (set: Buffer): Buffer => (set.length * 16 < set.buffer.byteLength ? Buffer.from(set) : set);
