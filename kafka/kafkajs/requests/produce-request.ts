/** Producing ready-made records: one batch for each partition of a request. */
import type { ProduceBatch } from '../../group/ports.ts';
import { byTopic, readPartitions, type PartitionCode, type WireRequest } from './request.ts';
import { createWriter } from './wire.ts';

/** What the batches of a producer say about it. */
export interface ProducerState {
  /** null: no transactions. */
  readonly transactionalId: string | null;
  /** -1: no producer of an id, whose batches have no numbers. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** A batch and the number of its first record, counted by partition; -1 without a producer id. */
export interface NumberedBatch extends ProduceBatch {
  readonly sequence: number;
}

export interface ProducedBatch extends PartitionCode {
  readonly baseOffset: number;
}

/** CRC-32C of these parts one behind the other, as an unsigned number. */
export type Crc32c = (parts: readonly Buffer[]) => number;

const HEADER_BYTES = 61;
/** Where the part begins that the checksum is of. */
const CHECKED_AT = 21;
/** What the length in a batch does not count: base offset and length. */
const PREFIX_BYTES = 12;
const MAGIC = 2;
const TRANSACTIONAL = 16;
const NO_EPOCH = -1;
const ALL_IN_SYNC = -1;

/** The header of a batch of one moment: https://kafka.apache.org/documentation/#recordbatch */
export function batchHeader(
  { records: { bytes, count }, sequence }: NumberedBatch,
  { transactionalId, producerId, producerEpoch }: ProducerState,
  timestampMs: number,
  crc32c: Crc32c,
): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeBigInt64BE(0n, 0); // the base offset is the broker's to give
  header.writeInt32BE(HEADER_BYTES - PREFIX_BYTES + bytes.length, 8);
  header.writeInt32BE(NO_EPOCH, 12);
  header.writeInt8(MAGIC, 16);
  header.writeInt16BE(transactionalId === null ? 0 : TRANSACTIONAL, CHECKED_AT);
  header.writeInt32BE(count - 1, 23);
  header.writeBigInt64BE(BigInt(timestampMs), 27);
  header.writeBigInt64BE(BigInt(timestampMs), 35);
  header.writeBigInt64BE(producerId, 43);
  header.writeInt16BE(producerEpoch, 51);
  header.writeInt32BE(sequence, 53);
  header.writeInt32BE(count, 57);
  header.writeUInt32BE(crc32c([header.subarray(CHECKED_AT), bytes]), 17);
  return header;
}

/**
 * Version 7 (Kafka 2.1). The records themselves are not copied.
 *
 * @param waitMs how long the broker waits for the replicas that are in sync.
 */
export function produceRequest(
  batches: readonly NumberedBatch[],
  of: ProducerState,
  { timestampMs, crc32c, waitMs }: { timestampMs: number; crc32c: Crc32c; waitMs: number },
): WireRequest<readonly ProducedBatch[]> {
  const topics = byTopic(batches);
  const body: Buffer[] = [];
  let part = createWriter().text(of.transactionalId).int16(ALL_IN_SYNC).int32(waitMs).int32(topics.length);
  for (const [topic, these] of topics) {
    part.text(topic).int32(these.length);
    for (const batch of these) {
      const { bytes } = batch.records;
      part.int32(batch.partition).int32(HEADER_BYTES + bytes.length);
      body.push(part.done(), batchHeader(batch, of, timestampMs, crc32c), bytes);
      part = createWriter();
    }
  }
  return {
    apiName: 'Produce',
    apiKey: 0,
    apiVersion: 7,
    isFlexible: false,
    waitMs,
    body,
    decode: (from) => {
      const answer = readPartitions(from, (topic) => {
        const partition = from.int32();
        const produced = { topic, partition, code: from.int16(), baseOffset: from.int64() };
        from.int64(); // when it was appended, if the topic is of append times
        from.int64(); // where the log begins
        return produced;
      });
      return { throttleMs: from.int32(), answer };
    },
  };
}
