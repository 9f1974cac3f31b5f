/** Odd records and what comes back of each: sections of docs/bad-inputs.md, each row a test (records.int.test.ts). */
import { AVRO_RECORDS } from './records-avro.ts';
import { BATCH_RECORDS } from './records-batches.ts';
import { HEADER_RECORDS, SIZE_RECORDS } from './records-headers.ts';
import { ID_RECORDS } from './records-ids.ts';
import { JSON_RECORDS } from './records-json.ts';
import { REGISTRY_RECORDS } from './records-registry.ts';
import { SCHEMA_RECORDS } from './records-schemas.ts';
import type { RecordCase } from './record-case.ts';

/** By the name of their section. */
export const RECORD_SECTIONS: Readonly<Record<string, readonly RecordCase[]>> = {
  json: JSON_RECORDS,
  'ids-and-times': ID_RECORDS,
  avro: [...AVRO_RECORDS, ...SCHEMA_RECORDS],
  registry: REGISTRY_RECORDS,
  batches: BATCH_RECORDS,
  headers: HEADER_RECORDS,
  sizes: SIZE_RECORDS,
};
