/** Records of our own topics. Others may have written there too, so they are checked like any other input. */
import type avsc from 'avsc';
import { avroType } from './avro.ts';
import { BankChurnError } from './errors.ts';
import type { SchemaName } from './generated.ts';

/**
 * Parses a record that is JSON.
 *
 * @throws BankChurnError RECORD_UNDECODABLE
 */
export function parseOwn(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString()) as unknown;
  } catch (cause) {
    throw new BankChurnError('RECORD_UNDECODABLE', `JSON: ${(cause as Error).message}`, { cause });
  }
}

const types = new Map<SchemaName, avsc.Type>();

function typeOf(name: SchemaName): avsc.Type {
  const type = types.get(name) ?? avroType(name);
  types.set(name, type);
  return type;
}

/**
 * Checks that a decoded record has the shape of its schema; fields with a default may be absent.
 *
 * @throws BankChurnError RECORD_INVALID naming the first field that has not.
 */
export function checkOwn(name: SchemaName, value: unknown): unknown {
  let fault: string | undefined;
  const isValid = typeOf(name).isValid(value, {
    errorHook: (path) => {
      fault ??= path.join('.');
    },
  });
  if (isValid) return value;
  throw new BankChurnError(
    'RECORD_INVALID',
    `no ${name}: ${fault ? `the field ${fault}` : 'the value'} does not fit`,
  );
}
