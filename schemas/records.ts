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
