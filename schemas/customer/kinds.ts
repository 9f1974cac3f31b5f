/** What a scalar of the customer schema's file may be: each kind reads a node, or reports what is wrong with it. */
import { nearest } from './nearest.ts';
import type { Place, Problem, TreeNode } from './yaml-tree.ts';

/** A value and where it is. */
export interface Found<T> {
  readonly value: T;
  readonly place: Place;
  /** As `inputs.age.min`. */
  readonly key: string;
}

/** Where problems go. */
export type Report = (problem: Problem) => void;

export interface Kind<T> {
  /** Finishes the sentence "must be …". */
  readonly allowed: string;
  /** @returns undefined if the value is wrong; all that is wrong has been reported. */
  readonly read: (node: TreeNode, key: string, report: Report) => T | undefined;
}

const LISTS: Readonly<Record<TreeNode['kind'], string>> = {
  scalar: 'a value',
  list: 'a list',
  map: 'a mapping',
  alias: 'an alias (*name)',
};

/** What a node is, without its text: it may be a secret in the wrong place. */
function shown(node: TreeNode): string {
  if (node.kind !== 'scalar') return LISTS[node.kind];
  const { value, text } = node;
  if (value === null) return text === '' ? 'nothing is written' : 'null';
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text';
  return typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

/** What is wrong with a value. */
class Wrong {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

const mustBe = (node: TreeNode, allowed: string): string =>
  node.kind === 'alias'
    ? 'an alias (*name): they are not read, write the value itself'
    : `${shown(node)}: must be ${allowed}`;

/** Reports that a node is not what is allowed. */
export function refuse(node: TreeNode, key: string, report: Report, allowed: string): void {
  report({ place: node.place, key, what: mustBe(node, allowed) });
}

type ScalarNode = Extract<TreeNode, { readonly kind: 'scalar' }>;

/** A kind of scalars. */
const scalar = <T>(allowed: string, read: (node: ScalarNode) => T | Wrong): Kind<T> => ({
  allowed,
  read: (node, key, report) => {
    const value = node.kind === 'scalar' ? read(node) : new Wrong(mustBe(node, allowed));
    if (!(value instanceof Wrong)) return value;
    report({ place: node.place, key, what: value.what });
    return undefined;
  },
});

export function number(min: number, max: number, allowed: string): Kind<number> {
  return scalar(allowed, (node) => {
    const { value } = node;
    if (typeof value !== 'number') return new Wrong(mustBe(node, allowed));
    return value >= min && value <= max ? value : new Wrong(`${String(value)}: must be ${allowed}`);
  });
}

export function integer(min: number, max: number): Kind<number> {
  const allowed = min === max ? String(min) : `a whole number, ${String(min)}..${String(max)}`;
  return scalar(allowed, (node) => {
    const { value } = node;
    if (typeof value !== 'number') return new Wrong(mustBe(node, allowed));
    const isInside = Number.isInteger(value) && value >= min && value <= max;
    return isInside ? value : new Wrong(`${String(value)}: must be ${allowed}`);
  });
}

const FLAG = 'true or false (yes, no, on and off are texts in YAML 1.2)';
export const flag: Kind<boolean> = scalar(FLAG, (node) =>
  typeof node.value === 'boolean' ? node.value : new Wrong(mustBe(node, FLAG)),
);

export function choice<const T extends string>(words: readonly T[]): Kind<T> {
  const allowed = words.join(' | ');
  return scalar(allowed, (node) => {
    const word = words.find((known) => known === node.text);
    if (word !== undefined) return word;
    const meant = nearest(node.text, words);
    return new Wrong(mustBe(node, `${allowed}${meant === undefined ? '' : `; did you mean ${meant}?`}`));
  });
}

/** Control characters, and halves of surrogate pairs: a message or a terminal could not show them. */
const UNSHOWABLE = /[\p{Cc}\p{Surrogate}]/u;

/** What is wrong with a scalar as a text; undefined: nothing. */
function wrongText(
  node: ScalarNode,
  max: number,
  allowed: string,
  isEmptyAllowed: boolean,
): string | undefined {
  const { value, text: words } = node;
  if (words === '') return value === '' && isEmptyAllowed ? undefined : mustBe(node, allowed);
  if (value === null) return 'null is no text: put it in quotes to mean the word';
  const isSame = typeof value === 'number' || typeof value === 'boolean' ? String(value) === words : false;
  if (typeof value !== 'string' && !isSame)
    return 'a number that can be written in other ways: put it in quotes to mean this text';
  if (words.length > max) return `a text of ${String(words.length)} characters: must be ${allowed}`;
  return UNSHOWABLE.test(words) ? 'a text with a control character: remove it' : undefined;
}

/**
 * A text of 1..`max` UTF-16 code units. A number or a boolean is taken as the text that it is written as, if there is no
 * other way to write it: `1.0`, `007` and `True` need quotes.
 *
 * @param form that it must have; an empty text only if the form matches it.
 */
export function text(
  max: number,
  allowed = `a text of 1 to ${String(max)} characters`,
  form = /./,
): Kind<string> {
  return scalar(allowed, (node) => {
    const wrong =
      wrongText(node, max, allowed, form.test('')) ??
      (form.test(node.text) ? undefined : mustBe(node, allowed));
    return wrong === undefined ? node.text : new Wrong(wrong);
  });
}
