import { z } from 'zod';
import { isSection, type Section, type Setting } from './config-kinds.ts';
import { DECLARED, SETTINGS, settingsSchema, type Config, type Settings } from './config.ts';
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
): Config {
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

function finish({ topics, ...rest }: Settings, variables: Variables): Config {
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

/** A value as it may be printed: nothing that could be or hold a secret. */
function shown(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isMapping(value)) return 'a mapping';
  if (typeof value !== 'string')
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
  return value.includes('@') ? 'a text with an @ (not shown)' : JSON.stringify(value).slice(0, 60);
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
    return issue.keys.map((name) => `${[...issue.path, name].map(String).join('.')}: no such setting`);
  const declared = DECLARED.find((setting) => setting.key === withoutIndex(key));
  const found = /password/i.test(key) ? 'not shown' : shown(valueAt(values, issue.path));
  const allowed = declared?.setting.kind.allowed ?? 'settings (key: value)';
  return [`${named(key, variables)}: ${found}: must be ${allowed}`];
}

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

  const registryUrl = at('registry.url');
  const isReadable = typeof registryUrl === 'string' && registryUrl.startsWith('http:');
  needs('registry.username', 'registry.passwordFile');
  needs('registry.passwordFile', 'registry.username');
  check(
    isReadable && isSet('registry.username'),
    'registry.username',
    'http sends the password readable: only with an https address in registry.url',
  );
  const [insync, replication] = [at('topics.minInsyncReplicas'), at('topics.replicationFactor')];
  check(
    typeof insync === 'number' && typeof replication === 'number' && insync > replication,
    'topics.minInsyncReplicas',
    'above topics.replicationFactor: no write could succeed',
  );
  return errors;
}
