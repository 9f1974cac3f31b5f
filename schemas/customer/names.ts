/** Under which keys the fields of a customer lie in a JSON event. */
import type { KnownKeys } from '../members.ts';
import type { CustomerSchema, FieldNames } from './schema.ts';

/** Ids and time, then the inputs, in the order in which they are checked. */
export const fieldsOf = (schema: CustomerSchema): readonly FieldNames[] => [
  schema.eventId,
  schema.customerId,
  schema.occurredAt,
  ...schema.inputs,
];

/** The names of an event's fields. */
export const fieldNames = (schema: CustomerSchema): readonly string[] =>
  fieldsOf(schema).map(({ name }) => name);

interface Keys extends KnownKeys {
  readonly fields: Map<string, string>;
  readonly inner: Map<string, Keys>;
  readonly skipped: Set<string>;
}

const noKeys = (prefix: string): Keys => ({
  prefix,
  fields: new Map(),
  inner: new Map(),
  skipped: new Set(),
});

/** The keys that are read: each field's names in the outermost object, and its path. What comes first keeps a key. */
export function knownKeys(schema: CustomerSchema): Keys {
  const keys = noKeys('');
  for (const { name } of fieldsOf(schema)) keys.fields.set(name, name);
  for (const { name, aliases, path } of fieldsOf(schema)) {
    for (const alias of aliases) if (!keys.fields.has(alias)) keys.fields.set(alias, name);
    if (path !== undefined) addPath(keys, path, name);
  }
  for (const { name, aliases, path } of schema.skipped ?? [])
    for (const way of [[name], ...aliases.map((alias) => [alias]), path ?? []]) addSkipped(keys, way);
  return keys;
}

/** Adds the first key on a way to a field at which nothing is read. */
function addSkipped(keys: Keys, [key, ...rest]: readonly string[]): void {
  if (key === undefined) return;
  const inner = keys.inner.get(key);
  if (inner !== undefined) addSkipped(inner, rest);
  else if (!keys.fields.has(key)) keys.skipped.add(key);
}

function addPath(keys: Keys, path: readonly string[], name: string): void {
  let object = keys;
  for (const key of path.slice(0, -1)) {
    const inner = object.inner.get(key) ?? noKeys(`${object.prefix}${key}.`);
    object.inner.set(key, inner);
    object = inner;
  }
  const last = path[path.length - 1]!;
  if (!object.fields.has(last)) object.fields.set(last, name);
}
