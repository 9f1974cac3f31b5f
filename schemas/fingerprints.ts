/** Our control records name their writer's schema, so that they are read without the registry. */
import { createHash } from 'node:crypto';
import type { AvroRecord } from './avro-schema.ts';
import { compileAny } from './avro.ts';
import { EARLIER_SCHEMAS, SCHEMAS, type SchemaName } from './generated.ts';
import type { RecordHeaders } from './ports.ts';
import { TOPICS } from './topics.ts';

/** The header that names the writer's schema. Readers that do not know it ask the registry, as they always have. */
export const FINGERPRINT_HEADER = 'schema-fingerprint';

/** Schemas of the topics that the product writes for itself: one partition, Avro or JSON. */
export const CONTROL_SCHEMAS: readonly SchemaName[] = Object.values(TOPICS).flatMap(
  ({ partitions, schema }) => (partitions === 1 && schema !== null ? [schema as SchemaName] : []),
);

/** Names a schema: 16 hexadecimal digits of the SHA-256 of its JSON text (attributes in the order of its file). */
export const fingerprint = (schema: unknown): string =>
  createHash('sha256').update(JSON.stringify(schema)).digest('hex').slice(0, 16);

interface Known {
  readonly name: string;
  readonly decode: (value: Buffer) => unknown;
}

/** Every schema that a control record may have been written with, the present ones first. */
const KNOWN: ReadonlyMap<string, Known> = new Map(
  [...CONTROL_SCHEMAS.map((name) => SCHEMAS[name]), ...EARLIER_SCHEMAS].map((schema) => {
    const decode = compileAny(schema);
    return [fingerprint(schema), { name: (schema as { name: string }).name, decode }];
  }),
);

/** Headers of an Avro record of ours. */
export const fingerprintHeaders = (schema: AvroRecord): Readonly<Record<string, string>> => ({
  [FINGERPRINT_HEADER]: fingerprint(schema),
});

/**
 * Decodes an Avro record of ours by the schema that its header names.
 *
 * @returns undefined if it names none, or one that this release does not know.
 * @throws BankChurnError RECORD_UNDECODABLE if the bytes are not of that schema.
 */
export function decodeNamed(value: Buffer, headers: RecordHeaders): unknown {
  const header = headers[FINGERPRINT_HEADER];
  return header === undefined ? undefined : KNOWN.get(String(header))?.decode(value);
}

/**
 * Decodes an Avro record of ours that names no schema, as earlier releases wrote them: by the first schema of this record
 * that takes the bytes to the last one.
 *
 * @returns undefined if none does.
 */
export function decodeUnnamed(name: SchemaName, value: Buffer): unknown {
  for (const known of KNOWN.values()) {
    if (known.name !== name) continue;
    try {
      return known.decode(value);
    } catch {
      // Written with another schema.
    }
  }
  return undefined;
}
