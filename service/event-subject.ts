/** Whether the registry holds earlier schemas of customer events that the present one does not get on with. */
import type { Config } from '../config.ts';
import { ForeignSchema } from '../schemas/avro-schema.ts';
import type { AvroRecord } from '../schemas/avro-schema.ts';
import { incompatibleFields, isSameSchema } from '../schemas/customer/compatibility.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { RegisteredSchema } from '../schemas/registry-versions.ts';
import type { Registry } from '../schemas/registry.io.ts';
import { subjectsOf } from './codecs.ts';

/** Fields that are named. */
const MOST_NAMED = 5;

/** Versions of ours: other producers have namespaces of their own, and are read by name whatever their types. */
const isOurs = ({ schema }: RegisteredSchema, { namespace }: AvroRecord): boolean =>
  (schema as { namespace?: unknown } | null)?.namespace === namespace;

/** What is in the way of a version; undefined: nothing. */
function obstacle(ours: AvroRecord, { version, schema }: RegisteredSchema): string | undefined {
  const fields = incompatibleFields(ours, schema);
  const more = fields.length > MOST_NAMED ? `, and ${String(fields.length - MOST_NAMED)} more` : '';
  if (fields.length === 0) return undefined;
  return `version ${String(version)}: ${fields.slice(0, MOST_NAMED).join(', ')}${more}`;
}

/**
 * Checks the schema of customer events against every version that the registry has. Ask it before anything starts: events in the topic
 * could no longer be read, and none could be written.
 *
 * @throws BankChurnError SCHEMA_REFUSED with the fields that are in the way and what to do; REGISTRY_UNAVAILABLE.
 */
export async function checkEventSubject(
  config: Pick<Config, 'registry' | 'topics' | 'customer'>,
  registry: Pick<Registry, 'versions'> | undefined,
): Promise<void> {
  if (registry === undefined) return;
  const { subject, schema } = subjectsOf(config).get('customerEvents')!;
  const versions = (await registry.versions(subject)).filter((version) => isOurs(version, schema));
  const faults: string[] = [];
  for (const version of versions)
    try {
      if (isSameSchema(schema, version.schema)) return;
      const fault = obstacle(schema, version);
      if (fault !== undefined) faults.push(fault);
    } catch (error) {
      if (!(error instanceof ForeignSchema)) throw error;
    }
  if (faults.length === 0) return;
  throw new BankChurnError(
    'SCHEMA_REFUSED',
    `the customer schema does not get on with what the registry has under ${subject}: ${faults.join('; ')}. ` +
      'Give the input its former type and `retired: true`, and append one of another name; or use another topic ' +
      '(TOPICS_CUSTOMER_EVENTS)',
  );
}
