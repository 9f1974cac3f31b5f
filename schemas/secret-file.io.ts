import { readFileSync } from 'node:fs';
import { BankChurnError } from './errors.ts';

/**
 * Reads a file that a setting names. The message of an error does not show the path: a careless setting holds the secret itself.
 *
 * @param key of the setting, e.g. `kafka.caFile`.
 * @throws BankChurnError CONFIG_INVALID if the file cannot be read.
 */
export function readNamedFile(path: string, key: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code = 'not a path' } = cause as NodeJS.ErrnoException;
    throw new BankChurnError('CONFIG_INVALID', `${key}: names no file that can be read (${code})`);
  }
}

/**
 * The secret in a file that a setting names, without the space around it.
 *
 * @throws BankChurnError CONFIG_INVALID if the file cannot be read or is empty.
 */
export function readSecret(path: string, key: string): string {
  const secret = readNamedFile(path, key).toString().trim();
  if (secret === '') throw new BankChurnError('CONFIG_INVALID', `${key}: the file that it names is empty`);
  return secret;
}
