/** Lists and mappings of the customer schema's file: each reads a node, and reports all that is wrong with it. */
import { refuse, type Found, type Kind, type Report } from './kinds.ts';
import { nearest } from './nearest.ts';
import type { Place, Problem, TreeEntry, TreeNode } from './yaml-tree.ts';

/** A key of a mapping. */
export interface SchemaKey<T> {
  readonly kind: Kind<T>;
  /** What holds if the key is left out, for documents; undefined: it must be there. */
  readonly initial: string | undefined;
  readonly sentence: string;
}

/** The keys of one kind of mapping, in the order of documents. */
export type Keys = Readonly<Record<string, SchemaKey<unknown>>>;

/** What was read of a mapping; a key that is left out or wrong is undefined. */
export type Section<K extends Keys> = {
  readonly [N in keyof K]: K[N] extends SchemaKey<infer T> ? Found<T> | undefined : never;
};

/**
 * A list; items that are wrong are left out of what is read, and a list of a wrong length is read as an empty one.
 *
 * @param label names an item in `key`; default: its number, from 1.
 */
export function listOf<T>(
  items: Kind<T>,
  min: number,
  max: number,
  what: string,
  label: (node: TreeNode, index: number) => string = (_, index) => String(index + 1),
): Kind<readonly Found<T>[]> {
  const allowed = `a list of ${String(min)} to ${String(max)} ${what}`;
  return {
    allowed,
    read: (node, key, report) => {
      if (node.kind !== 'list') {
        refuse(node, key, report, `${allowed}, as [one, another]`);
        return [];
      }
      const { length } = node.items;
      if (length < min || length > max) {
        report({ place: node.place, key, what: `a list of ${String(length)}: must be ${allowed}` });
        return [];
      }
      const found = node.items.map((item, i): Found<T> | undefined => {
        const name = `${key}.${label(item, i)}`;
        const value = items.read(item, name, report);
        return value === undefined ? undefined : { value, place: item.place, key: name };
      });
      return found.filter((item) => item !== undefined);
    },
  };
}

/** A list of texts, each once. */
export function texts(
  item: Kind<string>,
  min: number,
  max: number,
  what: string,
): Kind<readonly Found<string>[]> {
  const list = listOf(item, min, max, what);
  return {
    ...list,
    read: (node, key, report) => {
      const found = list.read(node, key, report);
      for (const { place, key: name } of repeated(found ?? [], ({ value }) => value))
        report({ place, key: name, what: 'there twice in the list: remove one' });
      return found;
    },
  };
}

/** Items whose like comes before them. */
export function repeated<T>(items: readonly T[], likeOf: (item: T) => string): T[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const like = likeOf(item);
    const isRepeated = seen.has(like);
    seen.add(like);
    return isRepeated;
  });
}

/** The entries of a mapping under keys of any name, each once. */
export function entriesOf(
  node: TreeNode,
  key: string,
  report: Report,
  allowed: string,
): readonly TreeEntry[] | undefined {
  if (node.kind !== 'map') {
    refuse(node, key, report, allowed);
    return undefined;
  }
  for (const { place } of repeated(node.entries, (entry) => entry.key ?? ''))
    report({ place, key, what: 'a key is there twice: remove one' });
  return node.entries;
}

/** A mapping of these keys. */
export function section<K extends Keys>(keys: K, allowed: string): Kind<Section<K>> {
  const names = Object.keys(keys);
  return {
    allowed,
    read: (node, key, report) => {
      const entries = entriesOf(node, key, report, allowed);
      if (entries === undefined) return undefined;
      const within = (name: string): string => (key === '' ? name : `${key}.${name}`);
      const found: Record<string, Found<unknown> | undefined> = {};
      const written = new Set<string>();
      for (const { key: name, place, value } of entries) {
        if (name === undefined || !Object.hasOwn(keys, name)) {
          report(unknownKey(name, place, within, names));
          continue;
        }
        written.add(name);
        const read = keys[name]!.kind.read(value, within(name), report);
        if (read !== undefined) found[name] = { value: read, place: value.place, key: within(name) };
      }
      for (const [name, { initial, kind }] of Object.entries(keys))
        if (initial === undefined && !written.has(name))
          report({ place: node.place, key: within(name), what: `missing: add it: ${kind.allowed}` });
      return found as Section<K>;
    },
  };
}

/** A key that looks like none may be a value that lost its key: it is not shown. */
function unknownKey(
  name: string | undefined,
  place: Place,
  within: (name: string) => string,
  known: readonly string[],
): Problem {
  const isShown = name !== undefined && /^[A-Za-z_]\w{0,39}$/.test(name);
  const meant = isShown ? nearest(name, known) : undefined;
  const advice = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
  return { place, key: within(isShown ? name : 'a key that is not shown'), what: `no such key: ${advice}` };
}
