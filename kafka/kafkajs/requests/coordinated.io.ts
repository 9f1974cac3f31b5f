/** Single steps of a transaction, at the coordinator of its id. All reject with errors of the library's kind. */
import type { TopicPartition } from '../../group/ports.ts';
import type { Line } from './lines.io.ts';
import type { InTransaction } from './offset-requests.ts';
import { CODES, errorOf, throwCode } from './refusals.io.ts';
import type { PartitionCode } from './request.ts';
import {
  addOffsetsRequest,
  addPartitionsRequest,
  DESCRIBE_TRANSACTIONS,
  describeTransactionRequest,
  endTransactionRequest,
  initProducerIdRequest,
  type DescribedTransaction,
} from './transaction-requests.ts';

type Asks = Pick<Line, 'ask'>;

/** Fences who used the id before, and ends what is open under it. */
export async function initProducerId(
  line: Asks,
  transactionalId: string,
  timeoutMs: number,
): Promise<InTransaction> {
  const { code, ...producer } = await line.ask(initProducerIdRequest(transactionalId, timeoutMs));
  throwCode(code);
  return { transactionalId, ...producer };
}

export async function addPartitions(
  line: Asks,
  producer: InTransaction,
  partitions: readonly TopicPartition[],
): Promise<void> {
  throwRefusal(await line.ask(addPartitionsRequest(producer, partitions)));
}

/** Where one partition is refused, the broker says of the others that they were not attempted: the refusal itself is what counts. */
export function throwRefusal(codes: readonly PartitionCode[]): void {
  const failed = codes.filter(({ code }) => code !== 0);
  const refusal = failed.find(({ code }) => code !== CODES.OPERATION_NOT_ATTEMPTED) ?? failed[0];
  if (refusal !== undefined) throw errorOf(refusal.code, refusal.topic);
}

export async function addOffsets(line: Asks, producer: InTransaction, groupId: string): Promise<void> {
  throwCode(await line.ask(addOffsetsRequest(producer, groupId)));
}

export async function endTransaction(line: Asks, producer: InTransaction, commits: boolean): Promise<void> {
  throwCode(await line.ask(endTransactionRequest(producer, commits)));
}

/** What became of the last transaction of an id. `untold`: the broker cannot say (before Kafka 3.0). */
export async function describeTransaction(
  line: Line,
  transactionalId: string,
): Promise<DescribedTransaction | 'unknown' | 'untold'> {
  if (!line.knows(DESCRIBE_TRANSACTIONS)) return 'untold';
  const described = await line.ask(describeTransactionRequest(transactionalId));
  if (described.code === CODES.TRANSACTIONAL_ID_NOT_FOUND) return 'unknown';
  throwCode(described.code);
  return described;
}
