/**
 * Kafka in memory, as far as the loop can tell it from Kafka: input partitions, output partitions with open transactions,
 * committed offsets, and transactions that end as `transactions.ts` has it. A writer writes to one output partition, that of
 * its input.
 */
import type { Random } from '../../schemas/random.ts';
import type { Scheduler } from './scheduler.ts';
import { createCoordinators, type AGAIN, type Output, type TransactionRequests } from './transactions.ts';

export interface SimulatedBroker extends TransactionRequests {
  readonly partitions: number;
  /** Offsets of the records of each input partition (with gaps, as transaction markers and compaction leave them). */
  readonly input: readonly number[][];
  append(partition: number): void;
  high(partition: number): number;
  committed(partition: number): number | undefined;
  /** What a `read_committed` reader sees of an output partition, in order. */
  visible(partition: number): string[];
  isQuiet(): boolean;
  /** All connections break. When the broker is back it takes partitions for deleted, and markers are lost. */
  restart(): void;
  /** How often it was started again. */
  restarts(): number;
  /** A transaction over an output partition and the offsets, with nothing in it. */
  touch(id: string, epoch: number): typeof AGAIN | undefined;
  send(id: string, epoch: number, partition: number, values: readonly string[]): typeof AGAIN | undefined;
  sendOffsets(id: string, epoch: number, partition: number, next: number): typeof AGAIN | undefined;
}

export function createBroker(partitions: number, random: Random, time: Scheduler): SimulatedBroker {
  const input: number[][] = Array.from({ length: partitions }, () => []);
  const ends = new Array<number>(partitions).fill(0);
  const outputs: Output[][] = Array.from({ length: partitions }, () => []);
  const offsets = new Map<number, number>();
  const { within, loseMarkers, ...requests } = createCoordinators({ offsets, random, time });
  let restarts = 0;

  return {
    ...requests,
    partitions,
    input,
    append: (partition) => {
      input[partition]!.push(ends[partition]!);
      ends[partition]! += random.int(4) === 0 ? 2 : 1;
    },
    high: (partition) => ends[partition]!,
    committed: (partition) => offsets.get(partition),
    visible: (partition) =>
      outputs[partition]!.filter(({ state }) => state === 'committed').map(({ value }) => value),
    restart: () => {
      restarts += 1;
      loseMarkers();
    },
    restarts: () => restarts,
    touch: (id, epoch) =>
      within(id, epoch, (txn) => {
        txn.hasOutput = true;
        txn.hasOffset = true;
      }),
    send: (id, epoch, partition, values) =>
      within(id, epoch, (txn, owner) => {
        const written = values.map((value): Output => ({ value, state: 'open' }));
        txn.hasOutput = true;
        outputs[partition]!.push(...written);
        owner.outputs.push(...written);
      }),
    sendOffsets: (id, epoch, partition, next) =>
      within(id, epoch, (txn, owner) => {
        txn.hasOffset = true;
        owner.offset = { partition, next };
      }),
  };
}
