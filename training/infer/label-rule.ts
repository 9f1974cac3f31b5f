/** Which values of the label mean that a customer left. */
import { shown } from '../../schemas/csv/errors.ts';
import { counted, percent } from './column-draft.ts';
import type { ColumnFacts } from './column-facts.ts';
import { ranked } from './tally.ts';
import { churnedOf, meansNoValue } from './words.ts';

export interface LabelDraft {
  readonly churned: readonly string[];
  readonly stayed: readonly string[];
  /** Rows of each, and rows without a value. */
  readonly rows: { readonly churned: number; readonly stayed: number; readonly missing: number };
  /** Why these mean churned. */
  readonly note: string;
}

/** Values that an error names. */
const MAX_NAMED = 8;
/** Spellings of one value, in the order in which they are listed. */
type Group = readonly (readonly [text: string, count: number])[];
const rowsOf = (group: Group): number => group.reduce((sum, [, count]) => sum + count, 0);

/**
 * Finds the value that means churned: by its word, else the rarer of two.
 *
 * @returns the label, or what is wrong with the column and what to do.
 */
export function draftLabel({ header, texts, blank }: ColumnFacts): LabelDraft | string {
  const all = ranked(texts.counts);
  const values = all.filter(([text]) => !meansNoValue(text));
  const named = values
    .slice(0, MAX_NAMED)
    .map(([text, count]) => `${shown(text)} (${counted(count)} rows)`)
    .join(', ');
  const more = values.length > MAX_NAMED || !texts.isComplete() ? ', …' : '';
  const advice =
    'write a column that says for each customer whether he left, with two values such as Yes and No';
  if (values.length === 0) return `the label ${shown(header)} is empty in all rows: ${advice}`;
  const groups = groupsOf(values);
  if (groups.length === 1)
    return `the label ${shown(header)} has one value only, ${named}: add customers who have the other one`;
  if (groups.length > 2 || !texts.isComplete())
    return `the label ${shown(header)} has more than two values, ${named}${more}: ${advice}`;
  const [a, b] = groups as [Group, Group];
  const [first, second] = [meaningOf(a), meaningOf(b)];
  const byWord = first !== second && (first ?? second) !== undefined;
  const isFirst = byWord ? (first ?? !second!) : rowsOf(a) <= rowsOf(b);
  const [left, stayed] = isFirst ? [a, b] : [b, a];
  const share = percent(rowsOf(left) / (rowsOf(left) + rowsOf(stayed)));
  return {
    churned: left.map(([text]) => text),
    stayed: stayed.map(([text]) => text),
    rows: { churned: rowsOf(left), stayed: rowsOf(stayed), missing: blank + rowsOf(all) - rowsOf(values) },
    note: byWord
      ? `churned by its word: ${share} of the customers`
      : `a guess: churned is the rarer value, ${share} of the customers; exchange the two if it is the other one`,
  };
}

/** `1.0` is `1`. */
const canonical = (text: string): string =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? String(Number(text)) : text.toLowerCase();

/** Values that mean the same: one group for each; all that mean churned or stayed by their words are one, if no other is left. */
function groupsOf(values: Group): Group[] {
  const meanings = values.map(([text]) => churnedOf(text));
  const isKnown = meanings.every((meaning) => meaning !== undefined) && new Set(meanings).size === 2;
  const groups = new Map<string, (readonly [string, number])[]>();
  values.forEach((value, i) => {
    const key = isKnown ? String(meanings[i]) : canonical(value[0]);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  });
  return [...groups.values()];
}

const meaningOf = ([first]: Group): boolean | undefined => churnedOf(first![0]);
