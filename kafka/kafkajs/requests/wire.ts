/** Numbers and texts as Kafka's protocol lays them out (https://kafka.apache.org/protocol#protocol_types). */

/** Appends; every call returns the writer itself. */
export interface WireWriter {
  int8(value: number): WireWriter;
  int16(value: number): WireWriter;
  int32(value: number): WireWriter;
  int64(value: number | bigint): WireWriter;
  text(value: string | null): WireWriter;
  /** BYTES: a 32-bit length and the bytes. */
  bytes(value: Buffer): WireWriter;
  array<T>(items: readonly T[], write: (item: T) => unknown): WireWriter;
  /** The next three are of the flexible versions (KIP-482). */
  compactText(value: string | null): WireWriter;
  compactArray<T>(items: readonly T[], write: (item: T) => unknown): WireWriter;
  noTags(): WireWriter;
  /** A view of what was written. */
  done(): Buffer;
}

/** Reads on from where the last call ended. Every call throws a RangeError where the bytes end too early. */
export interface WireReader {
  int8(): number;
  int16(): number;
  int32(): number;
  /** Exact up to 2^53. */
  int64(): number;
  bigint64(): bigint;
  text(): string | null;
  /** A view of BYTES; empty for null. */
  bytes(): Buffer;
  /** Empty for null. */
  array<T>(read: () => T): T[];
  compactText(): string | null;
  compactArray<T>(read: () => T): T[];
  skipTags(): void;
}

const FIRST_BYTES = 512;

export function createWriter(): WireWriter {
  let into = Buffer.allocUnsafe(FIRST_BYTES);
  let end = 0;

  /** Where the next `length` bytes go. */
  function take(length: number): number {
    const at = end;
    end += length;
    if (end > into.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, 2 * into.length));
      into.copy(larger, 0, 0, at);
      into = larger;
    }
    return at;
  }
  function uvarint(value: number): void {
    let rest = value;
    for (; rest > 127; rest >>>= 7) into[take(1)] = (rest & 127) | 128;
    into[take(1)] = rest;
  }
  function raw(value: string, length: number): void {
    const at = take(length); // which may move `into`
    into.write(value, at, length, 'utf8');
  }
  const writer: WireWriter = {
    int8: (value) => put(1, (at) => into.writeInt8(value, at)),
    int16: (value) => put(2, (at) => into.writeInt16BE(value, at)),
    int32: (value) => put(4, (at) => into.writeInt32BE(value, at)),
    int64: (value) => put(8, (at) => into.writeBigInt64BE(BigInt(value), at)),
    text: (value) => {
      if (value === null) return writer.int16(-1);
      const length = Buffer.byteLength(value);
      writer.int16(length);
      raw(value, length);
      return writer;
    },
    bytes: (value) => {
      writer.int32(value.length);
      return put(value.length, (at) => value.copy(into, at));
    },
    array: (items, write) => {
      writer.int32(items.length);
      items.forEach(write);
      return writer;
    },
    compactText: (value) => {
      const length = value === null ? -1 : Buffer.byteLength(value);
      uvarint(length + 1);
      if (value !== null) raw(value, length);
      return writer;
    },
    compactArray: (items, write) => {
      uvarint(items.length + 1);
      items.forEach(write);
      return writer;
    },
    noTags: () => writer.int8(0),
    done: () => into.subarray(0, end),
  };
  function put(length: number, write: (at: number) => unknown): WireWriter {
    write(take(length));
    return writer;
  }
  return writer;
}

export function createReader(from: Buffer): WireReader {
  let next = 0;

  /** Where the next `length` bytes lie. */
  function take(length: number): number {
    const at = next;
    if (length < 0 || at + length > from.length) throw new RangeError('the answer ends too early');
    next += length;
    return at;
  }
  function uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = from[take(1)]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError('a number has more than five bytes');
  }
  function raw(length: number): string {
    const at = take(length);
    return from.toString('utf8', at, at + length);
  }
  /** Each item has at least one byte: a length that cannot be is found before anything is made of it. */
  function times<T>(count: number, read: () => T): T[] {
    if (count > from.length - next) throw new RangeError('the answer ends too early');
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read());
    return items;
  }
  const reader: WireReader = {
    int8: () => from.readInt8(take(1)),
    int16: () => from.readInt16BE(take(2)),
    int32: () => from.readInt32BE(take(4)),
    int64: () => Number(from.readBigInt64BE(take(8))),
    bigint64: () => from.readBigInt64BE(take(8)),
    text: () => {
      const length = reader.int16();
      return length < 0 ? null : raw(length);
    },
    bytes: () => {
      const length = Math.max(0, reader.int32());
      const at = take(length);
      return from.subarray(at, at + length);
    },
    array: (read) => times(reader.int32(), read),
    compactText: () => {
      const length = uvarint() - 1;
      return length < 0 ? null : raw(length);
    },
    compactArray: (read) => times(uvarint() - 1, read),
    skipTags: () => {
      for (let left = uvarint(); left > 0; left--) {
        uvarint();
        take(uvarint());
      }
    },
  };
  return reader;
}
