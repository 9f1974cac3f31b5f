import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { checkConfig } from './config-check.ts';
import type { Config } from './config.ts';
import { BankChurnError } from './schemas/errors.ts';

export interface ConfigSource {
  /** Path of the YAML file; it holds only what differs from the defaults. */
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

/** The parser's messages quote the file, which may hold a secret: its codes and places do not. */
function readYaml(path: string): unknown {
  const refuse = (why: string): BankChurnError =>
    new BankChurnError('CONFIG_INVALID', `${path} cannot be read: ${why}`);
  let document;
  try {
    document = parseDocument(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw refuse((cause as NodeJS.ErrnoException).code ?? 'not a text');
  }
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const [{ line, col } = { line: 0, col: 0 }] = problem.linePos ?? [];
    const what = problem.code.toLowerCase().replaceAll('_', ' ');
    throw refuse(`not YAML at line ${String(line)}, column ${String(col)} (${what})`);
  }
  try {
    return document.toJS();
  } catch {
    throw refuse('an alias (*name) has no anchor, or there are too many of them');
  }
}
