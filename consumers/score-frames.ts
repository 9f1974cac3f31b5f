/** The scores of a batch as records ready to be sent: key, value and headers, in the bytes of their frames. */
import type { EventColumns } from '../schemas/customer/columns.ts';
import { outOf, pieceOf, put, putBytes, putInteger, withRoom, type Out, type Piece } from '../schemas/out-bytes.ts'; // prettier-ignore
import type { Batch, SourceRecord } from '../schemas/ports.ts';
import {
  headerBytes,
  MAX_VARINT,
  writeBytes,
  writeLength,
  writeVarint,
  type EncodedRecords,
} from '../schemas/record-frames.ts';
import type { Scored, ScoreId, ScoreValues } from '../scoring/score-bytes.ts';
import { originHeaders } from './output-origin.ts';

export interface Framing {
  /** The consumer group: scores name it. */
  readonly group: string;
  /** MIME type of the values. */
  readonly contentType: string;
  readonly values: ScoreValues;
  /** Bytes of one result at most, unless it is one record. */
  readonly maxBytes: number;
}

/** Bytes that records are expected to take: a bit more than the ones before. Better too many than that they are moved. */
export interface Expected {
  recordBytes: number;
}
const SPARE = 1.05;

/** Bytes that the length of a record, or of its value, has as a rule. */
const LENGTH_BYTES = 2;

/** What surrounds the id of a score among the headers. */
interface Headers {
  /** The number of headers and all before the id; then with a trace among them. */
  readonly before: Piece;
  readonly beforeTraced: Piece;
  readonly after: Piece;
}

/**
 * The records of the scores, in the order of the rows.
 *
 * @param sources of each row, the number of its record in the batch.
 */
export function frameScores(
  framing: Framing,
  batch: Batch,
  scored: Scored,
  sources: Int32Array,
  expected: Expected,
): EncodedRecords[] {
  const { count } = scored.events;
  const write = createFrame(framing, batch, scored, sources);
  const room = roomFor(framing, batch, scored.events);
  const sizeOf = (rows: number): number =>
    Math.min(Math.ceil(rows * expected.recordBytes * SPARE), framing.maxBytes) + room;
  const results: EncodedRecords[] = [];
  let out = outOf(Buffer.allocUnsafeSlow(sizeOf(count)));
  let [end, first] = [0, 0];
  for (let row = 0; row < count;) {
    out = withRoom(out, end, room);
    const to = write(out, end, row, row - first);
    if (to > framing.maxBytes && row > first) {
      results.push({ bytes: out.bytes.subarray(0, end), count: row - first });
      out = outOf(Buffer.allocUnsafeSlow(sizeOf(count - row)));
      [end, first] = [0, row];
    } else {
      end = to;
      row++;
    }
  }
  if (count > first) results.push({ bytes: out.bytes.subarray(0, end), count: count - first });
  if (count > first) expected.recordBytes = end / (count - first);
  return results;
}

/** Bytes of one record at most, whatever its trace is. */
function roomFor({ values, group, contentType }: Framing, { topic }: Batch, events: EventColumns): number {
  const headers = FIXED + 3 * (group.length + contentType.length + 2 * topic.length);
  return headers + 3 * events.customerId.longest + values.roomFor(events);
}
/** Names and values of headers that are always the same, the id of a topic, a trace, lengths. */
const FIXED = 1000;

/** Writes the frame of a row at a place, and returns where it ends. */
type Frame = (out: Out, start: number, row: number, offsetDelta: number) => number;

function createFrame(
  { group, contentType, values }: Framing,
  batch: Batch,
  scored: Scored,
  sources: Int32Array,
): Frame {
  const { records } = batch;
  const { customerId } = scored.events;
  const headers = headersOf(batch, group, contentType);
  const id = createScoreId(batch);
  const prefix = id.length;
  return (out, start, row, offsetDelta) => {
    const { bytes } = out;
    const source = sources[row]!;
    id.length = putInteger(id.bytes, prefix, records.offsetAt(source));
    let at = start + LENGTH_BYTES;
    bytes[at++] = 0; // attributes: none are defined
    bytes[at++] = 0; // timestamp delta
    at = writeVarint(bytes, at, offsetDelta);
    const keyLength = customerId.lengthAt(row);
    at = keyLength < 0 ? writeBytes(bytes, at, customerId.at(row)) : customerId.copy(row, bytes, writeVarint(bytes, at, keyLength)); // prettier-ignore
    const value = values.write(out, at + LENGTH_BYTES, scored, row, id);
    at = writeLength(bytes, at, LENGTH_BYTES, value);
    const trace = records.headerCount(source) === 0 ? undefined : traceOf(records.at(source));
    at = put(out, at, trace === undefined ? headers.before : headers.beforeTraced);
    at = writeVarint(bytes, at, id.length);
    at = put(out, putBytes(bytes, at, id.bytes, 0, id.length), headers.after);
    if (trace !== undefined) at = writeBytes(bytes, writeBytes(bytes, at, TRACE), trace);
    return writeLength(bytes, start, LENGTH_BYTES, at);
  };
}

/** The id of a score, as far as it is the same in a batch. */
function createScoreId({ topic, partition }: Batch): ScoreId {
  const prefix = Buffer.from(`${topic}/${String(partition)}/`);
  const bytes = Buffer.alloc(prefix.length + 16);
  bytes.set(prefix);
  return { bytes, length: prefix.length };
}

function headersOf(batch: Batch, group: string, contentType: string): Headers {
  const first = {
    ce_specversion: '1.0',
    ce_type: 'bankchurn.ChurnScore',
    ce_source: `/bankchurn/${batch.topic}`,
  };
  const last = { 'content-type': contentType, ...originHeaders(group, batch) };
  const count = Object.keys(first).length + 1 + Object.keys(last).length;
  const id = Buffer.alloc(2 * MAX_VARINT);
  const idName = id.subarray(0, writeBytes(id, 0, 'ce_id'));
  const before = (headers: number): Piece => pieceOf(Buffer.of(headers * 2), headerBytes(first), idName);
  return { before: before(count), beforeTraced: before(count + 1), after: pieceOf(headerBytes(last)) };
}

const TRACE = 'traceparent';
/** W3C Trace Context, version 00: version, trace id, parent id, flags (https://www.w3.org/TR/trace-context/). */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
const TRACEPARENT_BYTES = 55;

/** The `traceparent` of a record, if it has the form of one: anything else is not passed on. */
function traceOf({ headers }: SourceRecord): Buffer | undefined {
  const given = headers[TRACE];
  if (given === undefined) return undefined;
  const [trace] = Array.isArray(given) ? (given as readonly Buffer[]) : [given as Buffer];
  const isOne = trace?.length === TRACEPARENT_BYTES && TRACEPARENT.test(trace.toString('latin1'));
  return isOne ? trace : undefined;
}
