/** Requests about a group's committed offsets: read, commit, commit with a transaction. */
import type { Generation, OffsetCommit } from '../../group/ports.ts';
import { readCodes, requestOf, type PartitionCode, type WireRequest } from './request.ts';
import type { WireReader } from './wire.ts';

export interface FetchedOffset {
  readonly partition: number;
  /** -1: none is committed. */
  readonly offset: number;
  readonly note: string;
  readonly code: number;
}

export interface FetchedOffsets {
  /** Of the group as a whole. */
  readonly code: number;
  readonly offsets: readonly FetchedOffset[];
}

/** Version 7 (Kafka 2.5), the first that can wait for open transactions (`require_stable`). */
export const offsetFetchRequest = (
  groupId: string,
  topic: string,
  partitions: readonly number[],
  stable: boolean,
): WireRequest<FetchedOffsets> =>
  requestOf(
    { apiName: 'OffsetFetch', apiKey: 9, apiVersion: 7, isFlexible: true },
    (into) =>
      into
        .compactText(groupId)
        .compactArray([topic], (name) => into.compactText(name).compactArray(partitions, into.int32).noTags())
        .int8(stable ? 1 : 0)
        .noTags(),
    (answer) => {
      const offsets = answer.compactArray(() => {
        answer.compactText(); // the topic: there is one
        const found = answer.compactArray(() => readOffset(answer));
        answer.skipTags();
        return found;
      });
      return { offsets: offsets.flat(), code: answer.int16() };
    },
  );

function readOffset(answer: WireReader): FetchedOffset {
  const partition = answer.int32();
  const offset = answer.int64();
  answer.int32(); // the leader's epoch
  const note = answer.compactText() ?? '';
  const code = answer.int16();
  answer.skipTags();
  return { partition, offset, note, code };
}

/** Nobody reads an offset's epoch here. */
const NO_EPOCH = -1;

/** Version 7 (Kafka 2.3). */
export const offsetCommitRequest = (
  groupId: string,
  { generationId, memberId }: Generation,
  topic: string,
  offsets: readonly OffsetCommit[],
): WireRequest<readonly PartitionCode[]> =>
  requestOf(
    { apiName: 'OffsetCommit', apiKey: 8, apiVersion: 7 },
    (into) =>
      into
        .text(groupId)
        .int32(generationId)
        .text(memberId)
        .text(null) // not a static member
        .array([topic], (name) =>
          into
            .text(name)
            .array(offsets, ({ partition, offset, note }) =>
              into.int32(partition).int64(offset).int32(NO_EPOCH).text(note),
            ),
        ),
    readCodes,
  );

/** A producer in a transaction. */
export interface InTransaction {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Version 3 (Kafka 2.5), the first that says which generation of the group the offsets are of (KIP-447). */
export const txnOffsetCommitRequest = (
  groupId: string,
  { generationId, memberId }: Generation,
  { transactionalId, producerId, producerEpoch }: InTransaction,
  topic: string,
  offsets: readonly OffsetCommit[],
): WireRequest<readonly PartitionCode[]> =>
  requestOf(
    { apiName: 'TxnOffsetCommit', apiKey: 28, apiVersion: 3, isFlexible: true },
    (into) =>
      into
        .compactText(transactionalId)
        .compactText(groupId)
        .int64(producerId)
        .int16(producerEpoch)
        .int32(generationId)
        .compactText(memberId)
        .compactText(null)
        .compactArray([topic], (name) =>
          into
            .compactText(name)
            .compactArray(offsets, ({ partition, offset, note }) =>
              into.int32(partition).int64(offset).int32(NO_EPOCH).compactText(note).noTags(),
            )
            .noTags(),
        )
        .noTags(),
    (answer) =>
      answer
        .compactArray(() => {
          const name = answer.compactText() ?? '';
          const codes = answer.compactArray(() => {
            const of = { topic: name, partition: answer.int32(), code: answer.int16() };
            answer.skipTags();
            return of;
          });
          answer.skipTags();
          return codes;
        })
        .flat(),
  );
