import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { checkConfig } from './config-check.ts';
import type { Config } from './config.ts';
import { BankChurnError, messageOf } from './schemas/errors.ts';

export interface ConfigSource {
  /** Path of the YAML file. */
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads and checks the configuration. Passwords are never in it: only the names of the files that hold them.
 *
 * @throws BankChurnError CONFIG_INVALID with every error: key (and variable), what is wrong, what is allowed.
 */
export function loadConfig({ path, env }: ConfigSource): Config {
  return checkConfig(readYaml(path) ?? {}, env, path);
}

function readYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    // The parser's later lines quote the file, which may hold a secret.
    const [reason] = messageOf(cause).split('\n');
    throw new BankChurnError('CONFIG_INVALID', `${path} cannot be read: ${reason ?? ''}`);
  }
}
