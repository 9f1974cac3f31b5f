/** How far the fetching of one partition is: what is in hand, what was fetched behind it, and where the next fetch begins. */
import type { Records } from '../../schemas/records.ts';
import type { FetchedPartition } from './ports.ts';

/** A record set that waits until the one before it is processed. */
export interface Waiting {
  readonly set: Buffer;
  readonly aborted: FetchedPartition['aborted'];
  readonly from: number;
  /** How far the broker could have handed out more. */
  readonly end: number;
  /** Rises with each set. */
  readonly order: number;
  /** Whether something in it must be unpacked. */
  readonly isPacked: boolean;
}

/** A set that is being read, or is processed. */
export interface Hand {
  readonly epoch: number;
  readonly from: number;
  /** That it keeps in memory: the set, and then what it unpacked to. */
  bytes: number;
  readonly isPacked: boolean;
  /** undefined: it is not read yet. */
  read: { readonly records: Records; readonly next: number; readonly isBehind: boolean } | undefined;
  isDelivered: boolean;
}

/** Changed in place. */
export interface PartitionFetch {
  readonly partition: number;
  isPaused: boolean;
  /** It waits after an error. */
  isResting: boolean;
  failures: number;
  /** Rises with each seek: what was fetched before is then good for nothing. */
  epoch: number;
  /** Everything before is processed. undefined: nobody has said where to begin. */
  position: number | undefined;
  /** Behind all that is here; undefined: what is in hand has not been read yet. */
  fetchFrom: number | undefined;
  waiting: Waiting | undefined;
  hand: Hand | undefined;
  /** The last set held no whole batch: the first one has so many bytes. 0: it did. */
  batchBytes: number;
  /** Of the last set that held something to go on from. */
  order: number;
}

export const newPartitionFetch = (partition: number): PartitionFetch => ({
  ...{ partition, isPaused: true, isResting: false, failures: 0, epoch: 0 },
  ...{ position: undefined, fetchFrom: undefined, waiting: undefined, hand: undefined },
  ...{ batchBytes: 0, order: 0 },
});

/** Whether a fetch is to bring more of it: one set ahead while the one in hand is not the last that was there. */
export function isWanting(p: PartitionFetch): boolean {
  if (p.isPaused || p.isResting || p.waiting !== undefined || p.fetchFrom === undefined) return false;
  const { hand } = p;
  return hand === undefined || hand.epoch !== p.epoch || hand.read?.isBehind === true;
}

/** Whether what was asked for from there is still wanted. */
export const isWanted = (p: PartitionFetch, epoch: number, from: number): boolean =>
  isWanting(p) && p.epoch === epoch && p.fetchFrom === from;

/** Forgets what has not been delivered: it is fetched again. */
export function forget(p: PartitionFetch): void {
  p.waiting = undefined;
  if (p.hand?.isDelivered === true && p.hand.epoch === p.epoch) return;
  if (p.hand?.isDelivered === false) p.hand = undefined;
  p.fetchFrom = p.position;
}

/** @param epoch greater than any before. */
export function seek(p: PartitionFetch, offset: number, epoch: number): void {
  p.epoch = epoch;
  p.position = offset;
  forget(p);
}

/** Takes what waits into the hand. */
export function take(p: PartitionFetch, { from, isPacked, set: { length: bytes } }: Waiting): Hand {
  const hand: Hand = { epoch: p.epoch, from, bytes, isPacked, read: undefined, isDelivered: false };
  p.waiting = undefined;
  p.fetchFrom = undefined;
  p.hand = hand;
  return hand;
}

/** The hand is empty, and all up to there is done. */
export function skipTo(p: PartitionFetch, next: number): void {
  p.hand = undefined;
  p.position = next;
  p.fetchFrom = next;
}

/** A delivery has ended. @returns whether something of it was processed. */
export function finish(p: PartitionFetch, hand: Hand): boolean {
  if (p.hand !== hand) return true;
  p.hand = undefined;
  if (p.epoch !== hand.epoch) return true;
  if (p.position !== hand.read?.next) forget(p);
  return p.position !== hand.from;
}

export const heldBytes = ({ waiting, hand }: PartitionFetch): number =>
  (waiting?.set.length ?? 0) + (hand?.bytes ?? 0);

/** Of a set without a whole batch the size of the first one, bytes; 0: not even that is in it. */
export const firstBatchBytes = (set: Buffer): number => (set.length < 12 ? 0 : 12 + set.readInt32BE(8));
