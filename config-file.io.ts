import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { checkConfig } from './config-check.ts';
import { placesOf, SHIPPED_SCHEMA } from './config-places.ts';
import type { Config } from './config.ts';
import { parseCustomerSchema } from './schemas/customer/parse.ts';
import type { CustomerSchema } from './schemas/customer/schema.ts';
import { BankChurnError } from './schemas/errors.ts';

export interface ConfigSource {
  /** Path of the YAML file; it holds only what differs from the defaults. */
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of the package: where a relative customer schema is looked for if it is not in the present folder. */
  readonly root?: string;
}

/**
 * Reads and checks the configuration. Passwords are never in it: only the names of the files that hold them.
 *
 * @throws BankChurnError CONFIG_INVALID with every error: key (and variable), what is wrong, what is allowed.
 */
export function loadConfig({ path, env, root = '.' }: ConfigSource): Config {
  const settings = checkConfig(readYaml(path) ?? {}, env, path);
  const customer = readCustomerSchema(settings.customerSchema, root);
  const places = placesOf(isShipped(settings.customerSchema, root), customer.name);
  return {
    ...settings,
    customer,
    places,
    model: { ...settings.model, dir: settings.model.dir ?? places.model },
    training: { ...settings.training, baseCsv: settings.training.baseCsv ?? places.data },
  };
}

/** Whether a path names the customer schema of the package (or of the present folder, if that is a copy of the package). */
function isShipped(path: string, root: string): boolean {
  return [SHIPPED_SCHEMA, join(root, SHIPPED_SCHEMA)].some((place) => resolve(place) === resolve(path));
}

/**
 * Reads a customer schema; a relative path that is not there counts from `root`.
 *
 * @throws BankChurnError CONFIG_INVALID with every error.
 */
export function readCustomerSchema(path: string, root: string): CustomerSchema {
  const file = existsSync(path) ? path : join(root, path);
  let text;
  try {
    text = readFileSync(existsSync(file) ? file : path, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'not a text';
    throw new BankChurnError(
      'CONFIG_INVALID',
      `the file that customerSchema (CUSTOMER_SCHEMA) names cannot be read: ${why}`,
    );
  }
  return parseCustomerSchema(text, path);
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
