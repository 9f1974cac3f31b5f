/**
 * The one transactional writer of a process (ADR 17). The loop still writes partition by partition; what is ready while no transaction
 * is in flight goes into the next one together, with the offsets, which Kafka takes from the generation that the partitions were armed
 * in and from no other.
 *
 * The law: (1) a partition's session is of one generation, and what it has ready is committed in that one or not at all. (2) A
 * transaction in doubt ends all sessions: the producer is opened again, which decides it, before any offset is read. (3) What one
 * partition cannot write is taken out, and the others go on, only if no commit was sent.
 */
import { BankChurnError } from '../../schemas/errors.ts';
import type { OutputRecord, Transaction, Writer } from '../../schemas/ports.ts';
import type { EncodedRecords } from '../../schemas/record-frames.ts';
import { offsetNote } from '../offset-note.ts';
import { gathering } from './gather.ts';
import {
  GroupRefusal,
  type Generation,
  type OffsetCommit,
  type OffsetsPort,
  type ProduceBatch,
  type TopicPartition,
  type TransactionalProducer,
} from './ports.ts';
import { planRound, type Contribution, type Round } from './round.ts';
import type { Formers } from './takeover.ts';

export interface SharedWriterPorts {
  /** Opens our producer: fences its former one, and decides that one's last transaction in all of `written`. */
  readonly openProducer: (written: readonly TopicPartition[]) => Promise<TransactionalProducer>;
  /** See `createTakeover`; of a writer without transactions: nothing is taken over. */
  readonly takeOver: (partition: number) => Promise<Formers>;
  readonly offsets: Pick<OffsetsPort, 'commit'>;
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
  /** Before the group is joined again: resolves when nothing is in flight; what waits is refused. Never rejects. */
  quiesce(): Promise<void>;
  close(): Promise<void>;
}

interface Session {
  readonly partition: number;
  readonly generation: Generation;
  readonly formers: Formers;
  readonly doubt: number;
}

