/**
 * The walk over what a fetch brings of one partition: batches one after the other, each unpacked only if what it may cost is
 * known to be within the limits, then its records. What cannot be handed out is a value too, so that reading goes on behind it.
 */
import type { Refusal } from '../schemas/ports.ts';
import { BatchError, corrupt } from './batch-error.ts';
import { UNPACKED_BOUND } from './compression/bound.ts';
import {
  frameAt,
  readHeader,
  RECORDS_AT,
  type BatchFrame,
  type Codec,
  type RecordBatch,
} from './record-batch.ts';
import { checkHeaders, keyOf, nextRecord, openRecords, valueOf, type RecordCursor } from './records.ts';

/** What reading may cost. */
export interface FetchLimits {
  /** Most that one batch may unpack to, and about the most that all batches of a fetch do, bytes. */
  readonly unpackedBytes: number;
  /** Records that a fetch hands out, and the headers of these: then it ends as if it were cut, also within a batch. */
  readonly records: number;
  /** Most headers of a record. */
  readonly headers: number;
}

/** What is left of the limits for a fetch; all of its partitions share one. */
export interface FetchBudget {
  unpackedBytes: number;
  records: number;
}

/** Unpacks, or rejects where more than `maxBytes` would come out. */
export type Unpack = (codec: Exclude<Codec, 'none'>, bytes: Buffer, maxBytes: number) => Promise<Buffer>;

export interface WalkOptions {
  /** Topic and partition, for messages. */
  readonly place: string;
  /** Records before this offset are not handed out. */
  readonly from: number;
  readonly limits: FetchLimits;
  readonly budget: FetchBudget;
  readonly unpack: Unpack;
}

/** Who gets what the walk finds, in the order of offsets. */
export interface Visitor {
  /** Whether a batch is none that its reader may see: then nothing of it is unpacked, counted or handed out. */
  skips?(batch: RecordBatch): boolean;
  /**
   * Takes the records that follow the cursor, as many as it likes of at most `most` without headers, and moves the cursor behind
   * them. Records before `from` are passed over. The walk goes on with the next one.
   *
   * @returns how many were taken.
   */
  records?(batch: RecordBatch, cursor: RecordCursor, from: number, most: number): number;
  /** One record, its headers looked over; the cursor is good for this call only. */
  record(batch: RecordBatch, cursor: RecordCursor): void;
  /** What is not handed out. `batch` is undefined where not even its header can be read; the cursor is at the record if it is one. */
  refused(refused: Refused, batch: RecordBatch | undefined, cursor?: RecordCursor): void;
  /** A batch has nothing to hand out at its last offset: compaction has removed it. */
  gap?(batch: RecordBatch): void;
}

/** What lies at some offsets and is not handed out: a batch, its end, or one record. */
export interface Refused extends Refusal {
  /** Milliseconds since 1970; -1: not known. */
  readonly timestampMs: number;
  /** Of one record only. */
  readonly key: Buffer | null;
  /** Value of the record, or the whole batch as it lies in the log. */
  readonly bytes: Buffer | null;
}

/** A fetch's budget is what one batch may cost, so that every batch within the limits comes some time. */
export const openBudget = ({ unpackedBytes, records }: FetchLimits): FetchBudget => ({
  unpackedBytes,
  records,
});

/**
 * Walks over a record set until it ends, or the budget does. Waits for nothing but what unpacks.
 *
 * @returns the offset to go on from: behind all that was handed out or passed over.
 */
export async function walkRecordSet(set: Buffer, options: WalkOptions, visitor: Visitor): Promise<number> {
  let next = options.from;
  for (let at = 0; options.budget.records > 0;) {
    let frame: BatchFrame | undefined;
    try {
      frame = frameAt(set, at);
    } catch (error) {
      // Nothing behind it can be found: what is left of the set is refused as one.
      const rest = { bytes: set.subarray(at), baseOffset: next, lastOffset: next };
      visitor.refused(refuse(error, rest, options.place), undefined);
      return next + 1;
    }
    if (frame === undefined) return next;
    const batch = openBatch(frame, next, options, visitor);
    if (typeof batch === 'number') next = batch;
    else {
      const walked = walkBatch(batch, next, options, visitor);
      const behind = typeof walked === 'object' ? await walked : walked;
      if (behind === undefined) return next;
      next = behind;
    }
    at = frame.end;
  }
  return next;
}

/** The batch, or the offset to go on from if there is nothing to be read in it. */
function openBatch(
  frame: BatchFrame,
  from: number,
  { place }: WalkOptions,
  visitor: Visitor,
): RecordBatch | number {
  let batch: RecordBatch;
  try {
    batch = readHeader(frame);
  } catch (error) {
    const lastOffset = Math.max(frame.baseOffset, from);
    visitor.refused(refuse(error, { ...frame, baseOffset: lastOffset, lastOffset }, place), undefined);
    return lastOffset + 1;
  }
  if (batch.lastOffset < from) return from;
  return visitor.skips?.(batch) === true ? batch.lastOffset + 1 : batch;
}

