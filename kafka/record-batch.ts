/**
 * The frame of a record batch, format v2 (https://kafka.apache.org/documentation/#recordbatch): where it begins and ends,
 * and what its header says. Nothing is copied: `bytes` are views.
 */
import { corrupt, BatchError } from './batch-error.ts';

/** Attributes, bits 0–2. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof CODECS)[number];

/** What the header of a batch says. Offsets are safe integers, times milliseconds since 1970 (-1: none). */
export interface RecordBatch {
  /** The whole batch as it lies in the log, header included. */
  readonly bytes: Buffer;
  readonly baseOffset: number;
  /** Offset of the last record that was written; compaction may have removed it. Never less than `baseOffset`. */
  readonly lastOffset: number;
  readonly leaderEpoch: number;
  /** CRC-32C of what follows it. Nobody compares it: the broker did when the batch was written. */
  readonly crc: number;
  /** undefined: none that is known. */
  readonly codec: Codec | undefined;
  /** Every record has the time `maxTimestampMs`: the broker's. */
  readonly isLogAppendTime: boolean;
  readonly isTransactional: boolean;
  /** Its records are transaction markers. */
  readonly isControl: boolean;
  readonly firstTimestampMs: number;
  readonly maxTimestampMs: number;
  /** -1: not an idempotent producer. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  /** What the header says; the bytes may hold fewer. */
  readonly recordCount: number;
}

/** Bytes before what `length` counts: base offset and length. */
const PREFIX_BYTES = 12;
/** Where the magic byte lies, in every format since 0.8. */
const MAGIC_AT = 16;
/** Where the records begin. */
export const RECORDS_AT = 61;
const MAGIC_V2 = 2;
const ATTRIBUTES_AT = 21;
/** Up to here the offset of a batch's last record, a 32-bit number further, is exact too. */
const LARGEST_OFFSET = Number.MAX_SAFE_INTEGER - 2 ** 32;

/** Where one batch (or message of the formats before v2) lies in a record set. */
export interface BatchFrame {
  readonly bytes: Buffer;
  readonly baseOffset: number;
  /** Where the next one begins. */
  readonly end: number;
}

/**
 * Finds the batch at `at`.
 *
 * @returns undefined where the record set ends, also within the batch: a fetch is cut where its size limit falls.
 * @throws BatchError where its length or offset cannot be: nothing behind it can be found then.
 */
export function frameAt(set: Buffer, at: number): BatchFrame | undefined {
  if (set.length - at < PREFIX_BYTES) return undefined;
  const length = set.readInt32BE(at + 8);
  const baseOffset = readInt64(set, at);
  if (length <= MAGIC_AT - PREFIX_BYTES) throw corrupt(`its length is ${String(length)}`);
  if (baseOffset < 0 || baseOffset > LARGEST_OFFSET)
    throw corrupt(`its base offset is ${String(baseOffset)}`);
  const end = at + PREFIX_BYTES + length;
  return end > set.length ? undefined : { bytes: set.subarray(at, end), baseOffset, end };
}

/** Reads the header. @throws BatchError where it is not a batch of format v2, or its offsets cannot be. */
export function readHeader({ bytes, baseOffset }: BatchFrame): RecordBatch {
  const magic = bytes.readInt8(MAGIC_AT);
  if (magic !== MAGIC_V2)
    throw new BatchError('BATCH_UNSUPPORTED', `message format ${String(magic)} is not read, only 2 is`);
  if (bytes.length < RECORDS_AT) throw corrupt(`it has ${String(bytes.length)} bytes, less than a header`);
  const attributes = bytes.readInt16BE(21);
  const lastOffsetDelta = bytes.readInt32BE(23);
  if (lastOffsetDelta < 0) throw corrupt(`its last offset delta is ${String(lastOffsetDelta)}`);
  return {
    bytes,
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    leaderEpoch: bytes.readInt32BE(12),
    crc: bytes.readUInt32BE(17),
    codec: CODECS[attributes & 7],
    isLogAppendTime: (attributes & 8) !== 0,
    isTransactional: (attributes & 16) !== 0,
    isControl: (attributes & 32) !== 0,
    firstTimestampMs: readInt64(bytes, 27),
    maxTimestampMs: readInt64(bytes, 35),
    producerId: bytes.readBigInt64BE(43),
    producerEpoch: bytes.readInt16BE(51),
    baseSequence: bytes.readInt32BE(53),
    recordCount: bytes.readInt32BE(57),
  };
}

/** A signed 64-bit number, as near as a number comes. By way of a BigInt it takes twice as long. */
const readInt64 = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);

/** Whether a record set has a batch that must be unpacked. Only the headers are looked at, as far as they can be followed. */
export function holdsPacked(set: Buffer): boolean {
  for (let at = 0; at + RECORDS_AT <= set.length;) {
    if ((set[at + ATTRIBUTES_AT + 1]! & 7) !== 0) return true;
    const length = set.readInt32BE(at + 8);
    if (length <= 0) return false;
    at += PREFIX_BYTES + length;
  }
  return false;
}
