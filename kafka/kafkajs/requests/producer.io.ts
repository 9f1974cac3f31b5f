/** The producer of an open transactional id: one transaction at a time. */
import { createRequire } from 'node:module';
import { GroupRefusal, type Generation, type OffsetCommit, type TopicPartition, type TransactionalProducer } from '../../group/ports.ts'; // prettier-ignore
import { reading, translateError, writingTo, type Needs } from '../translate-errors.ts';
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
  readonly identity: InTransaction;
  /** Whose offsets it commits; undefined: none. */
  readonly groupId: string | undefined;
  /** What its calls need rights for. */
  readonly needs: Needs;
  /** How long the last transaction may take to be completed, milliseconds. */
  readonly boundMs: number;
}

/** What the engines know as a producer; the offsets that it commits may be of any topic. */
export interface Producer extends Omit<TransactionalProducer, 'commitOffsets'> {
  commitOffsets(topic: string, of: Generation, offsets: readonly OffsetCommit[]): Promise<void>;
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${String(partition)}`;

export function createProducer(of: OpenProducer): Producer {
  const { lines, groupId } = of;
  const delivery = createDelivery(of.directory, lines, of.identity);
  const trust = createTrust(of, delivery.isCertain);
  const { guarded, isSound, isTrusted } = trust;
  const transaction = createTransaction(of, trust);
  return {
    isSound,
    addPartitions: (partitions) =>
      guarded(() => transaction.tellPartitions(partitions), { ...of.needs, ...writingTo(partitions) }),
    produce: (batches) => guarded(() => delivery.produce(batches), { ...of.needs, ...writingTo(batches) }),
    commitOffsets: (topic, generation, offsets) =>
      guarded(() => transaction.commit(topic, generation, offsets), {
        ...of.needs,
        ...reading([topic], groupId ?? ''),
      }),
    end: (commits) => guarded(() => transaction.end(commits), of.needs, commits ? isSound : isTrusted),
    close: () => {
      lines.close();
      return Promise.resolve();
    },
  };
}

const IN_DOUBT = 'what became of the last transaction is in doubt';

type Trust = ReturnType<typeof createTrust>;

/** Whether it is known what the brokers know of the producer; once it is not, it never is again. */
function createTrust({ lines, needs: ownNeeds }: OpenProducer, isCertain: () => boolean) {
  let isInDoubt = false;
  const isTrusted = (): boolean => !isInDoubt && lines.areWhole();
  const isSound = (): boolean => isTrusted() && isCertain();

  const inDoubt = (): Error =>
    new KafkaJSConnectionError(
      `${lines.areWhole() ? 'a request failed' : 'a connection broke'}: ${IN_DOUBT}`,
    );

  /** Any rejection but the group's word leaves it in doubt what the brokers know. */
  async function guarded<T>(
    work: () => Promise<T>,
    needs: Needs = ownNeeds,
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
  return { isTrusted, isSound, guarded, asking };
}

/** The steps of the producer's transactions at the coordinators. */
function createTransaction(of: OpenProducer, { asking }: Trust) {
  const { identity, groupId } = of;
  const group = groupId === undefined ? undefined : followCoordinator(of.directory, 'group', groupId);
  /** What the coordinator knows of the open transaction. */
  const told = { partitions: new Set<string>(), withOffsets: false };
  const telling = (work: (line: Line) => Promise<void>): Promise<void> =>
    afterLastTransaction(() => asking(of.coordinator, work), of.boundMs);

  async function tellOffsets(): Promise<void> {
    if (groupId === undefined || told.withOffsets) return;
    await telling((line) => addOffsets(line, identity, groupId));
    told.withOffsets = true;
  }
  async function tellPartitions(partitions: readonly TopicPartition[]): Promise<void> {
    const untold = partitions.filter((partition) => !told.partitions.has(keyOf(partition)));
    if (untold.length === 0) return;
    // Side by side: the broker has the second at hand when it has answered the first.
    await Promise.all([telling((line) => addPartitions(line, identity, untold)), tellOffsets()]);
    for (const partition of untold) told.partitions.add(keyOf(partition));
  }
  async function commit(
    topic: string,
    generation: Generation,
    offsets: readonly OffsetCommit[],
  ): Promise<void> {
    if (group === undefined || groupId === undefined)
      throw new Error('a producer without a group has no offsets');
    await tellOffsets();
    const request = txnOffsetCommitRequest(groupId, generation, identity, topic, offsets);
    await asking(group, async (line) => checkCommitted(await line.ask(request), topic, offsets));
  }
  async function end(commits: boolean): Promise<void> {
    if (told.partitions.size === 0 && !told.withOffsets) return;
    await telling((line) => endTransaction(line, identity, commits));
    told.partitions.clear();
    told.withOffsets = false;
  }

  return { tellPartitions, commit, end };
}
