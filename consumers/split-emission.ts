import type { Emission } from '../schemas/ports.ts';

/** Splits one emission into sends that stay below a number of records and of bytes. */
export function* splitEmission(
  emission: Emission,
  maxRecords: number,
  maxBytes: number,
): Generator<Emission> {
  const { topic, partition, records } = emission;
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < records.length; i++) {
    const size = (records[i]!.value?.length ?? 0) + (records[i]!.key?.length ?? 0) + 256;
    if (i > from && (i - from >= maxRecords || bytes + size > maxBytes)) {
      yield { topic, partition, records: records.slice(from, i) };
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (from === 0 && records.length > 0) yield emission;
  else if (from < records.length) yield { topic, partition, records: records.slice(from) };
}
