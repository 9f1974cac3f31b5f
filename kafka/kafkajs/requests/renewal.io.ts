/**
 * Kafka 4.1 and later can complete a transaction without its markers: right after a restart of the broker a partition has no
 * leader for a moment, and the coordinator takes it for deleted (KAFKA-20734). What was written then stays open, and the next
 * transaction of the same id decides about it: records that were given up would be committed with their repetition.
 *
 * So whoever opens a writer, or fences one that is gone, writes the markers of its last transaction again, the decision unchanged:
 * one more transaction over the same partitions, and with nothing in it, ends the same way. A marker that is there already is harmless.
 *
 * `InitProducerId` makes the coordinator forget how the last transaction ended. So a renewal that commits has a timeout of its own,
 * by which it is known: one that is interrupted can be finished by the next, and several, of partitions of their own, go on side by side
 * as one producer.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MarkerScope } from '../../group/ports.ts';
import {
  addOffsets,
  addPartitions,
  describeTransaction,
  endTransaction,
  initProducerId,
} from './coordinated.io.ts';
import type { Line } from './lines.io.ts';
import type { InTransaction } from './offset-requests.ts';
import { afterLastTransaction, CODES, errorOf } from './refusals.io.ts';
import type { DescribedTransaction } from './transaction-requests.ts';

/** An open transaction of a dead scorer is ended by the coordinator after this long. */
export const TRANSACTION_TIMEOUT_MS = 15_000;
/** Of a renewal that commits, milliseconds. Brokers take it wherever they take the default of Kafka's own producer, 60 s. */
const RENEWAL_TIMEOUT_MS = 59_999;

export interface Renewal {
  readonly transactionalId: string;
  /** Whose offsets, if the scope is with offsets. */
  readonly groupId: string | undefined;
  readonly scope: MarkerScope;
  /** How long the last transaction may take to be completed, milliseconds. */
  readonly boundMs: number;
}

/** A marked transaction that is open is somebody's renewal, which takes some milliseconds: after this long nobody is at it any more. */
const RENEWAL_MS = 500;
/**
 * Between the mark and the renewal: who has read before the mark that there is none will not set one after this long. An
 * `InitProducerId` in the middle of a renewal would turn its commit into an abort.
 */
const OTHERS_MS = 250;

/** Where others fence the same id meanwhile so often, the next call goes on. */
const FENCES = 3;

/**
 * Ends the transaction that is open under an id, fences its writers, and writes the markers of its last transaction again.
 *
 * @returns whether the last transaction was committed; `unknown`, with nothing done, for an id that Kafka does not know;
 *   `untold`, with nothing done, where the broker cannot say (before Kafka 3.0, which does not lose markers).
 */
async function renewMarkers(
  line: Line,
  of: Renewal,
  othersMs: number,
): Promise<boolean | 'unknown' | 'untold'> {
  const { groupId, scope, boundMs } = of;
  const patiently = <T>(work: () => Promise<T>): Promise<T> => afterLastTransaction(work, boundMs);
  const decided = await patiently(() => fenceDecided(line, of, othersMs));
  if (typeof decided === 'string') return decided;
  const { commits, producer } = decided;
  const offsetsOf = scope.withOffsets ? groupId : undefined;
  if (scope.outputs.length > 0) await patiently(() => addPartitions(line, producer, scope.outputs));
  if (offsetsOf !== undefined) await patiently(() => addOffsets(line, producer, offsetsOf));
  if (scope.outputs.length > 0 || offsetsOf !== undefined)
    await patiently(() => endTransaction(line, producer, commits));
  return commits;
}

/** The last decision, and a producer that nobody else has but those who renew the same. */
async function fenceDecided(
  line: Line,
  { transactionalId }: Pick<Renewal, 'transactionalId'>,
  othersMs: number,
  left = FENCES,
): Promise<{ readonly commits: boolean; readonly producer: InTransaction } | 'unknown' | 'untold'> {
  const last = await describeTransaction(line, transactionalId);
  if (last === 'unknown' || last === 'untold') return last;
  const commits = wasCommitted(last);
  if (commits && isMarked(last)) return { commits, producer: last };
  // Where this is refused, a transaction is being ended: the caller repeats both, and the first says then what became of it.
  const producer = await initProducerId(line, transactionalId, timeoutOf(commits));
  if (!commits || othersMs === 0) return { commits, producer };
  await sleep(othersMs);
  if (left === 0) throw errorOf(CODES.PRODUCER_FENCED);
  return fenceDecided(line, { transactionalId }, othersMs, left - 1);
}

/**
 * Opens an id for a writer. The markers of its last transaction are written for certain when this is done, if no connection
 * has broken meanwhile.
 */
export async function openRenewed(line: Line, of: Renewal): Promise<InTransaction> {
  const { transactionalId, boundMs } = of;
  await renewMarkers(line, of, 0);
  const begun = performance.now();
  return afterLastTransaction(async () => {
    const last = await describeTransaction(line, transactionalId);
    if (typeof last !== 'string' && isMarked(last) && last.state === 'Ongoing') {
      if (performance.now() - begun < RENEWAL_MS) throw errorOf(CODES.CONCURRENT_TRANSACTIONS);
      await endTransaction(line, last, true);
    }
    return initProducerId(line, transactionalId, TRANSACTION_TIMEOUT_MS);
  }, boundMs);
}

/**
 * Fences the id of a process that is gone, and waits until the markers of its last transaction are written; what it decided stays
 * readable for who renews in other partitions.
 */
export async function fence(line: Line, of: Renewal): Promise<void> {
  const { transactionalId, boundMs } = of;
  const commits = await renewMarkers(line, of, OTHERS_MS);
  if (commits === 'unknown') return;
  await afterLastTransaction(async () => {
    if (commits === 'untold') await initProducerId(line, transactionalId, TRANSACTION_TIMEOUT_MS);
    else if (await isBeingEnded(line, transactionalId)) throw errorOf(CODES.CONCURRENT_TRANSACTIONS);
  }, boundMs);
}

async function isBeingEnded(line: Line, transactionalId: string): Promise<boolean> {
  const last = await describeTransaction(line, transactionalId);
  return typeof last !== 'string' && (last.state === 'PrepareCommit' || last.state === 'PrepareAbort');
}

const timeoutOf = (commits: boolean): number => (commits ? RENEWAL_TIMEOUT_MS : TRANSACTION_TIMEOUT_MS);

/** By a renewal that commits: writers have another timeout. */
const isMarked = ({ timeoutMs }: DescribedTransaction): boolean => timeoutMs === RENEWAL_TIMEOUT_MS;

/** Or is to be, by a renewal. Any other transaction that is open will be ended by the fence. */
const wasCommitted = (last: DescribedTransaction): boolean =>
  last.state === 'PrepareCommit' ||
  last.state === 'CompleteCommit' ||
  (isMarked(last) && (last.state === 'Empty' || last.state === 'Ongoing'));
