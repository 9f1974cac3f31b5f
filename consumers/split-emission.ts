import type { Emission, OutputRecord } from '../schemas/ports.ts';
import { isEncoded, listOf } from '../schemas/record-frames.ts';

/** Of the record batch format: lengths, deltas and attributes of one record, at most; and the lengths of one header. */
const RECORD_OVERHEAD = 32;
const HEADER_OVERHEAD = 10;

/** Bytes of a record in a batch, at most: key, value and headers with their lengths. */
export function recordBytes({ key, value, headers }: OutputRecord): number {
  let bytes = RECORD_OVERHEAD + sizeOf(key) + sizeOf(value);
  if (headers === undefined) return bytes;
  for (const name of Object.keys(headers)) {
    const given = headers[name]!;
    const values = typeof given === 'string' || Buffer.isBuffer(given) ? [given] : given;
    for (const each of values) bytes += HEADER_OVERHEAD + sizeOf(name) + sizeOf(each);
  }
  return bytes;
}

/** A text has at most three bytes a UTF-16 unit; short ones are not worth counting. */
const SHORT = 256;
function sizeOf(bytes: Buffer | string | null): number {
  if (bytes === null) return 0;
  if (typeof bytes !== 'string') return bytes.length;
  return bytes.length < SHORT ? bytes.length * 3 : Buffer.byteLength(bytes);
}

/** Splits one emission into sends that stay below a number of records and of bytes (one that is larger by itself is sent alone). */
export function* splitEmission(
  emission: Emission,
  maxRecords: number,
  maxBytes: number,
): Generator<Emission> {
  const { topic, partition } = emission;
  if (isEncoded(emission.records)) {
    const { count, bytes } = emission.records;
    if (count <= maxRecords && bytes.length <= maxBytes) {
      yield emission;
      return;
    }
  }
  const records = listOf(emission.records);
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < records.length; i++) {
    const size = recordBytes(records[i]!);
    if (i > from && (i - from >= maxRecords || bytes + size > maxBytes)) {
      yield { topic, partition, records: records.slice(from, i) };
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (from === 0 && records.length > 0) yield { topic, partition, records };
  else if (from < records.length) yield { topic, partition, records: records.slice(from) };
}