/** The offset to go on from, later where the batch must be unpacked; undefined: the budget ends before it. */
type Behind = number | undefined | Promise<number | undefined>;

function walkBatch(batch: RecordBatch, from: number, options: WalkOptions, visitor: Visitor): Behind {
  const refuseWhole = (error: unknown): number => {
    const baseOffset = Math.max(batch.baseOffset, from);
    visitor.refused(refuse(error, { ...batch, baseOffset }, options.place), batch);
    return batch.lastOffset + 1;
  };
  const walk = (bytes: Buffer, at: number): number =>
    walkRecords(batch, openRecords(batch, bytes, at), from, options, visitor);
  try {
    const { codec, bytes } = batch;
    if (codec === undefined) throw new BatchError('BATCH_UNSUPPORTED', 'its codec is not known');
    checkCount(batch);
    if (codec === 'none') return walk(bytes, RECORDS_AT);
    const unpacking = unpacked(codec, bytes.subarray(RECORDS_AT), options);
    return unpacking?.then((whole) => walk(whole, 0)).catch(refuseWhole);
  } catch (error) {
    return refuseWhole(error);
  }
}

function checkCount({ recordCount, baseOffset, lastOffset }: RecordBatch): void {
  if (recordCount < 0 || recordCount > lastOffset - baseOffset + 1)
    throw corrupt(`it counts ${String(recordCount)} records`);
}

/** The records of a batch. undefined: the budget of this fetch does not suffice. */
function unpacked(
  codec: Exclude<Codec, 'none'>,
  packed: Buffer,
  { limits, budget, unpack }: WalkOptions,
): Promise<Buffer> | undefined {
  const bound = UNPACKED_BOUND[codec](packed);
  if (bound > limits.unpackedBytes)
    throw new BatchError(
      'BATCH_TOO_LARGE',
      `${String(packed.length)} bytes of ${codec} may unpack to ${String(bound)}, allowed are ${String(limits.unpackedBytes)}`,
    );
  if (bound > budget.unpackedBytes) return undefined;
  return unpack(codec, packed, limits.unpackedBytes).then(
    (whole) => {
      budget.unpackedBytes -= whole.length;
      return whole;
    },
    (error: unknown) => {
      budget.unpackedBytes = 0; // it may have cost as much as the largest
      throw error;
    },
  );
}

/**
 * Hands out records until the batch or the budget ends. From what is not valid on, the rest of the batch is refused.
 *
 * @returns the offset to go on from.
 */
function walkRecords(
  batch: RecordBatch,
  cursor: RecordCursor,
  from: number,
  { budget, limits, place }: WalkOptions,
  visitor: Visitor,
): number {
  let next = Math.max(batch.baseOffset, from);
  try {
    while (budget.records > 0) {
      const taken = visitor.records?.(batch, cursor, from, budget.records) ?? 0;
      if (taken > 0) {
        budget.records -= taken;
        next = cursor.offset + 1;
        if (budget.records <= 0) return next;
      }
      if (!nextRecord(cursor, batch, from)) {
        if (next <= batch.lastOffset) visitor.gap?.(batch);
        return batch.lastOffset + 1;
      }
      budget.records -= 1;
      if (cursor.headerCount > limits.headers) {
        visitor.refused(tooManyHeaders(cursor, limits.headers, place), batch, cursor);
      } else {
        if (cursor.headerCount > 0) checkHeaders(cursor);
        budget.records -= cursor.headerCount;
        visitor.record(batch, cursor);
      }
      next = cursor.offset + 1;
    }
    return next;
  } catch (error) {
    // Behind the last offset there is nothing to refuse: those bytes are no records of the log.
    if (next <= batch.lastOffset)
      visitor.refused(refuse(error, { ...batch, baseOffset: next }, place), batch);
    return batch.lastOffset + 1;
  }
}

function refuse(
  error: unknown,
  batch: Pick<RecordBatch, 'bytes' | 'baseOffset' | 'lastOffset'> & { maxTimestampMs?: number },
  place: string,
): Refused {
  const { bytes, baseOffset: firstOffset, lastOffset } = batch;
  return {
    code: error instanceof BatchError ? error.code : 'BATCH_CORRUPT',
    message: `batch ${String(firstOffset)}–${String(lastOffset)} of ${place}: ${(error as Error).message}`,
    firstOffset,
    lastOffset,
    timestampMs: batch.maxTimestampMs ?? -1,
    key: null,
    bytes,
  };
}

function tooManyHeaders(cursor: RecordCursor, limit: number, place: string): Refused {
  const { offset, timestampMs, headerCount } = cursor;
  return {
    code: 'RECORD_TOO_LARGE',
    message: `record ${String(offset)} of ${place} has ${String(headerCount)} headers, allowed are ${String(limit)}`,
    firstOffset: offset,
    lastOffset: offset,
    timestampMs,
    key: keyOf(cursor),
    bytes: valueOf(cursor),
  };
}
