/** One transaction of the shared writer, from what partitions have ready to what became of it. */
import { BankChurnError } from '../../schemas/errors.ts';
import type { OutputRecord } from '../../schemas/ports.ts';
import type { EncodedRecords } from '../../schemas/record-frames.ts';
import type { OwnProducer } from './own-producer.ts';
import { GroupRefusal, type Generation, type TransactionalProducer } from './ports.ts';
import { planRound, type Contribution, type Round } from './round.ts';

/** A partition's part in one generation of the group, since its offset was read. */
export interface Session {
  readonly partition: number;
  readonly generation: Generation;
  /** Former owners of the partition that are alive. */
  readonly formers: readonly string[];
  /** What the producer's doubt was then. */
  readonly doubt: number;
}

/** What a partition has ready; each is settled once. */
export interface Participant extends Contribution {
  readonly session: Session;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface RoundPorts {
  readonly producer: OwnProducer;
  readonly encode: (records: readonly OutputRecord[]) => EncodedRecords;
  /** Whether a session is of the present generation, and nothing has been in doubt since it began. */
  readonly isOurs: (session: Session) => boolean;
}

export const sessionOver = (cause?: Error): BankChurnError =>
  new BankChurnError('TRANSACTION_FAILED', 'the generation of the group that this batch is of is over', {
    cause,
  });

/** One transaction, or several if the outputs of a partition are taken out. Settles every participant; never rejects. */
export async function commitRound(ports: RoundPorts, participants: readonly Participant[]): Promise<void> {
  let left = participants.filter((participant) => {
    if (ports.isOurs(participant.session)) return true;
    participant.reject(sessionOver());
    return false;
  });
  for (let merges = true; left.length > 0; merges = false) {
    const refused = await attempt(ports, left, merges);
    if (refused === undefined) return;
    left = left.filter((participant) => !refused.has(participant));
  }
}

/**
 * @returns undefined if all are settled, else those that were refused by themselves: nothing of the transaction took effect. Nobody
 *   is among them if a batch of several was refused: then each must write its own.
 */
async function attempt(
  ports: RoundPorts,
  participants: readonly Participant[],
  merges: boolean,
): Promise<ReadonlySet<Participant> | undefined> {
  const { producer, encode, isOurs } = ports;
  const doubt = producer.doubt();
  let isCommitSent = false;
  try {
    const writer = await producer.get();
    if (!participants.every(({ session }) => isOurs(session))) throw sessionOver();
    const round = planRound(participants, encode, merges);
    producer.writesTo(round.partitions);
    const refused = await write(writer, round, participants[0]!.session.generation);
    if (refused !== undefined) {
      await writer.end(false);
      producer.replace();
      for (const [participant, error] of refused) participant.reject(error);
      return new Set(refused.keys());
    }
    isCommitSent = true;
    await writer.end(true);
    for (const { resolve } of participants) resolve();
  } catch (error) {
    // The coordinator's refusal of a generation leaves a transaction that can be aborted; anything else leaves doubt.
    const isClean = error instanceof GroupRefusal && !isCommitSent && (await producer.abort());
    if (!isClean && producer.doubt() === doubt) producer.giveUp();
    // The group's word says nothing of what the batch holds.
    for (const { reject } of participants) reject(error instanceof GroupRefusal ? sessionOver(error) : error);
  }
  return undefined;
}

/** All requests of a transaction but its end. Returns whom the broker refused because of what they wrote; undefined: nobody. */
async function write(
  writer: TransactionalProducer,
  { partitions, waves, offsets }: Round<Participant>,
  generation: Generation,
): Promise<ReadonlyMap<Participant, Error> | undefined> {
  if (partitions.length > 0) await writer.addPartitions(partitions);
  for (const wave of waves) {
    const results = await writer.produce(wave.map(({ batch }) => batch));
    const errors = results.map(({ error }) => error);
    const worldly = errors.find((error) => error !== undefined && !isOwn(error));
    if (worldly !== undefined) throw worldly;
    if (errors.some((error) => error !== undefined)) return refusedOf(wave, errors);
  }
  if (offsets.length > 0) await writer.commitOffsets(generation, offsets);
  return undefined;
}

/** A batch of several owners says nothing about any of them. */
function refusedOf(
  wave: Round<Participant>['waves'][number],
  errors: readonly (Error | undefined)[],
): ReadonlyMap<Participant, Error> {
  const refused = new Map<Participant, Error>();
  wave.forEach(({ owners }, i) => {
    const error = errors[i];
    if (error !== undefined && owners.length === 1) refused.set(owners[0]!, error);
  });
  return refused;
}

/** Whether an error comes of what a batch holds. */
const isOwn = (error: Error): boolean => error instanceof BankChurnError && error.code === 'OUTPUT_TOO_LARGE';
