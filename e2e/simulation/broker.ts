/**
 * Kafka in memory, as far as the loop can tell it from Kafka: input partitions, output partitions with open transactions,
 * committed offsets, transaction coordinators whose markers arrive later than the answer to EndTxn, and a group.
 */
import type { Random } from '../../schemas/random.ts';
import type { Scheduler } from './scheduler.ts';

interface Txn {
  readonly id: string;
  state: 'open' | 'committing' | 'aborting' | 'committed' | 'aborted';
  readonly outputs: Set<number>;
  readonly offsets: Map<number, number>;
}
interface Coordinator {
  epoch: number;
  current: Txn | undefined;
}
interface Output {
  readonly value: string;
  readonly txn: Txn;
}

/** Asks the client to come again: CONCURRENT_TRANSACTIONS and its like. */
export const AGAIN = Symbol('again');

const TRANSACTION_TIMEOUT_MS = 400;

export interface SimulatedBroker {
  readonly partitions: number;
  /** Offsets of the records of each input partition (with gaps, as transaction markers and compaction leave them). */
  readonly input: readonly number[][];
  append(partition: number): void;
  high(partition: number): number;
  committed(partition: number): number | undefined;
  /** What a `read_committed` reader sees of an output partition, in order; undefined while a transaction is open. */
  visible(partition: number): string[];
  isQuiet(): boolean;
  initProducer(id: string): number | typeof AGAIN;
  send(id: string, epoch: number, partition: number, values: readonly string[]): typeof AGAIN | undefined;
  sendOffsets(id: string, epoch: number, partition: number, next: number): typeof AGAIN | undefined;
  endTransaction(id: string, epoch: number, commits: boolean): typeof AGAIN | undefined;
}

export function createBroker(partitions: number, random: Random, time: Scheduler): SimulatedBroker {
  const input: number[][] = Array.from({ length: partitions }, () => []);
  const ends = new Array<number>(partitions).fill(0);
  const outputs: Output[][] = Array.from({ length: partitions }, () => []);
  const offsets = new Map<number, number>();
  const coordinators = new Map<string, Coordinator>();

  const coordinator = (id: string): Coordinator => {
    const found = coordinators.get(id) ?? { epoch: -1, current: undefined };
    coordinators.set(id, found);
    return found;
  };
  const isEnding = ({ current }: Coordinator): boolean =>
    current?.state === 'committing' || current?.state === 'aborting';

  /** The decision is written; markers reach each partition and the offsets on their own. */
  function end(owner: Coordinator, txn: Txn, commits: boolean): void {
    txn.state = commits ? 'committing' : 'aborting';
    const markers = [...txn.offsets.keys()].map((partition) => () => {
      if (commits) offsets.set(partition, txn.offsets.get(partition)!);
    });
    let waiting = markers.length + 1;
    const written = (): void => {
      if (--waiting > 0) return;
      txn.state = commits ? 'committed' : 'aborted';
      if (owner.current === txn) owner.current = undefined;
    };
    for (const marker of markers)
      time.after(random.int(12), () => {
        marker();
        written();
      });
    time.after(random.int(12), written);
  }

  function transaction(id: string, epoch: number): Txn | typeof AGAIN {
    const owner = coordinator(id);
    if (owner.epoch !== epoch) throw new Error('INVALID_PRODUCER_EPOCH');
    if (isEnding(owner)) return AGAIN;
    if (owner.current !== undefined) return owner.current;
    const txn: Txn = { id, state: 'open', outputs: new Set(), offsets: new Map() };
    owner.current = txn;
    time.after(TRANSACTION_TIMEOUT_MS, () => {
      if (txn.state !== 'open') return;
      owner.epoch += 1;
      end(owner, txn, false);
    });
    return txn;
  }

  return {
    partitions,
    input,
    append: (partition) => {
      input[partition]!.push(ends[partition]!);
      ends[partition]! += random.int(4) === 0 ? 2 : 1;
    },
    high: (partition) => ends[partition]!,
    committed: (partition) => offsets.get(partition),
    visible: (partition) =>
      outputs[partition]!.filter(({ txn }) => txn.state === 'committed').map(({ value }) => value),
    isQuiet: () => [...coordinators.values()].every(({ current }) => current === undefined),
    initProducer: (id) => {
      const owner = coordinator(id);
      if (isEnding(owner)) return AGAIN;
      owner.epoch += 1;
      if (owner.current === undefined) return owner.epoch;
      end(owner, owner.current, false);
      return AGAIN;
    },
    send: (id, epoch, partition, values) => {
      const txn = transaction(id, epoch);
      if (txn === AGAIN) return AGAIN;
      outputs[partition]!.push(...values.map((value) => ({ value, txn })));
      return undefined;
    },
    sendOffsets: (id, epoch, partition, next) => {
      const txn = transaction(id, epoch);
      if (txn === AGAIN) return AGAIN;
      txn.offsets.set(partition, next);
      return undefined;
    },
    endTransaction: (id, epoch, commits) => {
      const owner = coordinator(id);
      if (owner.epoch !== epoch) throw new Error('INVALID_PRODUCER_EPOCH');
      if (isEnding(owner)) return AGAIN;
      if (owner.current !== undefined) end(owner, owner.current, commits);
      return undefined;
    },
  };
}
