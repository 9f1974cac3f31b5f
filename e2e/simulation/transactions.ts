/** Transaction coordinators: each transactional id has an epoch and one transaction, whose markers come late or never. */
import { BankChurnError } from '../../schemas/errors.ts';
import type { Random } from '../../schemas/random.ts';
import type { ProducerAt } from './outputs.ts';
import { AGAIN } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** Where a marker goes that decides about the group's offsets. Others go to `topic/partition`. */
export const OFFSETS = 'offsets';

interface Txn {
  readonly who: ProducerAt;
  state: 'open' | 'committing' | 'aborting' | 'ended';
  /** What gets a marker. */
  readonly places: Set<string>;
}

interface Coordinator {
  readonly producerId: number;
  epoch: number;
  current: Txn | undefined;
  /** What became of the last transaction; undefined after `InitProducerId`. */
  last: 'commit' | 'abort' | undefined;
  /** As a renewal gave it to `InitProducerId`: by its timeout. */
  isRenewal: boolean;
}

export interface Described extends ProducerAt {
  readonly state: 'none' | 'open' | 'commit' | 'abort';
  readonly isRenewal: boolean;
  /** Decided, and its markers are being written. */
  readonly isEnding: boolean;
}

/** A producer that uses a transactional id. */
export interface User extends ProducerAt {
  readonly id: string;
}

export interface Transactions {
  /** Undefined: the id is not known. */
  describe(id: string): Described | undefined;
  /** Fences users with an older epoch; a transaction of theirs is aborted first. */
  initProducer(id: string, isRenewal: boolean): User | typeof AGAIN;
  /** Begins a transaction if none is open. */
  add(user: User, places: readonly string[]): typeof AGAIN | undefined;
  end(user: User, commits: boolean): typeof AGAIN | undefined;
  /** What a partition's leader asks before it appends: is this transaction open, and the place in it? */
  verify(user: User, place: string): void;
  /** Transactions that are not complete, in words. */
  current(): string[];
  /** An id whose markers are on their way. */
  deciding(): string | undefined;
  /** Decided transactions are complete without some of their markers that were not yet written (KAFKA-20734). */
  loseMarkers(): void;
}

interface Surroundings {
  readonly markerDelay: () => number;
  readonly random: Random;
  readonly time: Scheduler;
  readonly timeoutMs: number;
  readonly mark: (place: string, who: ProducerAt, commits: boolean) => void;
}

const RENEWAL_TIMEOUT_MS = 60_000;

const refusal = (what: string): BankChurnError => new BankChurnError('TRANSACTION_FAILED', what);
const fenced = (): BankChurnError => new BankChurnError('WRITER_FENCED', 'INVALID_PRODUCER_EPOCH');

export function createTransactions(around: Surroundings): Transactions {
  const byId = new Map<string, Coordinator>();
  const losing = new Set<() => void>();
  const atEpoch = ({ id, epoch }: User): Coordinator => {
    const owner = byId.get(id);
    if (owner?.epoch !== epoch) throw fenced();
    return owner;
  };
  const decide = (owner: Coordinator, commits: boolean): void => writeMarkers(around, owner, commits, losing);

  function begin(owner: Coordinator): Txn {
    const { producerId, epoch } = owner;
    const txn: Txn = { who: { producerId, epoch }, state: 'open', places: new Set() };
    owner.current = txn;
    around.time.after(owner.isRenewal ? RENEWAL_TIMEOUT_MS : around.timeoutMs, () => {
      if (txn.state !== 'open') return;
      owner.epoch += 1;
      decide(owner, false);
    });
    return txn;
  }

  function initProducer(id: string, isRenewal: boolean): User | typeof AGAIN {
    const owner = byId.get(id) ?? newCoordinator(byId.size);
    byId.set(id, owner);
    if (isEnding(owner)) return AGAIN;
    owner.epoch += 1;
    if (owner.current !== undefined) {
      decide(owner, false);
      return AGAIN;
    }
    owner.last = undefined;
    owner.isRenewal = isRenewal;
    return { id, producerId: owner.producerId, epoch: owner.epoch };
  }

  return {
    describe: (id) => {
      const owner = byId.get(id);
      if (owner === undefined) return undefined;
      const { producerId, epoch, isRenewal } = owner;
      const state = owner.current?.state === 'open' ? 'open' : (owner.last ?? 'none');
      return { producerId, epoch, isRenewal, state, isEnding: isEnding(owner) };
    },
    initProducer,
    add: (user, places) => {
      const owner = atEpoch(user);
      if (isEnding(owner)) return AGAIN;
      const txn = owner.current ?? begin(owner);
      places.forEach((place) => txn.places.add(place));
      return undefined;
    },
    end: (user, commits) => {
      const owner = atEpoch(user);
      if (isEnding(owner)) return AGAIN;
      if (owner.current !== undefined) decide(owner, commits);
      else if (owner.last !== (commits ? 'commit' : 'abort')) throw refusal('INVALID_TXN_STATE');
      return undefined;
    },
    verify: (user, place) => {
      const { current } = atEpoch(user);
      if (current?.state !== 'open' || !current.places.has(place)) throw refusal('INVALID_TXN_STATE');
    },
    current: () =>
      [...byId].flatMap(([id, { current }]) =>
        current === undefined ? [] : [`${id} ${current.state} ${[...current.places].join()}`],
      ),
    deciding: () => [...byId].find(([, owner]) => isEnding(owner))?.[0],
    loseMarkers: () => [...losing].forEach((lose) => lose()),
  };
}

const newCoordinator = (producerId: number): Coordinator => ({
  producerId,
  epoch: -1,
  current: undefined,
  last: undefined,
  isRenewal: false,
});

const isEnding = ({ current }: Coordinator): boolean =>
  current?.state === 'committing' || current?.state === 'aborting';

/** The decision is written; markers reach each place on their own. `losing`: how each of them gets lost. */
function writeMarkers(
  { random, time, mark, markerDelay }: Surroundings,
  owner: Coordinator,
  commits: boolean,
  losing: Set<() => void>,
): void {
  const txn = owner.current!;
  const who = { producerId: owner.producerId, epoch: owner.epoch };
  txn.state = commits ? 'committing' : 'aborting';
  owner.last = commits ? 'commit' : 'abort';
  let waiting = txn.places.size + 1;
  const complete = (): void => {
    if (--waiting > 0) return;
    txn.state = 'ended';
    if (owner.current === txn) owner.current = undefined;
  };
  for (const place of txn.places) {
    let isThere = false;
    const arrive = (isLost: boolean): void => {
      if (isThere) return;
      isThere = true;
      losing.delete(lose);
      if (!isLost) mark(place, who, commits);
      complete();
    };
    const lose = (): void => {
      if (random.int(4) > 0) arrive(true);
    };
    losing.add(lose);
    time.after(markerDelay(), () => arrive(false));
  }
  time.after(random.int(12), complete);
}
