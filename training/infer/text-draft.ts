/** Columns of words: flags, categories, and what is no input: ids, dates, free text. */
import { meansNoValue } from '../../schemas/csv/no-value.ts';
import { counted, oncePerCase, percent, type Column, type ColumnDraft } from './column-draft.ts';
import { ranked } from './tally.ts';
import { flagOf, meansNoNumber, needsNaming } from './words.ts';

/** Levels of a category that are kept apart. */
export const MAX_LEVELS = 60;
/** Share of the rows that the most frequent levels must have. */
const MIN_COVERED = 0.2;
/** Different words of a flag. */
const MAX_FLAG_WORDS = 12;
const LONGEST_LEVEL = 128;
/** Rows that a column needs to be called unique. */
const MIN_ROWS = 20;
const UNIQUE = 0.9;

/** A flag: every word is a yes or a no, and both are there; undefined: it is none. */
export function flagDraft({ facts: { texts } }: Column): ColumnDraft | undefined {
  if (!texts.isComplete() || texts.counts.size > MAX_FLAG_WORDS) return undefined;
  const words = [...texts.counts.keys()];
  const missing = words.filter((word) => flagOf(word) === undefined);
  const spelt = (value: boolean): string[] => words.filter((word) => flagOf(word) === value);
  if (!missing.every(meansNoNumber) || spelt(true).length === 0 || spelt(false).length === 0)
    return undefined;
  const spellings = Object.fromEntries(
    [true, false]
      .map((value) => [String(value), spelt(value).filter((word) => !/^[01](?:\.0+)?$/.test(word))] as const)
      .filter(([, spellt]) => spellt.length > 0),
  );
  return {
    draft: {
      type: 'boolean',
      ...(Object.keys(spellings).length === 0 ? {} : { spellings }),
      ...(missing.length === 0 ? {} : { missing: oncePerCase(missing) }),
    },
    notes: [],
  };
}

const DATE = new RegExp(
  [
    String.raw`^\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?:[T ].*)?$`,
    String.raw`^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?:[T ].*)?$`,
    String.raw`^\d{1,2}[- .]+[A-Za-z]{3,9}[- ,.]+\d{2,4}$`,
    String.raw`^[A-Za-z]{3,9}[ -]\d{1,2}(?:, ?|[ -])\d{2,4}$`,
    String.raw`^\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?$`,
  ].join('|'),
);
/** A number with a currency or a unit, in brackets, with a minus behind it, or with spaces or apostrophes between its digits. */
const UNIT =
  /^[+-]?\(?(?:[€$£¥₹]|[A-Z]{3} )?\s*[+-]?\d(?:[\d.,]|['’\s](?=\d))*\s*(?:[€$£¥₹%]|[A-Za-z]{1,8})?\)?-?$/;

/** Why a column of words is no category; undefined: it may be one. */
function textReason({ facts, cells }: Column): string | undefined {
  const texts = ranked(facts.texts.counts).filter(([text]) => !meansNoValue(text));
  const most = (form: RegExp): boolean =>
    texts.filter(([text]) => form.test(text)).length >= 0.95 * texts.length;
  if (most(DATE)) return 'dates or times: make a number of days or years of them';
  if (texts.length > 20 && most(UNIT))
    return 'numbers with a unit or a currency sign, or in a form of their own: write them as -1234.5';
  const filled = cells.filter((cell) => cell !== '');
  const different = new Set(filled).size;
  const words = filled.reduce((sum, cell) => sum + cell.split(/\s+/).length, 0) / Math.max(1, filled.length);
  if (filled.length >= MIN_ROWS && different >= UNIQUE * filled.length)
    return words > 4
      ? 'free text: almost every customer has another one'
      : `an id: ${different === filled.length ? 'no two customers have the same' : 'almost every customer has another one'}`;
  if (words > 8 && different > MAX_LEVELS) return 'free text';
  return undefined;
}

/** A category, or why it is none. */
export function categoryDraft(column: Column): ColumnDraft {
  const { facts } = column;
  const reason = textReason(column);
  if (reason !== undefined) return { reason };
  const all = ranked(facts.texts.counts);
  const missing = all.filter(([text]) => meansNoValue(text)).map(([text]) => text);
  const texts = all.filter(([text]) => !meansNoValue(text));
  const levels = texts.map(([text]) => text).filter(isLevel);
  const words = {
    ...(missing.length === 0 ? {} : { missing: oncePerCase(missing) }),
  };
  const notes = missing.filter((word) => /^na$/i.test(word)).map((word) => `${word} is taken as missing: remove it from missing if it is a level`); // prettier-ignore
  if (facts.longest > LONGEST_LEVEL)
    return { reason: `free text of up to ${counted(facts.longest)} characters` };
  if (facts.texts.isComplete() && levels.length <= MAX_LEVELS) {
    const named = levels.filter(needsNaming);
    const spellings = Object.fromEntries(named.map((level) => [level, [] as string[]]));
    return { draft: { type: 'category', ...(named.length === 0 ? {} : { spellings }), ...words }, notes };
  }
  const kept = levels.slice(0, MAX_LEVELS);
  const rows = facts.rows - facts.blank;
  const covered = texts.slice(0, MAX_LEVELS).reduce((sum, [, count]) => sum + count, 0) / Math.max(1, rows);
  const many = `${facts.texts.isComplete() ? '' : 'more than '}${counted(texts.length)} different texts`;
  if (covered < MIN_COVERED)
    return {
      reason: `${many}, and the ${String(MAX_LEVELS)} most frequent are only ${percent(covered)} of the rows`,
    };
  return {
    draft: { type: 'category', levels: kept, other: otherOf(kept), ...words },
    notes: [
      `${many}: the ${String(MAX_LEVELS)} most frequent (${percent(covered)} of the rows) are kept apart`,
      ...notes,
    ],
  };
}

/** A text that the schema can hold. */
const isLevel = (text: string): boolean =>
  !/[\p{Cc}\p{Surrogate}]/u.test(text) && text.length <= LONGEST_LEVEL;

/** A name for all other levels that is none of them. */
function otherOf(levels: readonly string[]): string {
  const names = ['other', 'all others', 'every other level'];
  return names.find((name) => !levels.some((level) => level.toLowerCase() === name)) ?? 'any level but these';
}
