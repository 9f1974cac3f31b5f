/**
 * Functions inside kafkajs 2.2.4 replaced by our own before it is loaded (import this file first): the library is no
 * longer released, two of them took half of the CPU of a score, one lets aborted records through, one passes over deleted
 * records, one makes a consumer wait for its own ghost, and one is where a fault of Kafka itself is mended. See
 * docs/adr/0009-kafkajs-patches.md.
 */
import { createRequire } from 'node:module';
import type { Producer } from 'kafkajs';
import { keepCommitted } from './aborted-records.ts';
import { encodeRecord, type RecordFields } from './record-encoding.ts';
import { soundConnection } from './connection-patch.io.ts';
import { installRecordBatches } from './record-batch-patch.io.ts';
import { renewMarkers, watchConnections, type Cluster, type MarkerScope } from './renew-markers.io.ts';

const require = createRequire(import.meta.url);

interface Message {
  readonly partition?: number;
}
interface Grouping<M> {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly M[];
  readonly partitioner: (choice: {
    topic: string;
    partitionMetadata: readonly unknown[];
    message: M;
  }) => number;
}

/** Messages by partition; the library's own copies the list for every message. */
export function groupByPartition<M extends Message>({
  topic,
  partitionMetadata,
  messages,
  partitioner,
}: Grouping<M>): Record<number, M[]> {
  const groups: Record<number, M[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages)
    (groups[partitioner({ topic, partitionMetadata, message })] ??= []).push(message);
  return groups;
}

/** What the library's batch encoder reads of an encoded record. */
function record(fields: RecordFields): { buf: Buffer; buffer: Buffer } {
  const buffer = encodeRecord(fields);
  return { buf: buffer, buffer };
}

const REBALANCE_IN_PROGRESS = 27;

/** What of the library's consumer group is used here. */
interface ConsumerGroup {
  memberId: string | null;
  readonly instrumentationEmitter: object;
  joinAndSync(): Promise<void>;
  leave(): Promise<void>;
  fetch(nodeId: string): Promise<unknown>;
  heartbeat(options: { readonly interval: number }): Promise<void>;
}
type ConsumerGroupClass = new (options: { readonly instrumentationEmitter: object }) => ConsumerGroup;

/**
 * After an outage the library starts its consumer again, as a new member of the group: the broker then waits for the
 * former one until its session ends. This one comes back as the member it was; where the broker does not know it
 * any more, the library itself goes on as a new one.
 *
 * Where that join fails, the library fetches on as nobody: with its former partitions, and heartbeats that it then leaves
 * out. It and their new owner would fence each other for good. Here it is told that the group rebalances: it joins again, and
 * says so meanwhile.
 */
function rejoining(Group: ConsumerGroupClass): ConsumerGroupClass {
  const memberIds = new WeakMap<object, string>();
  const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
    createErrorFromCode(code: number): Error;
  };
  return class extends Group {
    constructor(options: { readonly instrumentationEmitter: object }) {
      super(options);
      this.memberId = memberIds.get(options.instrumentationEmitter) ?? null;
    }
    override async joinAndSync(): Promise<void> {
      await super.joinAndSync();
      if (this.memberId !== null) memberIds.set(this.instrumentationEmitter, this.memberId);
    }
    override async fetch(nodeId: string): Promise<unknown> {
      this.#refuseNobody();
      return super.fetch(nodeId);
    }
    override async heartbeat(options: { readonly interval: number }): Promise<void> {
      this.#refuseNobody();
      await super.heartbeat(options);
    }
    #refuseNobody(): void {
      if (this.memberId === null) throw createErrorFromCode(REBALANCE_IN_PROGRESS);
    }
    override async leave(): Promise<void> {
      await super.leave(); // which fails while the broker is away: then it is still a member
      memberIds.delete(this.instrumentationEmitter);
    }
  };
}

/** What of the library's manager of a producer's transactions is used here. */
interface Manager {
  initProducerId(): Promise<void>;
}
interface ManagerOptions {
  readonly cluster: Cluster;
  readonly transactional: boolean;
  readonly transactionalId?: string;
  readonly transactionTimeout: number;
}
interface Opening {
  readonly scope: MarkerScope;
  isWhole: () => boolean;
}
const openings = new Map<string, Opening>();

/**
 * Initialises a transactional producer: fences those before it, and writes the markers of their last transaction again.
 * From its beginning on no coordinator is found once a connection has broken: nothing is known then of the last markers.
 *
 * @returns whether each connection that the producer has had is still the one it was.
 */
export async function openTransactions(
  producer: Producer,
  transactionalId: string,
  scope: MarkerScope,
): Promise<() => boolean> {
  const opening: Opening = { scope, isWhole: () => true };
  openings.set(transactionalId, opening);
  const first = producer.transaction(); // makes its manager before it waits for anything
  openings.delete(transactionalId);
  await (await first).abort(); // nothing is in it
  return opening.isWhole;
}

