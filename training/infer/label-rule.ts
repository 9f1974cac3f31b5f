/** Which values of the label mean that a customer left. */
import { meansNoValue } from '../../schemas/csv/no-value.ts';
import { shown } from '../../schemas/csv/errors.ts';
import { counted, percent } from './column-draft.ts';
import type { ColumnFacts } from './column-facts.ts';
import { ranked } from './tally.ts';
import { churnedOf, flagOf, saysStayed } from './words.ts';

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
 * Finds the value that means churned: by its word, where yes under a header such as `Active` is stayed; else the rarer of two.
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
  const isTurned = saysStayed(header);
  const [first, second] = [meaningOf(a, isTurned), meaningOf(b, isTurned)];
  const byWord = first !== second && (first ?? second) !== undefined && !isCode(a, b);
  const isFirst = byWord ? (first ?? !second!) : rowsOf(a) <= rowsOf(b);
  const [left, stayed] = isFirst ? [a, b] : [b, a];
  const share = percent(rowsOf(left) / (rowsOf(left) + rowsOf(stayed)));
  return {
    churned: left.map(([text]) => text),
    stayed: stayed.map(([text]) => text),
    rows: { churned: rowsOf(left), stayed: rowsOf(stayed), missing: blank + rowsOf(all) - rowsOf(values) },
    note: noteOf(byWord, byWord && isTurned && isFlag(a), left, stayed, share),
  };
}

function noteOf(byWord: boolean, isTurned: boolean, left: Group, stayed: Group, share: string): string {
  const exchange = 'exchange the two if it is the other one';
  if (!byWord) return `a guess: churned is the rarer value, ${share} of the customers; ${exchange}`;
  const why = isTurned ? 'churned is the no of a column whose name says stayed' : 'churned by its word';
  return `${why}: ${share} of the customers${rowsOf(left) > rowsOf(stayed) ? `, more than half; ${exchange}` : ''}`;
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

const isFlag = ([first]: Group): boolean => flagOf(first![0]) !== undefined;

function meaningOf(group: Group, isTurned: boolean): boolean | undefined {
  const meaning = churnedOf(group[0]![0]);
  return isTurned && isFlag(group) ? !meaning! : meaning;
}

/** 1 and 2: codes, of which 1 is no yes. Beside 0 and -1 it is. */
const isCode = (...groups: Group[]): boolean => {
  const values = groups.map(([first]) => Number(first![0]));
  return values.includes(1) && values.every((value) => Number.isFinite(value)) && Math.max(...values) > 1;
};
