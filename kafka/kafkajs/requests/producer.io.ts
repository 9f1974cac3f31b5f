/** The producer of an open transactional id: one transaction at a time. */
import { createRequire } from 'node:module';
import { GroupRefusal, type Generation, type OffsetCommit, type TopicPartition, type TransactionalProducer } from '../../group/ports.ts'; // prettier-ignore
import { reading, translateError, type Needs } from '../translate-errors.ts';
import { addOffsets, addPartitions, endTransaction } from './coordinated.io.ts';
import { createDelivery } from './deliver.io.ts';
import { followCoordinator, type Coordinator, type Directory } from './directory.io.ts';
import type { Line, Lines } from './lines.io.ts';
import { txnOffsetCommitRequest, type InTransaction } from './offset-requests.ts';
import { checkCommitted } from './offsets.io.ts';
import { afterLastTransaction, persist } from './refusals.io.ts';

const require = createRequire(import.meta.url);
const { KafkaJSConnectionError } = require('kafkajs/src/errors') as {
  KafkaJSConnectionError: new (message: string) => Error;
};

export interface OpenProducer {
  readonly directory: Directory;
  /** Its own connections. Once one of them has broken nothing is known of the last transaction's markers. */
  readonly lines: Lines;
  readonly coordinator: Coordinator;
  readonly producer: InTransaction;
  /** Whose offsets it commits; undefined: none. */
  readonly groupId: string | undefined;
  /** Of which the offsets are. */
  readonly topic: string;
  /** What its calls need rights for. */
  readonly needs: Needs;
  /** How long the last transaction may take to be completed, milliseconds. */
  readonly boundMs: number;
}

/** What the coordinator knows of the transaction. */
interface Told {
  readonly partitions: Set<string>;
  hasOffsets: boolean;
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${String(partition)}`;

export function createProducer(of: OpenProducer): TransactionalProducer {
  const { lines, coordinator, producer, groupId } = of;
  const delivery = createDelivery(of.directory, lines, producer);
  const group = groupId === undefined ? undefined : followCoordinator(of.directory, 'group', groupId);
  const told: Told = { partitions: new Set(), hasOffsets: false };
  let isInDoubt = false;
  const isSound = (): boolean => !isInDoubt && lines.areWhole() && delivery.isCertain();

  const inDoubt = (): Error =>
    new KafkaJSConnectionError(
      `${lines.areWhole() ? 'a request failed' : 'a connection broke'}: ${IN_DOUBT}`,
    );

  /** Any rejection but the group's word leaves it in doubt what the brokers know. */
  async function guarded<T>(work: () => Promise<T>, needs: Needs = of.needs): Promise<T> {
    try {
      if (!isSound()) throw inDoubt();
      return await work();
    } catch (error) {
      if (!(error instanceof GroupRefusal)) isInDoubt = true;
      throw translateError(error, needs);
    }
  }
  /** Asks a coordinator, again where it moves; not over another connection once one has broken. */
  const asking = <T>(whom: Coordinator, work: (line: Line) => Promise<T>): Promise<T> =>
    persist(
      async () => {
        if (!isSound()) throw inDoubt();
        return work(await whom.line(lines));
      },
      { forget: whom.forget, isOver: () => !isSound() },
    );
  const telling = (work: (line: Line) => Promise<void>): Promise<void> =>
    afterLastTransaction(() => asking(coordinator, work), of.boundMs);

  async function tellOffsets(): Promise<void> {
    if (groupId === undefined || told.hasOffsets) return;
    await telling((line) => addOffsets(line, producer, groupId));
    told.hasOffsets = true;
  }
  async function tellPartitions(partitions: readonly TopicPartition[]): Promise<void> {
    const untold = partitions.filter((partition) => !told.partitions.has(keyOf(partition)));
    if (untold.length === 0) return;
    await telling((line) => addPartitions(line, producer, untold));
    for (const partition of untold) told.partitions.add(keyOf(partition));
  }
  async function commit(generation: Generation, offsets: readonly OffsetCommit[]): Promise<void> {
    if (group === undefined || groupId === undefined)
      throw new Error('a producer without a group has no offsets');
    await tellOffsets();
    const request = txnOffsetCommitRequest(groupId, generation, producer, of.topic, offsets);
    await asking(group, async (line) => checkCommitted(await line.ask(request), of.topic, offsets));
  }

  return {
    isSound,
    addPartitions: (partitions) => guarded(() => tellPartitions(partitions)),
    produce: (batches) => guarded(() => delivery.produce(batches)),
    commitOffsets: (generation, offsets) =>
      guarded(() => commit(generation, offsets), { ...of.needs, ...reading([of.topic], groupId ?? '') }),
    end: (commits) =>
      guarded(async () => {
        if (told.partitions.size === 0 && !told.hasOffsets) return;
        await telling((line) => endTransaction(line, producer, commits));
        told.partitions.clear();
        told.hasOffsets = false;
      }),
    close: () => {
      lines.close();
      return Promise.resolve();
    },
  };
}

const IN_DOUBT = 'what became of the last transaction is in doubt';
