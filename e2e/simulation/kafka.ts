/** Kafka in memory, as far as a scorer can tell it from Kafka. */
import type { Random } from '../../schemas/random.ts';
import { createGroup, type SimulatedGroup } from './group.ts';
import { createOffsets, type Offsets } from './offsets.ts';
import { createOutputs, type Outputs } from './outputs.ts';
import type { Scheduler } from './scheduler.ts';
import { told, type Say } from './told.ts';
import type { Weather } from './weather.ts';
import { createTransactions, OFFSETS, type Transactions } from './transactions.ts';

export interface SimulatedKafka {
  readonly partitions: number;
  /** Offsets of the records of each input partition (with gaps, as transaction markers and compaction leave them). */
  readonly input: readonly number[][];
  readonly group: SimulatedGroup;
  readonly offsets: Offsets;
  readonly outputs: Outputs;
  readonly transactions: Transactions;
  append(partition: number): void;
  /** Resolves with the next record of any partition, or after so long. */
  appended(withinMs: number): Promise<void>;
  high(partition: number): number;
  /** All connections break. When the broker is back it takes partitions for deleted, and markers are lost. */
  restart(): void;
  /** How often it was started again. */
  incarnation(): number;
}

interface Surroundings {
  readonly random: Random;
  readonly time: Scheduler;
  readonly weather: Weather;
  readonly say: Say | undefined;
}

export function createKafka(
  partitions: number,
  timeoutMs: number,
  { random, time, weather, say }: Surroundings,
): SimulatedKafka {
  const input: number[][] = Array.from({ length: partitions }, () => []);
  const ends = new Array<number>(partitions).fill(0);
  const group = createGroup(time);
  const ownOffsets = createOffsets();
  const offsets = say === undefined ? ownOffsets : told(ownOffsets, ['commit', 'pend', 'mark'], say);
  const outputs = createOutputs();
  const ownTransactions = createTransactions({
    ...{ random, time, timeoutMs },
    markerDelay: () => (random.next() < weather.slow ? 20 + random.int(200) : random.int(12)),
    mark: (place, who, commits) =>
      place === OFFSETS ? offsets.mark(who.producerId, commits) : outputs.mark(place, who, commits),
  });
  const transactions =
    say === undefined
      ? ownTransactions
      : told(ownTransactions, ['describe', 'initProducer', 'add', 'end'], say);
  const waiting: (() => void)[] = [];
  let incarnation = 0;
  return {
    ...{ partitions, input, group, offsets, outputs, transactions },
    appended: (withinMs) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        time.after(withinMs, resolve);
      }),
    append: (partition) => {
      waiting.splice(0).forEach((wake) => time.after(0, wake));
      input[partition]!.push(ends[partition]!);
      ends[partition]! += random.int(4) === 0 ? 2 : 1;
    },
    high: (partition) => ends[partition]!,
    restart: () => {
      incarnation += 1;
      transactions.loseMarkers();
      group.restart();
    },
    incarnation: () => incarnation,
  };
}
