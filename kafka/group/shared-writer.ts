/**
 * The one transactional writer of a process (ADR 17). The loop still writes partition by partition; what is ready while no transaction
 * is in flight goes into the next one together, with the offsets, which Kafka takes from the generation that the partitions were armed
 * in and from no other.
 *
 * The law: (1) a partition has one session at a time, of one generation; what a session has ready is committed in it or not at all. (2) A
 * transaction in doubt ends all sessions: the producer is opened again, which decides it, before any offset is read. (3) What one
 * partition cannot write is taken out, and the others go on, only if no commit was sent.
 */
import { BankChurnError } from '../../schemas/errors.ts';
import type { OutputRecord, Transaction, Writer } from '../../schemas/ports.ts';
import type { EncodedRecords } from '../../schemas/record-frames.ts';
import { offsetNote } from '../offset-note.ts';
import { createClaims } from './claims.ts';
import { commitRound, sessionOver, type Participant, type Session } from './commit-round.ts';
import { createOwnProducer } from './own-producer.ts';
import { GroupRefusal, type Generation, type OffsetCommit, type OffsetsPort, type TopicPartition, type TransactionalProducer } from './ports.ts'; // prettier-ignore
import { createQueue, type RoundQueue } from './round-queue.ts';
import type { Formers } from './takeover.ts';

export interface SharedWriterPorts {
  /** Opens our producer: fences its former one, and decides that one's last transaction in all of `written`. */
  readonly openProducer: (written: readonly TopicPartition[]) => Promise<TransactionalProducer>;
  /** See `createTakeover`; of a writer without transactions: nothing is taken over. */
  readonly takeOver: (partition: number) => Promise<Formers>;
  readonly offsets: Pick<OffsetsPort, 'commit'>;
  /**
   * Nobody knows what became of a claim: it may still be performed, and set back what later transactions of this generation commit. It is
   * refused for certain only when this member is gone from the group.
   */
  readonly onClaimInDoubt: (of: Generation) => void;
  /** Of the present assignment; undefined while there is none. */
  readonly generation: () => Generation | undefined;
  /** Partitions that are being decided about, or have something ready: a transaction waits for them a little. */
  readonly inHand: () => number;
  readonly encode: (records: readonly OutputRecord[]) => EncodedRecords;
  readonly sleep: (ms: number) => Promise<void>;
  /** Our own name in the notes of offsets; undefined: a writer without transactions. */
  readonly writer: string | undefined;
  /** Longest wait for partitions that are still being decided about, milliseconds. */
  readonly lingerMs: number;
}

export interface SharedWriter {
  /** As {@link OpenWriter}: resolves when the partition's offset can be read. */
  openWriter(topic: string, partition: number): Promise<Writer>;
  /**
   * Called with each heartbeat that the group took, and with each assignment: a process that has lost its partitions still decides what
   * it has written, or readers would wait for it. Never rejects: it is tried again with the next call.
   */
  settle(): Promise<void>;
  /** Before the group is joined again: resolves when nothing is in flight; what waits is refused. Never rejects. */
  quiesce(): Promise<void>;
  close(): Promise<void>;
}

/** @returns the writer of all partitions of one consumer. */
export function createSharedWriter(ports: SharedWriterPorts): SharedWriter {
  const producer = createOwnProducer(ports.openProducer);
  const claim = createClaims(ports.offsets);
  /** Of each partition; one that is being taken over has none, so that nothing of the former one is committed meanwhile. */
  const sessions = new Map<number, Session>();
  const openings = new Map<number, symbol>();
  const isOurs = (session: Session): boolean => {
    const { partition, generation, doubt } = session;
    const now = ports.generation();
    const isSame = now?.generationId === generation.generationId && now.memberId === generation.memberId;
    return isSame && doubt === producer.doubt() && sessions.get(partition) === session;
  };
  const queue = createQueue(ports, (participants) =>
    commitRound({ producer, isOurs, encode: ports.encode }, participants),
  );
  const noteOf = ({ formers }: Session, topicId: string | undefined): string =>
    offsetNote(topicId, ports.writer === undefined ? [] : [...formers, ports.writer]);

  /** Claims whose answer is not here, by partition. */
  const claiming = new Map<number, Generation>();
  async function claimOnce(session: Session, offset: OffsetCommit): Promise<void> {
    const { partition, generation } = session;
    claiming.set(partition, generation);
    try {
      await claim(generation, offset);
    } catch (error) {
      if (error instanceof GroupRefusal) throw sessionOver(error);
      ports.onClaimInDoubt(generation);
      throw error;
    } finally {
      if (claiming.get(partition) === generation) claiming.delete(partition);
    }
  }

  async function openWriter(_: string, partition: number): Promise<Writer> {
    const generation = ports.generation();
    if (generation === undefined)
      throw new BankChurnError('TRANSACTION_FAILED', 'the group has given this process no partitions');
    if (claiming.get(partition) === generation) {
      ports.onClaimInDoubt(generation); // the loop has given up waiting for it
      throw sessionOver();
    }
    const mine = Symbol('opening');
    openings.set(partition, mine);
    sessions.delete(partition);
    // The loop has given up on what it had ready there: it must not be committed behind its back.
    if (queue.withdraw(partition)) producer.giveUp();
    await producer.get();
    const doubt = producer.doubt();
    const session: Session = { partition, generation, doubt, formers: await ports.takeOver(partition) };
    if (openings.get(partition) !== mine) throw sessionOver();
    sessions.set(partition, session);
    if (!isOurs(session)) throw sessionOver();
    return {
      claim: (offset, topicId) => claimOnce(session, { partition, offset, note: noteOf(session, topicId) }),
      begin: () => Promise.resolve(begin({ queue, isOurs, noteOf }, session)),
      isSound: () => doubt === producer.doubt() && producer.isSound(),
      close: () => {
        if (sessions.get(partition) === session) sessions.delete(partition);
        return Promise.resolve();
      },
    };
  }

  return {
    openWriter,
    settle: () => producer.settle().catch(() => undefined),
    quiesce: () => queue.quiesce(sessionOver()),
    close: async () => {
      await queue.quiesce(sessionOver());
      await producer.close();
    },
  };
}

/** Why the group is joined again as a new member. */
export const claimInDoubt = (): GroupRefusal =>
  new GroupRefusal('unknown-member', 'what became of a claim is not known');

interface Beginning {
  readonly queue: RoundQueue;
  readonly isOurs: (session: Session) => boolean;
  readonly noteOf: (session: Session, topicId: string | undefined) => string;
}

/** A part of a transaction to come: nothing is sent before its commit. */
function begin({ queue, isOurs, noteOf }: Beginning, session: Session): Transaction {
  const emissions: Participant['emissions'][number][] = [];
  let offset: OffsetCommit | undefined;
  return {
    send: (emission) => Promise.resolve(emissions.push(emission)),
    sendOffsets: (_, partition, nextOffset, topicId) => {
      offset = { partition, offset: nextOffset, note: noteOf(session, topicId) };
      return Promise.resolve();
    },
    commit: () =>
      new Promise((resolve, reject) => {
        if (isOurs(session)) queue.add({ emissions, offset, session, resolve, reject });
        else reject(sessionOver());
      }),
    abort: () => Promise.resolve(),
  };
}