interface Participant extends Contribution {
  readonly session: Session;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const inDoubt = (what: string): BankChurnError => new BankChurnError('TRANSACTION_FAILED', what);
const OVER = 'the generation of the group that this batch is of is over';

/** @returns the writer of all partitions of one consumer. */
export function createSharedWriter(ports: SharedWriterPorts): SharedWriter {
  /** Grows with each transaction, or marker, of which nobody knows what became of it. */
  let doubt = 0;
  let producer: TransactionalProducer | undefined;
  let opening: Promise<TransactionalProducer> | undefined;
  /** Output partitions that this process has written to: their markers are written again when it opens its producer again. */
  const written = new Map<string, TopicPartition>();
  let waiting: Participant[] = [];
  let inFlight: readonly Participant[] = [];
  let running: Promise<void> | undefined;
  let isLingering = false;
  let isClosed = false;

  function giveUpProducer(): void {
    doubt += 1;
    const left = producer;
    producer = undefined;
    void left?.close().catch(() => undefined);
  }

  async function soundProducer(): Promise<TransactionalProducer> {
    if (isClosed) throw inDoubt('the writer is closed');
    if (producer?.isSound() === false) giveUpProducer();
    if (producer !== undefined) return producer;
    opening ??= ports
      .openProducer([...written.values()])
      .then((opened) => {
        written.clear();
        return (producer = opened);
      })
      .finally(() => (opening = undefined));
    return opening;
  }

  const isOurs = ({ generation, doubt: was }: Session): boolean => {
    const now = ports.generation();
    return (
      was === doubt && now?.generationId === generation.generationId && now.memberId === generation.memberId
    );
  };

  function next(): void {
    if (running !== undefined || waiting.length === 0) return;
    if (waiting.length < ports.inHand() && !isLingering) {
      isLingering = true;
      void ports.sleep(ports.lingerMs).then(start);
    } else if (waiting.length >= ports.inHand()) start();
  }

  function start(): void {
    isLingering = false;
    if (running !== undefined || waiting.length === 0) return;
    inFlight = waiting;
    waiting = [];
    running = run(inFlight).finally(() => {
      running = undefined;
      inFlight = [];
      next();
    });
  }

  /** One transaction, or several where a partition's outputs are taken out. Settles every participant. */
  async function run(participants: readonly Participant[]): Promise<void> {
    let left = participants.filter((participant) => {
      if (isOurs(participant.session)) return true;
      participant.reject(inDoubt(OVER));
      return false;
    });
    while (left.length > 0) {
      const refused = await attempt(left);
      if (refused === undefined) return;
      left = left.filter((participant) => !refused.has(participant));
    }
  }

  /** @returns undefined if all are settled, else those that were refused by themselves: nothing of the transaction took effect. */
  async function attempt(
    participants: readonly Participant[],
  ): Promise<ReadonlySet<Participant> | undefined> {
    const was = doubt;
    let isCommitSent = false;
    try {
      const writer = await soundProducer();
      if (doubt !== was || !participants.every(({ session }) => isOurs(session))) throw inDoubt(OVER);
      const round = planRound(participants, ports.encode);
      const refused = await write(writer, round, participants[0]!.session.generation);
      if (refused.size > 0) {
        await writer.end(false);
        giveUpQuietly();
        for (const [participant, error] of refused) participant.reject(error);
        return new Set(refused.keys());
      }
      isCommitSent = true;
      await writer.end(true);
      for (const { resolve } of participants) resolve();
    } catch (error) {
      await afterError(error, isCommitSent, was);
      for (const { reject } of participants) reject(error);
    }
    return undefined;
  }

  /** After an abort that was confirmed: only the numbers of its batches are in doubt, so the producer goes and the sessions stay. */
  function giveUpQuietly(): void {
    const left = producer;
    producer = undefined;
    void left?.close().catch(() => undefined);
  }

  /** The coordinator's refusal of a generation leaves a transaction that can be aborted; anything else leaves doubt. */
  async function afterError(error: unknown, isCommitSent: boolean, was: number): Promise<void> {
    const present = producer;
    if (error instanceof GroupRefusal && !isCommitSent && present !== undefined) {
      try {
        await present.end(false);
        return;
      } catch {
        // in doubt like any other
      }
    }
    if (doubt === was) giveUpProducer();
  }

  /** All requests of a transaction but its end. Returns whom the broker refused because of what they wrote. */
  async function write(
    writer: TransactionalProducer,
    round: Round<Participant>,
    generation: Generation,
  ): Promise<Map<Participant, Error>> {
    const refused = new Map<Participant, Error>();
    for (const at of round.partitions) written.set(`${at.topic}/${String(at.partition)}`, at);
    if (round.partitions.length > 0) await writer.addPartitions(round.partitions);
    for (const wave of round.waves) {
      const results = await writer.produce(wave.map(({ batch }): ProduceBatch => batch));
      wave.forEach(({ owners }, i) => {
        const error = results[i]?.error;
        if (error === undefined) return;
        if (!isOwn(error)) throw error;
        for (const owner of owners) refused.set(owner, error);
      });
      if (refused.size > 0) return refused;
    }
    if (round.offsets.length > 0) await writer.commitOffsets(generation, round.offsets);
    return refused;
  }

  const claimAll = (commit: (offsets: readonly OffsetCommit[]) => Promise<void>) => {
    const wanted = new Map<number, OffsetCommit>();
    const gathered = gathering(async (partitions: readonly number[]) => {
      await commit(partitions.map((partition) => wanted.get(partition)!));
      return new Map(partitions.map((partition) => [partition, undefined]));
    });
    return async (offset: OffsetCommit): Promise<void> => {
      wanted.set(offset.partition, offset);
      await gathered(offset.partition);
    };
  };
  const claims = new Map<number, ReturnType<typeof claimAll>>();

  /** Claims of one generation go together. */
  function claim({ generation }: Session, offset: OffsetCommit): Promise<void> {
    const { generationId } = generation;
    let together = claims.get(generationId);
    if (together === undefined) {
      claims.clear();
      together = claimAll((offsets) => ports.offsets.commit(generation, offsets));
      claims.set(generationId, together);
    }
    return together(offset);
  }

  const noteOf = ({ formers }: Session, topicId: string | undefined): string =>
    offsetNote(topicId, ports.writer === undefined ? [] : [...formers, ports.writer]);

  function begin(session: Session): Transaction {
    const emissions: Contribution['emissions'][number][] = [];
    let offset: OffsetCommit | undefined;
    return {
      send: (emission) => {
        emissions.push(emission);
        return Promise.resolve();
      },
      sendOffsets: (_, partition, nextOffset, topicId) => {
        offset = { partition, offset: nextOffset, note: noteOf(session, topicId) };
        return Promise.resolve();
      },
      commit: () =>
        new Promise((resolve, reject) => {
          if (!isOurs(session)) reject(inDoubt(OVER));
          else {
            waiting.push({ emissions, offset, session, resolve, reject });
            next();
          }
        }),
      abort: () => Promise.resolve(),
    };
  }

  /** The loop has given up on what it had ready there: it must not be committed behind its back. */
  function withdraw(partition: number): void {
    const isOfIt = ({ session }: Participant): boolean => session.partition === partition;
    for (const { reject } of waiting.filter(isOfIt)) reject(inDoubt('given up'));
    waiting = waiting.filter((participant) => !isOfIt(participant));
    if (inFlight.some(isOfIt)) giveUpProducer();
  }

  async function openWriter(_: string, partition: number): Promise<Writer> {
    const generation = ports.generation();
    if (generation === undefined) throw inDoubt('the group has no assignment for this process');
    withdraw(partition);
    await soundProducer();
    const was = doubt;
    const formers = await ports.takeOver(partition);
    const session: Session = { partition, generation, formers, doubt: was };
    if (!isOurs(session)) throw inDoubt(OVER);
    return {
      claim: (offset, topicId) => claim(session, { partition, offset, note: noteOf(session, topicId) }),
      begin: () => Promise.resolve(begin(session)),
      isSound: () => session.doubt === doubt && producer?.isSound() !== false,
      close: () => Promise.resolve(),
    };
  }

  async function quiesce(): Promise<void> {
    for (const { reject } of waiting) reject(inDoubt(OVER));
    waiting = [];
    await running;
  }

  return {
    openWriter,
    quiesce,
    close: async () => {
      isClosed = true;
      await quiesce();
      await opening?.catch(() => undefined);
      await producer?.close();
    },
  };
}

/** Whether an error comes of what a batch holds. */
const isOwn = (error: Error): boolean => error instanceof BankChurnError && error.code === 'OUTPUT_TOO_LARGE';
