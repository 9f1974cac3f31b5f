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
  /** Takes whatever one of its transactions may have written to. */
  readonly written: Scope;
  /** How long the last transaction may take to be completed, milliseconds. */
  readonly boundMs: number;
}

/** What transactions write to: partitions by their names, and whether offsets. */
export interface Scope {
  readonly outputs: Map<string, TopicPartition>;
  withOffsets: boolean;
}

export const emptyScope = (): Scope => ({ outputs: new Map(), withOffsets: false });

export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${String(partition)}`;

export function createProducer(of: OpenProducer): TransactionalProducer {
  const { lines, coordinator, producer, groupId, written } = of;
  const delivery = createDelivery(of.directory, lines, producer);
  const group = groupId === undefined ? undefined : followCoordinator(of.directory, 'group', groupId);
  /** What the coordinator knows of the open transaction. */
  const told = emptyScope();
  let isInDoubt = false;
  const isTrusted = (): boolean => !isInDoubt && lines.areWhole();
  const isSound = (): boolean => isTrusted() && delivery.isCertain();

  const inDoubt = (): Error =>
    new KafkaJSConnectionError(
      `${lines.areWhole() ? 'a request failed' : 'a connection broke'}: ${IN_DOUBT}`,
    );

  /** Any rejection but the group's word leaves it in doubt what the brokers know. */
  async function guarded<T>(
    work: () => Promise<T>,
    needs: Needs = of.needs,
    isAllowed = isSound,
  ): Promise<T> {
    try {
      if (!isAllowed()) throw inDoubt();
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
        if (!isTrusted()) throw inDoubt();
        return work(await whom.line(lines));
      },
      { forget: whom.forget, isOver: () => !isTrusted() },
    );
  const telling = (work: (line: Line) => Promise<void>): Promise<void> =>
    afterLastTransaction(() => asking(coordinator, work), of.boundMs);

  async function tellOffsets(): Promise<void> {
    if (groupId === undefined || told.withOffsets) return;
    written.withOffsets = true;
    await telling((line) => addOffsets(line, producer, groupId));
    told.withOffsets = true;
  }
  async function tellPartitions(partitions: readonly TopicPartition[]): Promise<void> {
    const untold = partitions.filter((partition) => !told.outputs.has(keyOf(partition)));
    if (untold.length === 0) return;
    for (const partition of untold) written.outputs.set(keyOf(partition), partition);
    await telling((line) => addPartitions(line, producer, untold));
    for (const partition of untold) told.outputs.set(keyOf(partition), partition);
  }
  async function commit(generation: Generation, offsets: readonly OffsetCommit[]): Promise<void> {
    if (group === undefined || groupId === undefined)
      throw new Error('a producer without a group has no offsets');
    await tellOffsets();
    const request = txnOffsetCommitRequest(groupId, generation, producer, of.topic, offsets);
    await asking(group, async (line) => checkCommitted(await line.ask(request), of.topic, offsets));
  }
  async function end(commits: boolean): Promise<void> {
    if (told.outputs.size === 0 && !told.withOffsets) return;
    await telling((line) => endTransaction(line, producer, commits));
    told.outputs.clear();
    told.withOffsets = false;
  }

  return {
    isSound,
    addPartitions: (partitions) => guarded(() => tellPartitions(partitions)),
    produce: (batches) => guarded(() => delivery.produce(batches)),
    commitOffsets: (generation, offsets) =>
      guarded(() => commit(generation, offsets), { ...of.needs, ...reading([of.topic], groupId ?? '') }),
    end: (commits) => guarded(() => end(commits), of.needs, commits ? isSound : isTrusted),
    close: () => {
      lines.close();
      return Promise.resolve();
    },
  };
}

const IN_DOUBT = 'what became of the last transaction is in doubt';
