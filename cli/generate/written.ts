/**
 * `schemas/written/`: every schema that control records were ever written with, `<Record>.<fingerprint>.avsc`. A changed
 * schema adds a file; none is ever removed, so later releases read what earlier ones wrote.
 */
import { CONTROL_SCHEMAS, fingerprint } from '../../schemas/fingerprints.ts';

type Schemas = Readonly<Record<string, unknown>>;

/** The file of each present control schema, by path. */
export function writtenFiles(schemas: Schemas): Record<string, string> {
  const files = CONTROL_SCHEMAS.map((name) => [
    `schemas/written/${name}.${fingerprint(schemas[name])}.avsc`,
    `${JSON.stringify(schemas[name], null, 2)}\n`,
  ]);
  return Object.fromEntries(files) as Record<string, string>;
}

/** Those of `written` that are no present schema. */
export function earlierSchemas(schemas: Schemas, written: readonly unknown[]): unknown[] {
  const present = new Set(Object.values(schemas).map(fingerprint));
  return written.filter((schema) => !present.has(fingerprint(schema)));
}
