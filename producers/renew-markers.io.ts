/**
 * Kafka 4.1 and later can complete a transaction without its markers: right after a restart of the broker a partition has no
 * leader for a moment, and the coordinator takes it for deleted (KAFKA-20734). What was written then stays open, and the next
 * transaction of the same id decides about it: records that were given up would be committed with their repetition.
 *
 * So whoever opens a lane writes the markers of its last transaction again, the decision unchanged: one more transaction
 * over the same partitions, and with nothing in it, ends the same way. A marker that is there already is harmless.
 */
import {
  describeTransactionRequest,
  DESCRIBE_TRANSACTIONS,
  type DescribedTransaction,
} from './describe-transaction.io.ts';
import { retryPassing } from './passing-faults.io.ts';

/** What a transaction under one id writes to. */
export interface MarkerScope {
  readonly outputs: readonly { readonly topic: string; readonly partition: number }[];
  /** Whose offsets it commits; undefined: none. */
  readonly groupId: string | undefined;
}

interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}
/** What of the library's broker is used here. */
export interface Coordinator {
  lookupRequest(apiKey: number, definition: typeof describeTransactionRequest): Describe;
  initProducerId(of: { transactionalId: string; transactionTimeout: number }): Promise<Producer>;
  addPartitionsToTxn(of: InTransaction & { topics: readonly TopicPartitions[] }): Promise<unknown>;
  addOffsetsToTxn(of: InTransaction & { groupId: string }): Promise<unknown>;
  endTxn(of: InTransaction & { transactionResult: boolean }): Promise<unknown>;
  readonly connectionPool: { send(request: ReturnType<Describe>): Promise<DescribedTransaction> };
}
type Describe = ReturnType<(typeof describeTransactionRequest)['protocol']>;
type InTransaction = Producer & { readonly transactionalId: string };
interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}
/** What of the library's cluster is used here. */
export interface Cluster {
  findGroupCoordinator(of: { groupId: string; coordinatorType: number }): Promise<Coordinator>;
}
const TRANSACTION_COORDINATOR = 1;

/**
 * Ends the transaction that is open under an id, fences its writers, and writes the markers of its last transaction again.
 * They are written for certain when `InitProducerId` succeeds after it. Nothing is done for an id that Kafka does not know.
 */
export async function renewMarkers(
  cluster: Cluster,
  transactionalId: string,
  transactionTimeout: number,
  { outputs, groupId }: MarkerScope,
): Promise<void> {
  const coordinator = (): Promise<Coordinator> =>
    cluster.findGroupCoordinator({ groupId: transactionalId, coordinatorType: TRANSACTION_COORDINATOR });
  // Together: where a transaction was open in between, the second is refused, and its end is seen by the next first.
  const last = await retryPassing(async () => {
    const broker = await coordinator();
    const { state } = await describe(broker, transactionalId);
    if (state === undefined) return undefined;
    return { state, ...(await broker.initProducerId({ transactionalId, transactionTimeout })) };
  });
  if (last === undefined) return;
  const writer = { transactionalId, producerId: last.producerId, producerEpoch: last.producerEpoch };
  const topics = outputs.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
  if (topics.length > 0)
    await retryPassing(async () => (await coordinator()).addPartitionsToTxn({ ...writer, topics }));
  if (groupId !== undefined)
    await retryPassing(async () => (await coordinator()).addOffsetsToTxn({ ...writer, groupId }));
  await (await coordinator()).endTxn({ ...writer, transactionResult: wasCommitted(last.state) });
}

/** An open transaction has been ended by the fence: not committed. */
const wasCommitted = (state: string): boolean => state === 'PrepareCommit' || state === 'CompleteCommit';

/** A broker that cannot tell (before 3.0) does not have the fault either: taken for an unknown id. */
async function describe(broker: Coordinator, transactionalId: string): Promise<DescribedTransaction> {
  let request: Describe;
  try {
    request = broker.lookupRequest(DESCRIBE_TRANSACTIONS, describeTransactionRequest);
  } catch (error) {
    if ((error as Error).name === 'KafkaJSServerDoesNotSupportApiKey') return { state: undefined };
    throw error;
  }
  return broker.connectionPool.send(request(transactionalId));
}
