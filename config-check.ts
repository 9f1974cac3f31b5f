import { z } from 'zod';
import { isSection, type Section, type Setting } from './config-kinds.ts';
import { similarKey } from './config-variables.ts';
import { DECLARED, SETTINGS, settingsSchema, type CheckedSettings, type Settings } from './config.ts';
import { credentialsIn } from './schemas/address.ts';
import { BankChurnError } from './schemas/errors.ts';
import { topicNames } from './schemas/topics.ts';

/** A YAML mapping, or the environment. */
type Mapping = Readonly<Record<string, unknown>>;

/**
 * Checks the settings of a file, overridden by the environment; what neither sets takes its declared default.
 *
 * @param file what the YAML file holds.
 * @param origin the path of the file, for messages.
 * @throws BankChurnError CONFIG_INVALID with every error: key (and variable), what is there, what is allowed.
 */
export function checkConfig(
  file: unknown,
  env: Readonly<Record<string, string | undefined>>,
  origin: string,
): CheckedSettings {
  if (!isMapping(file))
    throw new BankChurnError('CONFIG_INVALID', `${origin} holds ${shown(file)}, not settings (key: value)`);
  const variables = setVariables(env);
  const given: Given = { values: override(withDefaults(file), variables), variables };
  const parsed = settingsSchema.safeParse(given.values);
  const issues = parsed.error?.issues ?? [];
  // A value that misses two bounds is one error.
  const errors = [...new Set([...issues.flatMap((issue) => describe(issue, given)), ...conflicts(given)])];
  if (!parsed.success || errors.length > 0) {
    const count = errors.length === 1 ? 'an error' : `${String(errors.length)} errors`;
    throw new BankChurnError(
      'CONFIG_INVALID',
      `the configuration (${origin} and environment) has ${count}:\n  ${errors.join('\n  ')}`,
    );
  }
  return finish(parsed.data, variables);
}

/** The unchecked settings, and those of them that a variable sets. */
interface Given {
  readonly values: Mapping;
  readonly variables: Variables;
}
/** Key → the variable that sets it, and the value it sets. */
type Variables = ReadonlyMap<string, { readonly variable: string; readonly value: unknown }>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An empty variable counts as not set. */
function setVariables(env: Readonly<Record<string, string | undefined>>): Variables {
  return new Map(
    DECLARED.flatMap(({ key, variable, setting: { kind } }) => {
      const text = env[variable] ?? '';
      return text === '' ? [] : [[key, { variable, value: kind.read(text) }]];
    }),
  );
}

/** An empty section (`kafka:`) leaves out all its keys. What is no section stays, for the schema to refuse. */
function withDefaults(file: Mapping): Mapping {
  const filled: Record<string, unknown> = { ...file };
  for (const [key, node] of Object.entries<Setting | Section>(SETTINGS)) {
    const value = file[key];
    if (!isSection(node)) filled[key] = value === undefined ? node.initial : value;
    else if (value == null || isMapping(value)) filled[key] = { ...defaultsOf(node), ...value };
  }
  return filled;
}

function defaultsOf({ settings }: Section): Mapping {
  return Object.fromEntries(Object.entries(settings).map(([name, { initial }]) => [name, initial]));
}

function override(values: Mapping, variables: Variables): Mapping {
  const result: Record<string, unknown> = { ...values };
  for (const [path, { value }] of variables) {
    const [key, name] = path.split('.') as [string, string?];
    const section = result[key];
    if (name === undefined) result[key] = value;
    else if (isMapping(section)) result[key] = { ...section, [name]: value };
  }
  return result;
}

function finish({ topics, ...rest }: Settings, variables: Variables): CheckedSettings {
  const { prefix, partitions, replicationFactor, minInsyncReplicas, retentionMs, ...names } = topics;
  return {
    ...rest,
    group: prefix + rest.group,
    mlflow: { ...rest.mlflow, enabled: rest.mlflow.enabled || variables.has('mlflow.uri') },
    topics: {
      prefix,
      partitions,
      replicationFactor,
      minInsyncReplicas,
      retentionMs,
      names: topicNames(prefix, names),
    },
  };
}

/** A value as it may be printed. A text is never shown: whatever its key, it may be a password in the wrong place. */
function shown(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isMapping(value)) return 'a mapping';
  if (typeof value !== 'string')
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
  return value === '' ? 'an empty text' : 'a text (not shown)';
}

