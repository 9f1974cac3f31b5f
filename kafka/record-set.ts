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
import {
  headersOf,
  keyOf,
  nextRecord,
  openRecords,
  valueOf,
  type Headers,
  type RecordCursor,
} from './records.ts';

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
  /** One record; the cursor is good for this call only. */
  record(batch: RecordBatch, cursor: RecordCursor, headers: Headers): void;
  /** What is not handed out. `batch` is undefined where not even its header can be read. */
  refused(refused: Refused, batch: RecordBatch | undefined): void;
  /** A batch has nothing to hand out at its last offset: compaction has removed it. */
  gap(batch: RecordBatch): void;
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

/** Walks over a record set until it ends, or the budget does. */
export async function walkRecordSet(set: Buffer, options: WalkOptions, visitor: Visitor): Promise<void> {
  let next = options.from;
  for (let at = 0; options.budget.records > 0;) {
    let frame: BatchFrame | undefined;
    try {
      frame = frameAt(set, at);
    } catch (error) {
      // Nothing behind it can be found: what is left of the set is refused as one.
      const rest = { bytes: set.subarray(at), baseOffset: next, lastOffset: next };
      visitor.refused(refuse(error, rest, options.place), undefined);
      return;
    }
    if (frame === undefined) return;
    const behind = await walkBatch(frame, next, options, visitor);
    if (behind === undefined) return;
    next = behind;
    at = frame.end;
  }
}

/** @returns the offset to go on from; undefined where the budget ends before the batch. */
async function walkBatch(
  frame: BatchFrame,
  from: number,
  options: WalkOptions,
  visitor: Visitor,
): Promise<number | undefined> {
  let batch: RecordBatch;
  try {
    batch = readHeader(frame);
  } catch (error) {
    const lastOffset = Math.max(frame.baseOffset, from);
    visitor.refused(
      refuse(error, { ...frame, baseOffset: lastOffset, lastOffset }, options.place),
      undefined,
    );
    return lastOffset + 1;
  }
  if (batch.lastOffset < from) return from;
  try {
    const records = await unpacked(batch, options);
    if (records === undefined) return undefined;
    walkRecords(batch, openRecords(batch, records.bytes, records.at), from, options, visitor);
  } catch (error) {
    const baseOffset = Math.max(batch.baseOffset, from);
    visitor.refused(refuse(error, { ...batch, baseOffset }, options.place), batch);
  }
  return batch.lastOffset + 1;
}

/** The bytes that hold the records, and where these begin. undefined: the budget of this fetch does not suffice. */
async function unpacked(
  { codec, bytes, recordCount, baseOffset, lastOffset }: RecordBatch,
  { limits, budget, unpack }: WalkOptions,
): Promise<{ bytes: Buffer; at: number } | undefined> {
  if (codec === undefined) throw new BatchError('BATCH_UNSUPPORTED', 'its codec is not known');
  if (recordCount < 0 || recordCount > lastOffset - baseOffset + 1)
    throw corrupt(`it counts ${String(recordCount)} records`);
  if (codec === 'none') return { bytes, at: RECORDS_AT };
  const packed = bytes.subarray(RECORDS_AT);
  const bound = UNPACKED_BOUND[codec](packed);
  if (bound > limits.unpackedBytes)
    throw new BatchError(
      'BATCH_TOO_LARGE',
      `${String(packed.length)} bytes of ${codec} may unpack to ${String(bound)}, allowed are ${String(limits.unpackedBytes)}`,
    );
  if (bound > budget.unpackedBytes) return undefined;
  try {
    const whole = await unpack(codec, packed, limits.unpackedBytes);
    budget.unpackedBytes -= whole.length;
    return { bytes: whole, at: 0 };
  } catch (error) {
    budget.unpackedBytes = 0; // it may have cost as much as the largest
    throw error;
  }
}

/** Hands out records until the batch or the budget ends. From what is not valid on, the rest of the batch is refused. */
function walkRecords(
  batch: RecordBatch,
  cursor: RecordCursor,
  from: number,
  { budget, limits, place }: WalkOptions,
  visitor: Visitor,
): void {
  let next = Math.max(batch.baseOffset, from);
  try {
    while (budget.records > 0) {
      if (!nextRecord(cursor, batch, from)) {
        if (next <= batch.lastOffset) visitor.gap(batch);
        return;
      }
      budget.records -= 1;
      if (cursor.headerCount > limits.headers) {
        visitor.refused(tooManyHeaders(cursor, limits.headers, place), batch);
      } else {
        const headers = headersOf(cursor);
        budget.records -= cursor.headerCount;
        visitor.record(batch, cursor, headers);
      }
      next = cursor.offset + 1;
    }
  } catch (error) {
    // Behind the last offset there is nothing to refuse: those bytes are no records of the log.
    if (next <= batch.lastOffset)
      visitor.refused(refuse(error, { ...batch, baseOffset: next }, place), batch);
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
