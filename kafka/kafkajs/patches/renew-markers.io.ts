/**
 * Kafka 4.1 and later can complete a transaction without its markers: right after a restart of the broker a partition has no
 * leader for a moment, and the coordinator takes it for deleted (KAFKA-20734). What was written then stays open, and the next
 * transaction of the same id decides about it: records that were given up would be committed with their repetition.
 *
 * So whoever opens a writer writes the markers of its last transaction again, the decision unchanged: one more transaction
 * over the same partitions, and with nothing in it, ends the same way. A marker that is there already is harmless.
 *
 * `InitProducerId` makes the coordinator forget how the last transaction ended. So that a renewal that is interrupted can be
 * finished by the next, one that commits has a timeout of its own, by which it is known.
 */
import {
  describeTransactionRequest,
  DESCRIBE_TRANSACTIONS,
  UNKNOWN,
  type DescribedTransaction,
} from './describe-transactions.io.ts';
import type { WriterScope } from '../../port.ts';
import { retryPassing } from '../retry-passing.io.ts';

interface ProducerIdentity {
  readonly producerId: string | number;
  readonly producerEpoch: number;
}
/** What of the library's broker is used here. */
export interface Coordinator {
  lookupRequest(apiKey: number, definition: typeof describeTransactionRequest): Describe;
  initProducerId(of: { transactionalId: string; transactionTimeout: number }): Promise<ProducerIdentity>;
  addPartitionsToTxn(of: InTransaction & { topics: readonly TopicPartitions[] }): Promise<unknown>;
  addOffsetsToTxn(of: InTransaction & { groupId: string }): Promise<unknown>;
  endTxn(of: InTransaction & { transactionResult: boolean }): Promise<unknown>;
  readonly connectionPool: { send(request: ReturnType<Describe>): Promise<DescribedTransaction> };
}
type Describe = ReturnType<(typeof describeTransactionRequest)['protocol']>;
type InTransaction = ProducerIdentity & { readonly transactionalId: string };
interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}
interface Connection {
  readonly socket?: object;
  isConnected(): boolean;
}
/** What of the library's cluster is used here. */
export interface Cluster {
  readonly brokerPool: {
    readonly brokers: Readonly<Record<string, { readonly connectionPool: { readonly pool: Connection[] } }>>;
  };
  findGroupCoordinator(of: { groupId: string; coordinatorType: number }): Promise<Coordinator>;
}
const TRANSACTION_COORDINATOR = 1;

/** Of a renewal that commits, milliseconds. Brokers take it wherever they take the default of Kafka's own producer, 60 s. */
const RENEWAL_TIMEOUT_MS = 59_999;

/**
 * Ends the transaction that is open under an id, fences its writers, and writes the markers of its last transaction again.
 * They are written for certain when `InitProducerId` succeeds after it over the same connections. Nothing is done for an
 * id that Kafka does not know.
 */
export async function renewMarkers(
  cluster: Cluster,
  transactionalId: string,
  transactionTimeout: number,
  { outputs, groupId }: WriterScope,
): Promise<void> {
  const coordinator = (): Promise<Coordinator> =>
    cluster.findGroupCoordinator({ groupId: transactionalId, coordinatorType: TRANSACTION_COORDINATOR });
  // Both again: where the second is refused, a transaction is being ended, and the first tells then what became of it.
  const renewal = await retryPassing(async () => {
    const broker = await coordinator();
    const last = await describe(broker, transactionalId);
    if (last.state === undefined) return undefined;
    const commits = wasCommitted(last);
    if (commits && last.state === 'Ongoing') return { commits, writer: last };
    const timeout = commits ? RENEWAL_TIMEOUT_MS : transactionTimeout;
    return { commits, writer: await broker.initProducerId({ transactionalId, transactionTimeout: timeout }) };
  });
  if (renewal === undefined) return;
  const { producerId, producerEpoch } = renewal.writer;
  const writer = { transactionalId, producerId, producerEpoch };
  const topics = outputs.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
  if (topics.length > 0)
    await retryPassing(async () => (await coordinator()).addPartitionsToTxn({ ...writer, topics }));
  if (groupId !== undefined)
    await retryPassing(async () => (await coordinator()).addOffsetsToTxn({ ...writer, groupId }));
  await (await coordinator()).endTxn({ ...writer, transactionResult: renewal.commits });
}

/** Or was to be, by a renewal that was interrupted. Any other transaction that is open will be ended by the fence. */
function wasCommitted({ state, timeoutMs }: DescribedTransaction): boolean {
  const isRenewal = timeoutMs === RENEWAL_TIMEOUT_MS;
  return (
    state === 'PrepareCommit' ||
    state === 'CompleteCommit' ||
    (isRenewal && (state === 'Empty' || state === 'Ongoing'))
  );
}

/** A broker that cannot tell (before 3.0) does not have the fault either: taken for an unknown id. */
async function describe(broker: Coordinator, transactionalId: string): Promise<DescribedTransaction> {
  let request: Describe;
  try {
    request = broker.lookupRequest(DESCRIBE_TRANSACTIONS, describeTransactionRequest);
  } catch (error) {
    if ((error as Error).name === 'KafkaJSServerDoesNotSupportApiKey') return UNKNOWN;
    throw error;
  }
  return broker.connectionPool.send(request(transactionalId));
}

/**
 * Tells whether each connection that a cluster has had since is still the one it was. The library makes a broken one anew
 * and says nothing: the broker may have come back in between, and have lost the markers of a transaction that it confirmed.
 */
export function watchConnections({ brokerPool }: Cluster): () => boolean {
  const known = new Map<Connection, object | undefined>();
  let isWhole = true;
  const look = (): boolean => {
    for (const [connection, socket] of known)
      isWhole &&= connection.isConnected() && connection.socket === socket;
    for (const { connectionPool } of Object.values(brokerPool.brokers))
      for (const connection of connectionPool.pool)
        if (connection.isConnected()) known.set(connection, connection.socket);
    return isWhole;
  };
  look();
  return look;
}
