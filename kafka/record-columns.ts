/** Records as columns: of each its offset, its time and the places of its parts, in typed arrays. An object is made only on demand. */
import type { Refusal, SourceRecord } from '../schemas/ports.ts';
import type { Records } from '../schemas/records.ts';
import type { Refused } from './record-set.ts';
import { headersOf, writableHeaders, type RecordCursor } from './records.ts';

/** Where `places` has what of each record. A length of -1 means null; `SOURCE` is an index into `sources`. */
export const KEY_AT = 0;
export const KEY_LENGTH = 1;
export const VALUE_AT = 2;
export const VALUE_LENGTH = 3;
export const HEADERS_AT = 4;
export const HEADER_COUNT = 5;
export const SOURCE = 6;
/** How many places each record has. */
export const PLACES = 7;

/** Columns that grow. Whoever reads them has them when they are full: nothing of them changes then. */
export class RecordColumns {
  length = 0;
  offsets = new Float64Array(0);
  timestamps = new Float64Array(0);
  places = new Int32Array(0);
  /** The bytes that records lie in: the fetch, what a batch unpacked to, or what is refused. */
  readonly sources: Buffer[] = [];
  /** Of the records that are none to be read. */
  readonly refusals = new Map<number, Refusal>();

  /** Makes room for so many more records. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.offsets.length) return;
    const capacity = Math.max(needed, Math.ceil(this.offsets.length * 1.5));
    const grown = <A extends Float64Array | Int32Array>(to: A, from: A): A => (to.set(from), to);
    this.offsets = grown(new Float64Array(capacity), this.offsets);
    this.timestamps = grown(new Float64Array(capacity), this.timestamps);
    this.places = grown(new Int32Array(capacity * PLACES), this.places);
  }
  /** The index of some bytes among the sources. */
  source(bytes: Buffer): number {
    const { sources } = this;
    return sources[sources.length - 1] === bytes ? sources.length - 1 : sources.push(bytes) - 1;
  }
  /** Adds the record at the cursor. */
  add(record: RecordCursor): void {
    this.#put(record.offset, record.timestampMs, record);
  }
  /** Adds what stands for something that is refused; `record`: the one that it is about. */
  refuse(refused: Refused, record?: RecordCursor): void {
    const { code, message, firstOffset, lastOffset, timestampMs, bytes } = refused;
    this.refusals.set(this.length, { code, message, firstOffset, lastOffset });
    this.#put(lastOffset, timestampMs, {
      ...(record ?? { ...NOTHING, bytes: bytes ?? NO_BYTES, valueLength: bytes?.length ?? -1 }),
      headerCount: 0,
    });
  }

  #put(offset: number, timestampMs: number, parts: Parts): void {
    this.reserve(1);
    const { offsets, timestamps, places, length } = this;
    offsets[length] = offset;
    timestamps[length] = timestampMs;
    const at = length * PLACES;
    places[at + KEY_AT] = parts.keyAt;
    places[at + KEY_LENGTH] = parts.keyLength;
    places[at + VALUE_AT] = parts.valueAt;
    places[at + VALUE_LENGTH] = parts.valueLength;
    places[at + HEADERS_AT] = parts.headersAt;
    places[at + HEADER_COUNT] = parts.headerCount;
    places[at + SOURCE] = this.source(parts.bytes);
    this.length = length + 1;
  }
}

type Parts = Pick<RecordCursor, 'bytes' | 'keyAt' | 'keyLength' | 'valueAt' | 'valueLength' | 'headersAt' | 'headerCount'>; // prettier-ignore

const NO_BYTES = Buffer.alloc(0);
const NOTHING = { keyAt: 0, keyLength: -1, valueAt: 0, headersAt: 0 };

/** The records of columns that are full. */
export const recordsIn = (columns: RecordColumns): Records => new ColumnRecords(columns, 0, columns.length);

/** Records `from` to `from + length` of some columns. */
class ColumnRecords implements Records {
  readonly length: number;
  readonly #columns: RecordColumns;
  readonly #from: number;

  constructor(columns: RecordColumns, from: number, length: number) {
    this.#columns = columns;
    this.#from = from;
    this.length = length;
  }
  offsetAt(i: number): number {
    return this.#columns.offsets[this.#from + i]!;
  }
  timestampAt(i: number): number {
    return this.#columns.timestamps[this.#from + i]!;
  }
  bytesAt(i: number): Buffer {
    return this.#columns.sources[this.#place(i, SOURCE)]!;
  }
  keyStart(i: number): number {
    return this.#place(i, KEY_AT);
  }
  keyLength(i: number): number {
    return this.#place(i, KEY_LENGTH);
  }
  valueStart(i: number): number {
    return this.#place(i, VALUE_AT);
  }
  valueLength(i: number): number {
    return this.#place(i, VALUE_LENGTH);
  }
  headerCount(i: number): number {
    return this.#place(i, HEADER_COUNT);
  }
  refusedAt(i: number): Refusal | undefined {
    const { refusals } = this.#columns;
    return refusals.size === 0 ? undefined : refusals.get(this.#from + i);
  }
  at(i: number): SourceRecord {
    const bytes = this.bytesAt(i);
    const part = (at: number, length: number): Buffer | null =>
      length < 0 ? null : bytes.subarray(at, at + length);
    const headerCount = this.headerCount(i);
    const headers = headersOf({ bytes, headersAt: this.#place(i, HEADERS_AT), headerCount });
    const record = {
      offset: this.offsetAt(i),
      timestampMs: this.timestampAt(i),
      key: part(this.keyStart(i), this.keyLength(i)),
      value: part(this.valueStart(i), this.valueLength(i)),
      headers: writableHeaders(headers),
    };
    const refused = this.refusedAt(i);
    return refused === undefined ? record : { ...record, refused };
  }
  slice(from: number, to = this.length): Records {
    const begin = Math.min(Math.max(0, from), this.length);
    const end = Math.max(begin, Math.min(to, this.length));
    return new ColumnRecords(this.#columns, this.#from + begin, end - begin);
  }
  *[Symbol.iterator](): Iterator<SourceRecord> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  #place(i: number, which: number): number {
    return this.#columns.places[(this.#from + i) * PLACES + which]!;
  }
}