function valueAt(values: Mapping, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (node, step) => (node as Record<PropertyKey, unknown> | null | undefined)?.[step],
    values,
  );
}

/** An item of a list (`kafka.brokers.1`) is of the list's setting. */
function withoutIndex(key: string): string {
  return key.replace(/\.\d+$/, '');
}

/** The key as messages name it, with the variable that sets it. */
function named(key: string, variables: Variables): string {
  const variable = variables.get(withoutIndex(key))?.variable;
  return variable === undefined ? key : `${key} [${variable}]`;
}

function describe(issue: z.core.$ZodIssue, { values, variables }: Given): string[] {
  const key = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((name) => unknown([...issue.path, name].map(String).join('.')));
  const declared = DECLARED.find((setting) => setting.key === withoutIndex(key));
  const allowed = declared?.setting.kind.allowed ?? 'settings (key: value)';
  const value = valueAt(values, issue.path);
  // A password may be a number.
  const isPlain = typeof value === typeof declared?.setting.initial || typeof value !== 'number';
  const found = isPlain ? shown(value) : 'a number (not shown)';
  return [`${named(key, variables)}: ${found}: must be ${allowed}`];
}

/** A key that looks like none may be a value that lost its key. */
function unknown(key: string): string {
  const meant = similarKey(key);
  const name = /^[A-Za-z]\w{0,39}(\.[A-Za-z]\w{0,39}){0,2}$/.test(key) ? key : 'a key that is not shown';
  return `${name}: no such setting${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

const unless = (section: string): string => `, or set ${section}.allowExposedCredentials: true`;

/** Settings that are each valid and do not go together; reported also when others are not valid. */
function conflicts({ values, variables }: Given): string[] {
  const at = (key: string): unknown => valueAt(values, key.split('.'));
  const isSet = (key: string): boolean => (at(key) ?? null) !== null;
  const errors: string[] = [];
  const check = (isError: boolean, key: string, message: string): void => {
    if (isError) errors.push(`${named(key, variables)}: ${message}`);
  };
  const needs = (key: string, other: string): void => {
    check(isSet(key) && !isSet(other), other, `missing: needed by ${named(key, variables)}`);
  };

  const mechanism = at('kafka.saslMechanism');
  const isPlain = mechanism === 'plain' && at('kafka.ssl') !== true;
  check(isPlain, 'kafka.saslMechanism', 'plain sends the password readable: only with kafka.ssl: true');
  needs('kafka.saslMechanism', 'kafka.saslPasswordFile');
  if (mechanism !== 'oauthbearer') needs('kafka.saslMechanism', 'kafka.saslUsername');
  for (const key of ['kafka.saslUsername', 'kafka.saslPasswordFile']) needs(key, 'kafka.saslMechanism');
  for (const key of ['kafka.caFile', 'kafka.certFile', 'kafka.keyFile'])
    check(isSet(key) && at('kafka.ssl') !== true, key, 'has no effect without kafka.ssl: true');
  needs('kafka.certFile', 'kafka.keyFile');
  needs('kafka.keyFile', 'kafka.certFile');

  for (const [section, url] of [
    ['registry', 'registry.url'],
    ['mlflow', 'mlflow.uri'],
  ] as const) {
    // prettier-ignore
    const [username, passwordFile] = [`${section}.username`, `${section}.passwordFile`];
    needs(username, passwordFile);
    needs(passwordFile, username);
    const address = String(at(url));
    if (!URL.canParse(address) || at(`${section}.allowExposedCredentials`) === true) continue;
    const isInside = credentialsIn(address) !== undefined;
    check(isInside, url, `holds a name or a password, which everyone sees who sees the address: use ${username} and ${passwordFile}${unless(section)}`); // prettier-ignore
    const isReadable = address.toLowerCase().startsWith('http:') && isSet(username);
    check(isReadable, username, `http sends the password readable: only with an https address in ${url}${unless(section)}`); // prettier-ignore
  }
  const [insync, replication] = [at('topics.minInsyncReplicas'), at('topics.replicationFactor')];
  check(
    typeof insync === 'number' && typeof replication === 'number' && insync > replication,
    'topics.minInsyncReplicas',
    'above topics.replicationFactor: no write could succeed',
  );
  return errors;
}
