/**
 * The usual records of a batch, taken in one go: without headers, and with nothing odd about them. What is odd in any way is left to
 * `nextRecord`, which knows what is wrong with it.
 */
import {
  HEADER_COUNT,
  HEADERS_AT,
  KEY_AT,
  KEY_LENGTH,
  PLACES,
  SOURCE,
  VALUE_AT,
  VALUE_LENGTH,
  type RecordColumns,
} from './record-columns.ts';
import type { RecordBatch } from './record-batch.ts';
import type { RecordCursor } from './records.ts';

/** Of a record without key, value and headers, bytes. */
const SMALLEST = 7;
/** A number that is read here has so many bytes at most; four of them come before a key, and one byte of attributes. */
const SHORT = 4;
const START = 4 * SHORT + 1;

/** Where reading is. */
interface Reading {
  readonly bytes: Buffer;
  at: number;
}

/**
 * Adds records that follow the cursor to the columns, and moves the cursor behind them; those before the offset `from` are skipped.
 *
 * @returns how many were added, `most` at most.
 */
export function takePlain(
  columns: RecordColumns,
  batch: RecordBatch,
  cursor: RecordCursor,
  from: number,
  most: number,
): number {
  const { bytes } = cursor;
  columns.reserve(Math.min(most, cursor.left, Math.ceil((bytes.length - cursor.end) / SMALLEST)));
  const { offsets, timestamps, places, length: before } = columns;
  const { baseOffset, lastOffset, isLogAppendTime, firstTimestampMs, maxTimestampMs } = batch;
  const source = columns.source(bytes);
  const limit = bytes.length;
  const reading: Reading = { bytes, at: 0 };
  let taken = before;
  let { end, left, offset: last } = cursor;
  while (left > 0 && taken - before < most && end + START <= limit) {
    reading.at = end;
    const length = shortVarint(reading);
    const recordEnd = reading.at + length;
    reading.at += 1; // attributes
    const timestampDelta = shortVarint(reading);
    const offset = baseOffset + shortVarint(reading);
    const keyLength = shortVarint(reading);
    const keyAt = reading.at;
    const valueLengthAt = keyLength > 0 ? keyAt + keyLength : keyAt;
    if (!(keyLength >= -1 && valueLengthAt + SHORT <= limit)) break;
    reading.at = valueLengthAt;
    const valueLength = shortVarint(reading);
    const valueAt = reading.at;
    const countAt = valueLength > 0 ? valueAt + valueLength : valueAt;
    // The end that was announced is that of the parts, so that no part can lie beyond it.
    if (!(valueLength >= -1 && countAt + 1 === recordEnd && recordEnd <= limit) || bytes[countAt] !== 0)
      break;
    if (!(offset > last && offset <= lastOffset)) break;
    left -= 1;
    end = recordEnd;
    last = offset;
    if (offset < from) continue;
    offsets[taken] = offset;
    timestamps[taken] = isLogAppendTime ? maxTimestampMs : firstTimestampMs + timestampDelta;
    const at = taken * PLACES;
    places[at + KEY_AT] = keyAt;
    places[at + KEY_LENGTH] = keyLength;
    places[at + VALUE_AT] = valueAt;
    places[at + VALUE_LENGTH] = valueLength;
    places[at + HEADERS_AT] = recordEnd;
    places[at + HEADER_COUNT] = 0;
    places[at + SOURCE] = source;
    taken += 1;
  }
  columns.length = taken;
  cursor.end = end;
  cursor.left = left;
  cursor.offset = last;
  return taken - before;
}

/** A zigzag varint of at most four bytes, which must be there. NaN: it is longer; reading stays where it is. */
function shortVarint(reading: Reading): number {
  const { bytes } = reading;
  let { at } = reading;
  let byte = bytes[at++]!;
  let encoded = byte & 127;
  for (let shift = 7; byte > 127; shift += 7) {
    if (shift > 21) return NaN;
    byte = bytes[at++]!;
    encoded |= (byte & 127) << shift;
  }
  reading.at = at;
  return (encoded >>> 1) ^ -(encoded & 1);
}
