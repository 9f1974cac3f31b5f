/**
 * Kafka 4.1 and later can complete a transaction without its markers: right after a restart of the broker a partition has no
 * leader for a moment, and the coordinator takes it for deleted (KAFKA-20734). What was written then stays open, and the next
 * transaction of the same id decides about it: records that were given up would be committed with their repetition.
 *
 * So whoever opens a writer, or fences one that is gone, writes the markers of its last transaction again, the decision unchanged:
 * one more transaction over the same partitions, and with nothing in it, ends the same way. A marker that is there already is harmless.
 *
 * `InitProducerId` makes the coordinator forget how the last transaction ended. So that a renewal that is interrupted can be
 * finished by the next, and that several can renew in partitions of their own, one that commits has a timeout of its own, by
 * which it is known.
 */
import type { MarkerScope } from '../../group/ports.ts';
import {
  addOffsets,
  addPartitions,
  describeTransaction,
  endTransaction,
  initProducerId,
} from './coordinated.io.ts';
import type { Line } from './lines.io.ts';
import { afterLastTransaction } from './refusals.io.ts';
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

/**
 * Ends the transaction that is open under an id, fences its writers, and writes the markers of its last transaction again.
 * They are written for certain when `InitProducerId` succeeds after it over the same connection.
 *
 * @returns whether the last transaction was committed; `unknown`, with nothing done, for an id that Kafka does not know;
 *   `untold`, with nothing done, where the broker cannot say (before Kafka 3.0, which does not lose markers).
 */
export async function renewMarkers(line: Line, of: Renewal): Promise<boolean | 'unknown' | 'untold'> {
  const { transactionalId, groupId, scope, boundMs } = of;
  const patiently = <T>(work: () => Promise<T>): Promise<T> => afterLastTransaction(work, boundMs);
  // Both again: where the second is refused, a transaction is being ended, and the first says then what became of it.
  const renewal = await patiently(async () => {
    const last = await describeTransaction(line, transactionalId);
    if (last === 'unknown' || last === 'untold') return last;
    const commits = wasCommitted(last);
    if (commits && last.state === 'Ongoing') return { commits, producer: last };
    return { commits, producer: await initProducerId(line, transactionalId, timeoutOf(commits)) };
  });
  if (typeof renewal === 'string') return renewal;
  const { commits, producer } = renewal;
  const offsetsOf = scope.withOffsets ? groupId : undefined;
  if (scope.outputs.length > 0) await patiently(() => addPartitions(line, producer, scope.outputs));
  if (offsetsOf !== undefined) await patiently(() => addOffsets(line, producer, offsetsOf));
  if (scope.outputs.length > 0 || offsetsOf !== undefined)
    await patiently(() => endTransaction(line, producer, commits));
  return commits;
}

/**
 * The same for the id of a process that is gone; what it decided stays readable for who renews in other partitions. Waits until the
 * markers are written.
 */
export async function fence(line: Line, of: Renewal): Promise<void> {
  const commits = await renewMarkers(line, of);
  if (commits === 'unknown') return;
  await afterLastTransaction(
    () => initProducerId(line, of.transactionalId, timeoutOf(commits === true)),
    of.boundMs,
  );
}

const timeoutOf = (commits: boolean): number => (commits ? RENEWAL_TIMEOUT_MS : TRANSACTION_TIMEOUT_MS);

/** Or was to be, by a renewal that was interrupted. Any other transaction that is open will be ended by the fence. */
function wasCommitted({ state, timeoutMs }: DescribedTransaction): boolean {
  const isRenewal = timeoutMs === RENEWAL_TIMEOUT_MS;
  return (
    state === 'PrepareCommit' ||
    state === 'CompleteCommit' ||
    (isRenewal && (state === 'Empty' || state === 'Ongoing'))
  );
}
