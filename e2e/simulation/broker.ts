/**
 * Kafka in memory, as far as the loop can tell it from Kafka: input partitions, output partitions with open transactions,
 * committed offsets, transaction coordinators whose markers arrive later than the answer to EndTxn, or never, and a group.
 * A writer writes to one output partition, that of its input.
 */
import { BankChurnError } from '../../schemas/errors.ts';
import type { Random } from '../../schemas/random.ts';
import type { Scheduler } from './scheduler.ts';

interface Txn {
  state: 'open' | 'committing' | 'aborting' | 'ended';
  /** What gets a marker: records, offsets. */
  hasOutput: boolean;
  hasOffset: boolean;
}
interface Coordinator {
  epoch: number;
  current: Txn | undefined;
  /** What became of the last transaction; undefined after `InitProducerId`. */
  last: 'commit' | 'abort' | undefined;
  /** As a renewal gave it to `InitProducerId`: by its timeout. */
  isRenewal: boolean;
  /** Written under this id and without a marker yet: the next marker decides, whichever transaction it is of. */
  outputs: Output[];
  offset: { readonly partition: number; readonly next: number } | undefined;
}
interface Output {
  readonly value: string;
  state: 'open' | 'committed' | 'aborted';
}

export interface Described {
  readonly state: 'none' | 'open' | 'commit' | 'abort';
  readonly isRenewal: boolean;
  readonly epoch: number;
}

/** Asks the client to come again: CONCURRENT_TRANSACTIONS and its like. */
export const AGAIN = Symbol('again');

const TRANSACTION_TIMEOUT_MS = 400;
const RENEWAL_TIMEOUT_MS = 4000;

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
  /**
   * All connections break. When the broker is back it takes partitions for deleted: decided transactions are complete
   * without those of their markers that were not yet written.
   */
  restart(): void;
  /** How often it was started again. */
  restarts(): number;
  /** Undefined: the id is not known. */
  describe(id: string): Described | undefined;
  initProducer(id: string, isRenewal?: boolean): number | typeof AGAIN;
  /** A transaction over an output partition and the offsets, with nothing in it. */
  touch(id: string, epoch: number): typeof AGAIN | undefined;
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
  let restarts = 0;

  const coordinator = (id: string): Coordinator => {
    const found = coordinators.get(id) ?? { epoch: -1, current: undefined, last: undefined, isRenewal: false, outputs: [], offset: undefined };
    coordinators.set(id, found);
    return found;
  }; // prettier-ignore
  const isEnding = ({ current }: Coordinator): boolean =>
    current?.state === 'committing' || current?.state === 'aborting';

  function markOutputs(owner: Coordinator, commits: boolean): void {
    for (const output of owner.outputs) output.state = commits ? 'committed' : 'aborted';
    owner.outputs = [];
  }
  function markOffset(owner: Coordinator, commits: boolean): void {
    if (commits && owner.offset !== undefined) offsets.set(owner.offset.partition, owner.offset.next);
    owner.offset = undefined;
  }

  /** The decision is written; markers reach the output and the offsets on their own. */
  function end(owner: Coordinator, txn: Txn, commits: boolean): void {
    txn.state = commits ? 'committing' : 'aborting';
    owner.last = commits ? 'commit' : 'abort';
    const markers = [
      ...(txn.hasOutput ? [markOutputs] : []),
      ...(txn.hasOffset ? [markOffset] : []),
      () => undefined,
    ];
    let waiting = markers.length;
    for (const mark of markers)
      time.after(random.int(12), () => {
        if (txn.state === 'ended') return; // its markers are lost
        mark(owner, commits);
        if (--waiting === 0) finish(owner, txn);
      });
  }
  function finish(owner: Coordinator, txn: Txn): void {
    txn.state = 'ended';
    if (owner.current === txn) owner.current = undefined;
  }

  function transaction(id: string, epoch: number): Txn | typeof AGAIN {
    const owner = coordinator(id);
    if (owner.epoch !== epoch) throw new BankChurnError('TRANSACTION_FAILED', 'INVALID_PRODUCER_EPOCH');
    if (isEnding(owner)) return AGAIN;
    if (owner.current !== undefined) return owner.current;
    const txn: Txn = { state: 'open', hasOutput: false, hasOffset: false };
    owner.current = txn;
    time.after(owner.isRenewal ? RENEWAL_TIMEOUT_MS : TRANSACTION_TIMEOUT_MS, () => {
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
      outputs[partition]!.filter(({ state }) => state === 'committed').map(({ value }) => value),
    isQuiet: () => [...coordinators.values()].every(({ current }) => current === undefined),
    restart: () => {
      restarts += 1;
      for (const owner of coordinators.values()) if (isEnding(owner)) finish(owner, owner.current!);
    },
    restarts: () => restarts,
    describe: (id) => {
      const owner = coordinators.get(id);
      if (owner === undefined) return undefined;
      const state = owner.current?.state === 'open' ? 'open' : (owner.last ?? 'none');
      return { state, isRenewal: owner.isRenewal, epoch: owner.epoch };
    },
    initProducer: (id, isRenewal = false) => {
      const owner = coordinator(id);
      if (isEnding(owner)) return AGAIN;
      owner.epoch += 1;
      if (owner.current === undefined) {
        owner.last = undefined;
        owner.isRenewal = isRenewal;
        return owner.epoch;
      }
      end(owner, owner.current, false);
      return AGAIN;
    },
    touch: (id, epoch) => {
      const txn = transaction(id, epoch);
      if (txn === AGAIN) return AGAIN;
      txn.hasOutput = true;
      txn.hasOffset = true;
      return undefined;
    },
    send: (id, epoch, partition, values) => {
      const txn = transaction(id, epoch);
      if (txn === AGAIN) return AGAIN;
      const written = values.map((value): Output => ({ value, state: 'open' }));
      txn.hasOutput = true;
      outputs[partition]!.push(...written);
      coordinator(id).outputs.push(...written);
      return undefined;
    },
    sendOffsets: (id, epoch, partition, next) => {
      const txn = transaction(id, epoch);
      if (txn === AGAIN) return AGAIN;
      txn.hasOffset = true;
      coordinator(id).offset = { partition, next };
      return undefined;
    },
    endTransaction: (id, epoch, commits) => {
      const owner = coordinator(id);
      if (owner.epoch !== epoch) throw new BankChurnError('TRANSACTION_FAILED', 'INVALID_PRODUCER_EPOCH');
      if (isEnding(owner)) return AGAIN;
      if (owner.current !== undefined) end(owner, owner.current, commits);
      return undefined;
    },
  };
}
