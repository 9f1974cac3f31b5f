/** YAML text to a plain tree whose nodes know their place, or what stops it from being read. */
import {
  Composer,
  CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  type Document,
  type Node,
} from 'yaml';

/** Where something is in the file, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something that is wrong with the file. */
export interface Problem {
  readonly place: Place;
  /** The key it is about, as `inputs.age.min`; empty: the whole file. */
  readonly key: string;
  /** What is wrong, what is allowed or what to do. Never a value of the file that could be a secret. */
  readonly what: string;
}

export interface TreeEntry {
  /** Undefined: the key is no text. */
  readonly key: string | undefined;
  readonly place: Place;
  readonly value: TreeNode;
}

/** A node. Of a scalar, `text` is how it is written (a quoted one without its quotes). */
export type TreeNode =
  | { readonly kind: 'scalar'; readonly place: Place; readonly value: unknown; readonly text: string }
  | { readonly kind: 'list'; readonly place: Place; readonly items: readonly TreeNode[] }
  | { readonly kind: 'map'; readonly place: Place; readonly entries: readonly TreeEntry[] }
  | { readonly kind: 'alias'; readonly place: Place };

/** UTF-8 bytes of a file. */
export const MAX_BYTES = 1024 * 1024;
/** Values within each other: a schema has five. */
const MAX_DEPTH = 16;
const START: Place = { line: 1, column: 1 };

/** The parser's codes in our words: its own messages quote the file. */
const SYNTAX: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation is wrong: keys of one mapping begin in one column',
  TAB_AS_INDENT: 'a tab indents the line: use spaces',
  MISSING_CHAR: 'a closing quote, bracket, comma or colon is missing',
  BAD_ALIAS: 'an alias (*name) has no anchor: write the value itself',
  TAG_RESOLVE_FAILED: 'a tag (!name) is not known: remove it',
  BLOCK_AS_IMPLICIT_KEY: 'two colons on one line: put a text that holds ": " in quotes',
  MULTILINE_IMPLICIT_KEY: 'a key spans several lines: is a colon missing?',
  BAD_SCALAR_START: 'a text begins with a sign that YAML reserves (@, `, %): put it in quotes',
  BAD_DQ_ESCAPE: 'a backslash in double quotes begins no escape: use single quotes',
};

const wholeFile = (what: string): Problem => ({ place: START, key: '', what });

/** Reads a text as one YAML document of plain values. @returns the tree, or all syntax errors. */
export function readTree(text: string): { readonly root: TreeNode } | { readonly problems: Problem[] } {
  if (Buffer.byteLength(text) > MAX_BYTES)
    return { problems: [wholeFile('the file has more than 1 MiB: is it the right one?')] };
  if (/[\0\ufffd]/.test(text))
    return { problems: [wholeFile('not a text in UTF-8: save the file as UTF-8')] };
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  if (isDeep(tokens))
    return { problems: [wholeFile('values lie too deep within each other: it is no customer schema')] };
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false });
  const [document, second] = composer.compose(tokens, true, text.length) as Iterable<Document.Parsed>;
  if (document === undefined) return { problems: [wholeFile('the file is empty')] };
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    place: placeAt(pos[0]),
    key: '',
    what: SYNTAX[code] ?? `not YAML (${code.toLowerCase().replaceAll('_', ' ')})`,
  }));
  if (second !== undefined)
    problems.push({
      ...wholeFile('a second document begins (---): one file holds one schema'),
      place: placeAt(second.range[0]),
    });
  if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.2')
    problems.push(wholeFile('YAML 1.2 is read: remove the line %YAML'));
  if (problems.length > 0) return { problems };
  return { root: toTree(document.contents, START, placeAt) };
}

/** Whether values lie too deep within each other; without recursion, which such a text would exhaust in the composer. */
function isDeep(tokens: readonly CST.Token[]): boolean {
  const waiting = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return true;
    const within = token.type === 'document' ? [token] : CST.isCollection(token) ? token.items : [];
    for (const item of within) {
      for (const part of 'key' in item ? [item.key, item.value] : [item.value])
        if (part != null) waiting.push({ token: part, depth: depth + 1 });
    }
  }
  return false;
}

/** @param around the place of an empty value, which has none of its own: that of its key. */
function toTree(node: unknown, around: Place, placeAt: (offset: number) => Place): TreeNode {
  const start = (node as Node | null)?.range?.[0];
  const place = start === undefined ? around : placeAt(start);
  if (isAlias(node)) return { kind: 'alias', place };
  if (isSeq(node))
    return { kind: 'list', place, items: node.items.map((item) => toTree(item, place, placeAt)) };
  if (isMap(node))
    return {
      kind: 'map',
      place,
      entries: node.items.map(({ key, value }) => {
        const name = toTree(key, place, placeAt);
        const text = name.kind === 'scalar' ? name.text : undefined;
        return { key: text, place: name.place, value: toTree(value, name.place, placeAt) };
      }),
    };
  const { value, source } = isScalar(node) ? node : { value: null, source: '' };
  const isEmpty = value === null && (source ?? '') === '';
  const text = typeof value === 'string' ? value : (source ?? '');
  return { kind: 'scalar', place: isEmpty ? around : place, value, text };
}