const renewing =
  (createManager: (options: ManagerOptions) => Manager) =>
  (options: ManagerOptions): Manager => {
    const manager = createManager(options);
    const { cluster, transactional, transactionalId, transactionTimeout } = options;
    const opening = transactionalId === undefined ? undefined : openings.get(transactionalId);
    if (!transactional || transactionalId === undefined || opening === undefined) return manager;
    return {
      ...manager,
      initProducerId: async () => {
        opening.isWhole = watchConnections(cluster);
        refuseWhenBroken(cluster, opening.isWhole);
        await renewMarkers(cluster, transactionalId, transactionTimeout, opening.scope);
        await manager.initProducerId();
      },
    };
  };

function refuseWhenBroken(cluster: Cluster, isWhole: () => boolean): void {
  const find = cluster.findGroupCoordinator.bind(cluster);
  cluster.findGroupCoordinator = async (of) => {
    const coordinator = await find(of);
    if (isWhole()) return coordinator;
    const { KafkaJSNonRetriableError: Refusal } = require('kafkajs') as typeof import('kafkajs');
    throw new Refusal('a connection broke: what became of the last transaction is in doubt');
  };
}

if (require.cache[require.resolve('kafkajs')]?.loaded === true)
  throw new Error('kafkajs was loaded before its patches: import kafka/kafkajs/client.io.ts first');

function replace(path: string, exports: unknown): void {
  const file = require.resolve(`kafkajs/src/${path}`);
  const { version } = require('kafkajs/package.json') as { version: string };
  if (version !== '2.2.4')
    throw new Error(`kafkajs ${version}: the patches were made for 2.2.4; look at them again`);
  require(file);
  require.cache[file]!.exports = exports;
}

/** Of these the library says that they are final, and ends its consumer; they come of connections that break, and pass. */
const PASSING_ERRORS = ['KafkaJSGroupCoordinatorNotFound', 'KafkaJSLockTimeout'];

function tryAgain(names: readonly string[]): void {
  type ErrorClass = new (...given: unknown[]) => Error & { retriable: boolean };
  const errors = require('kafkajs/src/errors') as Record<string, ErrorClass>;
  for (const name of names) {
    errors[name] = class extends errors[name]! {
      override retriable = true;
    };
  }
}

tryAgain(PASSING_ERRORS); // before what takes the classes from there
installRecordBatches(replace);
replace('protocol/recordBatch/record/v0/index.js', record);
replace('producer/groupMessagesPerPartition.js', groupByPartition);
replace('consumer/filterAbortedMessages.js', keepCommitted);
replace(
  'network/connection.js',
  soundConnection(require('kafkajs/src/network/connection') as Parameters<typeof soundConnection>[0]),
);
replace(
  'producer/eosManager/index.js',
  renewing(require('kafkajs/src/producer/eosManager') as Parameters<typeof renewing>[0]),
);
replace(
  'consumer/consumerGroup.js',
  rejoining(require('kafkajs/src/consumer/consumerGroup') as ConsumerGroupClass),
);

interface OffsetManager {
  readonly groupId: string;
  setDefaultOffset(where: { topic: string; partition: number }): Promise<void>;
}
const unjumping = new Set<string>();

/**
 * A fetch position that the broker no longer has is then the end of this group's consumers, not a silent jump: the library
 * would commit its start position over the group's offset, even with autoCommit off.
 */
export function refuseJumps(groupId: string): void {
  unjumping.add(groupId);
}

function guardOffsets(): void {
  const { KafkaJSNonRetriableError: Refusal } = require('kafkajs') as typeof import('kafkajs');
  const { prototype } = require('kafkajs/src/consumer/offsetManager/index.js') as {
    prototype: OffsetManager;
  };
  const jump = prototype.setDefaultOffset;
  prototype.setDefaultOffset = function (this: OffsetManager, where) {
    if (!unjumping.has(this.groupId)) return jump.call(this, where);
    const place = `${where.topic}/${String(where.partition)}`;
    throw new Refusal(
      `OFFSET_OUT_OF_RANGE: the broker no longer has what ${this.groupId} was to read next of ${place}: records were deleted before ` +
        'they were processed. Set the group’s offset on purpose (kafka-consumer-groups --reset-offsets), then start again.',
    );
  };
}

guardOffsets();

/** kafkajs sets negative timeouts, which Node 24 warns of (kafkajs#1751). That warning only. */
function silenceKnownWarning(): void {
  const emit = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = (...args: unknown[]) => {
    const name = typeof args[1] === 'string' ? args[1] : (args[0] as { name?: string } | undefined)?.name;
    if (name !== 'TimeoutNegativeWarning') emit(...args);
  };
}

silenceKnownWarning();
