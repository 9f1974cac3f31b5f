/** Transaction coordinators: each transactional id has an epoch and one transaction, whose markers come late or never. */
import { BankChurnError } from '../../schemas/errors.ts';
import type { Random } from '../../schemas/random.ts';
import type { Scheduler } from './scheduler.ts';

interface Txn {
  state: 'open' | 'committing' | 'aborting' | 'ended';
  /** What gets a marker: records, offsets. */
  hasOutput: boolean;
  hasOffset: boolean;
}

/** A record of an output partition. */
export interface Output {
  readonly value: string;
  state: 'open' | 'committed' | 'aborted';
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

export interface Described {
  readonly state: 'none' | 'open' | 'commit' | 'abort';
  readonly isRenewal: boolean;
  readonly epoch: number;
}

/** Asks the client to come again: CONCURRENT_TRANSACTIONS and its like. */
export const AGAIN = Symbol('again');

const TRANSACTION_TIMEOUT_MS = 400;
const RENEWAL_TIMEOUT_MS = 4000;

/** What the coordinators answer to a client. */
export interface TransactionRequests {
  /** Undefined: the id is not known. */
  describe(id: string): Described | undefined;
  initProducer(id: string, isRenewal?: boolean): number | typeof AGAIN;
  endTransaction(id: string, epoch: number, commits: boolean): typeof AGAIN | undefined;
}

export interface Coordinators extends TransactionRequests {
  /** Does something in the transaction of an id; begins one if none is open. */
  within(id: string, epoch: number, act: (txn: Txn, owner: Coordinator) => void): typeof AGAIN | undefined;
  isQuiet(): boolean;
  /** Decided transactions are complete without those of their markers that were not yet written. */
  loseMarkers(): void;
}

/** What coordinators need: the committed offsets, which their markers change, and the time that markers take. */
interface Surroundings {
  readonly offsets: Map<number, number>;
  readonly random: Random;
  readonly time: Scheduler;
}

export function createCoordinators(around: Surroundings): Coordinators {
  const byId = new Map<string, Coordinator>();
  const of = (id: string): Coordinator => {
    const found = byId.get(id) ?? newCoordinator();
    byId.set(id, found);
    return found;
  };
  const atEpoch = (id: string, epoch: number): Coordinator => {
    const owner = of(id);
    if (owner.epoch !== epoch) throw new BankChurnError('TRANSACTION_FAILED', 'INVALID_PRODUCER_EPOCH');
    return owner;
  };
  return {
    within: (id, epoch, act) => {
      const owner = atEpoch(id, epoch);
      if (isEnding(owner)) return AGAIN;
      act(owner.current ?? begin(around, owner), owner);
      return undefined;
    },
    describe: (id) => {
      const owner = byId.get(id);
      if (owner === undefined) return undefined;
      const state = owner.current?.state === 'open' ? 'open' : (owner.last ?? 'none');
      return { state, isRenewal: owner.isRenewal, epoch: owner.epoch };
    },
    initProducer: (id, isRenewal = false) => initProducer(around, of(id), isRenewal),
    endTransaction: (id, epoch, commits) => {
      const owner = atEpoch(id, epoch);
      if (isEnding(owner)) return AGAIN;
      if (owner.current !== undefined) end(around, owner, owner.current, commits);
      return undefined;
    },
    isQuiet: () => [...byId.values()].every(({ current }) => current === undefined),
    loseMarkers: () => {
      for (const owner of byId.values()) if (isEnding(owner)) finish(owner, owner.current!);
    },
  };
}

const newCoordinator = (): Coordinator => ({
  epoch: -1,
  current: undefined,
  last: undefined,
  isRenewal: false,
  outputs: [],
  offset: undefined,
});

const isEnding = ({ current }: Coordinator): boolean =>
  current?.state === 'committing' || current?.state === 'aborting';

/** Fences writers with an older epoch; a transaction of theirs is aborted first. */
function initProducer(around: Surroundings, owner: Coordinator, isRenewal: boolean): number | typeof AGAIN {
  if (isEnding(owner)) return AGAIN;
  owner.epoch += 1;
  if (owner.current !== undefined) {
    end(around, owner, owner.current, false);
    return AGAIN;
  }
  owner.last = undefined;
  owner.isRenewal = isRenewal;
  return owner.epoch;
}

/** A transaction that is still open after its timeout is aborted. */
function begin(around: Surroundings, owner: Coordinator): Txn {
  const txn: Txn = { state: 'open', hasOutput: false, hasOffset: false };
  owner.current = txn;
  around.time.after(owner.isRenewal ? RENEWAL_TIMEOUT_MS : TRANSACTION_TIMEOUT_MS, () => {
    if (txn.state !== 'open') return;
    owner.epoch += 1;
    end(around, owner, txn, false);
  });
  return txn;
}

/** The decision is written; markers reach the output and the offsets on their own. */
function end(around: Surroundings, owner: Coordinator, txn: Txn, commits: boolean): void {
  txn.state = commits ? 'committing' : 'aborting';
  owner.last = commits ? 'commit' : 'abort';
  const markers = [
    ...(txn.hasOutput ? [() => markOutputs(owner, commits)] : []),
    ...(txn.hasOffset ? [() => markOffset(owner, commits, around.offsets)] : []),
    () => undefined,
  ];
  let waiting = markers.length;
  for (const mark of markers)
    around.time.after(around.random.int(12), () => {
      if (txn.state === 'ended') return; // its markers are lost
      mark();
      if (--waiting === 0) finish(owner, txn);
    });
}

function markOutputs(owner: Coordinator, commits: boolean): void {
  for (const output of owner.outputs) output.state = commits ? 'committed' : 'aborted';
  owner.outputs = [];
}

function markOffset(owner: Coordinator, commits: boolean, offsets: Map<number, number>): void {
  if (commits && owner.offset !== undefined) offsets.set(owner.offset.partition, owner.offset.next);
  owner.offset = undefined;
}

function finish(owner: Coordinator, txn: Txn): void {
  txn.state = 'ended';
  if (owner.current === txn) owner.current = undefined;
}
