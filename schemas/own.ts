/** Records of our own topics. Others may have written there too, so they are checked like any other input. */
import { BankChurnError } from './errors.ts';
import { jsonFault } from './json.ts';
import { SCHEMAS, type SchemaName } from './generated.ts';
import type { OutputRecord, SourceRecord } from './ports.ts';

/** What is read of a record of ours. */
export type OwnRecord = Pick<SourceRecord, 'value' | 'headers'>;
/** A record of ours, encoded; its headers name the schema of an Avro value. */
export type Encoded = Pick<OutputRecord, 'value' | 'headers'>;
export type EncodeOwn<T extends object = object> = (record: T) => Encoded;

/**
 * Parses a record that is JSON.
 *
 * @throws BankChurnError RECORD_UNDECODABLE
 */
export function parseOwn(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString()) as unknown;
  } catch (cause) {
    throw new BankChurnError('RECORD_UNDECODABLE', `JSON ${jsonFault((cause as Error).message)}`, { cause });
  }
}

interface Field {
  readonly name: string;
  readonly type: unknown;
  readonly default?: unknown;
}

/** Whether a value is one of an Avro type; of the types that our schemas have. */
function fits(type: unknown, value: unknown): boolean {
  if (Array.isArray(type)) return type.some((branch) => fits(branch, value));
  if (typeof type === 'object') return fitsComplex(type as Readonly<Record<string, unknown>>, value);
  if (type === 'null') return value === null;
  if (type === 'int' || type === 'long') return Number.isSafeInteger(value);
  return typeof value === (type === 'double' ? 'number' : type);
}

function fitsComplex(
  { type, items, symbols, fields }: Readonly<Record<string, unknown>>,
  value: unknown,
): boolean {
  if (type === 'array') return Array.isArray(value) && value.every((item) => fits(items, item));
  if (type === 'enum') return (symbols as readonly unknown[]).includes(value);
  if (type === 'record') return misfit(fields as readonly Field[], value) === undefined;
  return fits(type, value);
}

/** What does not fit: the name of a field, or `the value` itself. A field with a default may be absent. */
function misfit(fields: readonly Field[], value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'the value';
  const given = value as Readonly<Record<string, unknown>>;
  return fields.find(({ name, type, ...field }) =>
    given[name] === undefined ? !('default' in field) : !fits(type, given[name]),
  )?.name;
}

/**
 * Checks that a decoded record has the shape of its schema; fields with a default may be absent.
 *
 * @throws BankChurnError RECORD_INVALID naming the first field that does not fit.
 */
export function checkOwn(name: SchemaName, value: unknown): unknown {
  const fault = misfit(SCHEMAS[name].fields, value);
  if (fault === undefined) return value;
  throw new BankChurnError('RECORD_INVALID', `no ${name}: ${fault} does not fit its schema`);
}
