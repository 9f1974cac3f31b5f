/** Records of a partition as a fetch brought them: columns over its bytes. An object of one is made only on demand. */
import type { Refusal, SourceRecord } from './ports.ts';

/** Some consecutive records of one partition, in the order of their offsets (gaps are possible). */
export interface Records extends Iterable<SourceRecord> {
  readonly length: number;
  /** Safe integer; rises. */
  offsetAt(i: number): number;
  /** Append (or create) time, milliseconds since 1970. */
  timestampAt(i: number): number;
  /** The bytes that key, value and headers of a record lie in: a fetch, or what a compressed batch unpacked to. */
  bytesAt(i: number): Buffer;
  keyStart(i: number): number;
  /** -1: the key is null. */
  keyLength(i: number): number;
  valueStart(i: number): number;
  /** -1: the value is null. */
  valueLength(i: number): number;
  /** How many headers it has: 0 for most records, whose headers need no look. */
  headerCount(i: number): number;
  /** Not a record to be read: see `SourceRecord.refused`. */
  refusedAt(i: number): Refusal | undefined;
  /** One record as an object; its parts are views. */
  at(i: number): SourceRecord;
  /** A view of the records `from` to `to` (not included). */
  slice(from: number, to?: number): Records;
}

/** Where the records begin that lie at `offset` or behind it: an index, or the length if there are none. */
export function indexFrom(records: Pick<Records, 'length' | 'offsetAt'>, offset: number): number {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (records.offsetAt(middle) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The offset of the last record; there must be one. */
export const lastOffset = (records: Pick<Records, 'length' | 'offsetAt'>): number =>
  records.offsetAt(records.length - 1);

/** Records that are objects already. The bytes of one whose key and value lie apart are copied when they are asked for. */
export const recordsOf = (list: readonly SourceRecord[]): Records => new ListedRecords(list);

const NONE = Buffer.alloc(0);

class ListedRecords implements Records {
  readonly #list: readonly SourceRecord[];
  /** What was asked for last: callers ask for all parts of one record after the other. */
  #at = -1;
  #bytes: Buffer = NONE;
  #keyStart = 0;
  #valueStart = 0;

  constructor(list: readonly SourceRecord[]) {
    this.#list = list;
  }
  get length(): number {
    return this.#list.length;
  }
  offsetAt(i: number): number {
    return this.#list[i]!.offset;
  }
  timestampAt(i: number): number {
    return this.#list[i]!.timestampMs;
  }
  bytesAt(i: number): Buffer {
    this.#find(i);
    return this.#bytes;
  }
  keyStart(i: number): number {
    this.#find(i);
    return this.#keyStart;
  }
  keyLength(i: number): number {
    return this.#list[i]!.key?.length ?? -1;
  }
  valueStart(i: number): number {
    this.#find(i);
    return this.#valueStart;
  }
  valueLength(i: number): number {
    return this.#list[i]!.value?.length ?? -1;
  }
  headerCount(i: number): number {
    const { headers } = this.#list[i]!;
    let count = 0;
    for (const name in headers) {
      const given = headers[name]!;
      count += typeof given === 'string' || Buffer.isBuffer(given) ? 1 : given.length;
    }
    return count;
  }
  refusedAt(i: number): Refusal | undefined {
    return this.#list[i]!.refused;
  }
  at(i: number): SourceRecord {
    return this.#list[i]!;
  }
  slice(from: number, to?: number): Records {
    return new ListedRecords(this.#list.slice(from, to));
  }
  [Symbol.iterator](): Iterator<SourceRecord> {
    return this.#list[Symbol.iterator]();
  }

  /** Places key and value of a record in one buffer: the memory that both are views of, or else a copy. */
  #find(i: number): void {
    if (i === this.#at) return;
    this.#at = i;
    const { key, value } = this.#list[i]!;
    const memory = (value ?? key ?? NONE).buffer;
    if (key !== null && key.buffer !== memory) {
      this.#bytes = Buffer.concat([key, value ?? NONE]);
      this.#keyStart = 0;
      this.#valueStart = key.length;
    } else {
      const isSame = this.#bytes.buffer === memory && this.#bytes.length === memory.byteLength;
      if (!isSame) this.#bytes = Buffer.from(memory);
      this.#keyStart = key?.byteOffset ?? 0;
      this.#valueStart = value?.byteOffset ?? 0;
    }
  }
}
