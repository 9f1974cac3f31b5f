/** Names of a customer schema's fields: which are reserved, and which would mean two fields. */
import type { FileSection, InputSection } from './keys.ts';
import { repeated } from './collections.ts';
import type { Found } from './kinds.ts';
import type { Problem } from './yaml-tree.ts';

/** Names that records have for other things, or JavaScript for its objects. */
const RESERVED: ReadonlySet<string> = new Set([
  'eventId',
  'customerId',
  'occurredAt',
  'outcomeId',
  'observedAt',
  'churned',
  'score',
  'prototype',
  ...Object.getOwnPropertyNames(Object.prototype),
]);
export const isReserved = (name: string): boolean => RESERVED.has(name);

/** Keys that a JSON path may not go through, and that no header may have. */
export const UNSAFE: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** A name as CSV headers are compared: without case, spaces, underscores, hyphens, points and invisible characters. */
export const plainName = (name: string): string =>
  name.toLowerCase().replace(/[\s_.\-\u200b-\u200d\u2060\ufeff]+/g, '');

/** One name of a field. `isOwn`: in events; else in CSV headers alone. */
interface Use {
  readonly field: string;
  readonly found: Found<string>;
  readonly inJson: boolean;
}

type Texts = Found<readonly Found<string>[]> | undefined;
interface Named {
  readonly aliases?: Texts;
  readonly headers?: Texts;
  readonly path?: Found<readonly string[]> | undefined;
}

const ids = ['eventId', 'customerId', 'occurredAt'] as const;

/** The fields that events hold, with the names they have there; an id's own name is at its key. */
function* eventFields(file: FileSection): Generator<{ own: Found<string>; named: Named }> {
  for (const id of ids) {
    const at = file[id];
    const own = { value: id as string, place: at?.place ?? { line: 1, column: 1 }, key: id };
    yield { own, named: at?.value ?? {} };
  }
  for (const { value } of file.inputs?.value ?? [])
    if (value.name !== undefined) yield { own: value.name, named: value };
}

function* uses(file: FileSection): Generator<Use> {
  const all = (field: string, found: Texts, inJson: boolean): Use[] =>
    (found?.value ?? []).map((one) => ({ field, found: one, inJson }));
  for (const { own, named } of eventFields(file)) {
    yield { field: own.value, found: own, inJson: true };
    yield* all(own.value, named.aliases, true);
    yield* all(own.value, named.headers, false);
  }
  const label = file.label?.value;
  if (label?.name !== undefined) yield { field: 'label', found: label.name, inJson: false };
  yield* all('label', label?.aliases, false);
  yield* all('label', label?.headers, false);
  yield* all('rowNumber', file.rowNumber, false);
  yield* all('ignored', file.ignored, false);
}

/** Names of inputs that are reserved or there twice, and names that mean two fields. */
export function* nameProblems(file: FileSection): Generator<Problem> {
  const inputs = (file.inputs?.value ?? []).flatMap(({ value }) => value.name ?? []);
  for (const { value, place, key } of inputs)
    if (isReserved(value))
      yield { place, key, what: 'a reserved name: choose another one, and list the old one under aliases' };
  const twice = new Set(repeated(inputs, ({ value }) => value));
  for (const { place, key } of twice)
    yield { place, key, what: 'another input has this name: rename or remove one' };
  const own = new Set(inputs.map(({ value }) => value));
  const [exact, byWords] = [new Map<string, Use>(), new Map<string, Use>()];
  for (const use of uses(file)) {
    const { place, key, value } = use.found;
    const plain = plainName(value);
    const same = exact.get(value);
    const owner = same ?? byWords.get(plain);
    if (same === undefined) exact.set(value, use);
    if (plain === '') yield { place, key, what: 'a name without any letter: remove it' };
    else if (owner === undefined) byWords.set(plain, use);
    // Of two inputs such as q1_1 and q11, a header names the one whose letters it has; see csvColumns.
    else if (same === undefined && own.has(use.field) && own.has(owner.field)) continue;
    else if (!twice.has(use.found)) {
      const problem = clash(use, owner);
      if (problem !== undefined) yield { place, key, what: problem };
    }
  }
}

function clash(use: Use, owner: Use): string | undefined {
  if (use.field !== owner.field) {
    const { line } = owner.found.place;
    return `${owner.field} has this name too (line ${String(line)}; case and word separators do not count): remove one`;
  }
  return use.found.value === owner.found.value && use.field !== 'ignored'
    ? 'the field has this name already: remove it'
    : undefined;
}

interface JsonPlace {
  readonly field: string;
  readonly keys: readonly string[];
  readonly isPath: boolean;
  readonly found: Found<unknown>;
}

/** Where a field's values are in a JSON event: under its names in the outermost object, and at its path. */
function* jsonPlaces(file: FileSection): Generator<JsonPlace> {
  for (const { own, named } of eventFields(file)) {
    const field = own.value;
    for (const found of [own, ...(named.aliases?.value ?? [])])
      yield { field, keys: [found.value], isPath: false, found };
    if (named.path !== undefined) yield { field, keys: named.path.value, isPath: true, found: named.path };
  }
}

const startsWith = (keys: readonly string[], start: readonly string[]): boolean =>
  start.length <= keys.length && start.every((key, i) => key === keys[i]);

/** Paths through keys that no object of data has, and paths that lead through a value. */
export function* pathProblems(file: FileSection): Generator<Problem> {
  const places = [...jsonPlaces(file)];
  for (const { keys, found } of places) {
    const { place, key } = found;
    if (keys.some((name) => UNSAFE.has(name)))
      yield {
        place,
        key,
        what: 'a name that JavaScript reserves (__proto__, constructor, prototype): rename it',
      };
  }
  // Two mere names are equal or apart, and equal ones are reported as names.
  for (const [i, path] of places.entries()) {
    if (!path.isPath) continue;
    const { place, key } = path.found;
    const other = places.find(({ field, keys, isPath }, j) => {
      if (!startsWith(path.keys, keys)) return false;
      const isSame = keys.length === path.keys.length;
      return isSame ? field !== path.field && (!isPath || j < i) : true;
    });
    if (other === undefined) continue;
    const isSame = other.keys.length === path.keys.length;
    const what = isSame ? 'is there too' : 'is a value on the way';
    const line = String(other.found.place.line);
    yield { place, key, what: `${other.field} (line ${line}) ${what}: give each field a place of its own` };
  }
}

/** Inputs by name. */
export const inputsByName = (file: FileSection): ReadonlyMap<string, InputSection> =>
  new Map(
    (file.inputs?.value ?? []).flatMap(({ value }) =>
      value.name === undefined ? [] : [[value.name.value, value]],
    ),
  );
