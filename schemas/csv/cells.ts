/** What a cell says: a number, a flag, a category, a label or an id. A cell with two readings is refused, never guessed. */
import { FLAG_WORDS } from '../customer/rules.ts';
import type { CustomerInput, CustomerLabel } from '../customer/schema.ts';
import type { CsvColumn } from './columns.ts';
import { shown } from './errors.ts';
import { meansNoValue } from './no-value.ts';
import { createNumberReader, PLAIN, type Unreadable } from './numbers.ts';

/** What a cell holds: null if it is empty. */
export type CellValue = string | number | boolean | null;
/** Reads the cells of one column; never throws. */
export type ReadCell = (cell: string) => CellValue | Unreadable;

export const isUnreadable = (value: unknown): value is Unreadable =>
  typeof value === 'object' && value !== null && 'why' in value;

/** Compiles the reader of one column's cells in a file of the given separator. */
export function createCellReader(
  column: CsvColumn,
  label: CustomerLabel | undefined,
  separator: string,
): ReadCell {
  switch (column.role) {
    case 'input':
      return createInputReader(column.input!, separator);
    case 'customerId':
    case 'eventId':
      return readId;
    case 'occurredAt':
      return readTime;
    case 'label':
      return createLabelReader(label!, separator);
    case 'rowNumber':
      return createRowNumberReader(separator);
  }
}

function createInputReader(input: CustomerInput, separator: string): ReadCell {
  switch (input.type) {
    case 'number':
    case 'integer':
      return createNumericReader(input, separator);
    case 'boolean':
      return createFlagReader(input, separator);
    case 'category':
      return createTextReader(input);
  }
}

/** A number; null for an empty cell, the schema's words for a missing value, and numbers among them, such as -999. */
function createNumericReader({ missing, commas }: CustomerInput, separator: string): ReadCell {
  const read = createNumberReader(commas, separator);
  if (missing.length === 0) return read;
  const words = lowerCase(missing);
  const marks = new Set(missing.filter((word) => PLAIN.test(word)).map(Number));
  return (cell) => {
    const value = read(cell);
    if (typeof value === 'number') return marks.has(value) ? null : value;
    return words.has(cell.toLowerCase()) ? null : value;
  };
}

const lowerCase = (words: readonly string[]): Set<string> => new Set(words.map((word) => word.toLowerCase()));

/** True or false; null for an empty cell and the words for a missing value. */
function createFlagReader({ spellings, missing, commas }: CustomerInput, separator: string): ReadCell {
  const yes = [...FLAG_WORDS.true, ...(spellings['true'] ?? [])];
  const no = [...FLAG_WORDS.false, ...(spellings['false'] ?? [])];
  const why = `is not ${either(yes)}, nor ${either(no)}: correct it, or leave it empty`;
  return createWordReader(
    [
      [true, yes],
      [false, no],
      [null, missing],
    ],
    createNumberReader(commas, separator),
    (cell) => ({ why: `${shown(cell)} ${why}` }),
  );
}

/** Whether the customer left; null for an empty cell and for words such as NA: it is not known. */
function createLabelReader({ churned, stayed }: CustomerLabel, separator: string): ReadCell {
  const why = `not ${either(stayed)} (stayed), nor ${either(churned)} (left): correct it`;
  return createWordReader(
    [
      [false, stayed],
      [true, churned],
    ],
    createNumberReader(undefined, separator),
    (cell) => (meansNoValue(cell) ? null : { why: `${shown(cell)}, ${why}` }),
  );
}

/** Words by what they mean, whatever their case; numbers among them however they are written: `1.0` is `1`. */
function createWordReader(
  meanings: readonly (readonly [value: boolean | null, words: readonly string[]])[],
  readNumber: ReadCell,
  otherwise: (cell: string) => null | Unreadable,
): ReadCell {
  const values = new Map<string, boolean | null>([['', null]]);
  for (const [value, words] of meanings) for (const word of words) values.set(word.toLowerCase(), value);
  return (cell) => {
    const value = values.get(cell) ?? values.get(cell.toLowerCase());
    if (value !== undefined) return value;
    const number = readNumber(cell);
    const meant = typeof number === 'number' ? values.get(String(number)) : undefined;
    return meant === undefined ? otherwise(cell) : meant;
  };
}

/** `1, true or yes`. */
function either(words: readonly string[]): string {
  const lower = words.map((word) => word.toLowerCase());
  const once = words.filter((_, i) => lower.indexOf(lower[i]!) === i);
  return once.length < 2 ? once.join('') : `${once.slice(0, -1).join(', ')} or ${once[once.length - 1]!}`;
}

/** Words that programs write for a missing value: as a country they would be a new one. */
const NO_VALUE = /^(?:null|nan|none|nil|n\/a|\\n|#(?:n\/a|null!|ref!|value!|name\?|num!|div\/0!))$/i;
/** Texts of one column that are kept: one string for each, not one per row. */
const MAX_KEPT = 1000;

/**
 * A text; null for an empty cell and the words for a missing value. Words that programs write for no value are refused
 * unless the schema says what they mean. Levels and their spellings are the business of the event's check.
 */
function createTextReader({ missing, spellings, levels }: CustomerInput): ReadCell {
  const none = lowerCase(missing);
  const meant = new Set([
    ...Object.entries(spellings).flatMap(([level, words]) => [level, ...words]),
    ...(levels ?? []),
  ]);
  const read = (cell: string): string | null | Unreadable =>
    meant.has(cell)
      ? cell
      : none.has(cell.toLowerCase())
        ? null
        : NO_VALUE.test(cell)
          ? { why: `${shown(cell)} is no value: leave the cell empty where it is unknown` }
          : cell;
  const kept = new Map<string, string | null | Unreadable>([['', null]]);
  return (cell) => {
    const known = kept.get(cell);
    if (known !== undefined) return known;
    const value = read(cell);
    if (kept.size < MAX_KEPT) kept.set(cell, value);
    return value;
  };
}

function createRowNumberReader(separator: string): ReadCell {
  const read = createNumberReader(undefined, separator);
  return (cell) => {
    const number = read(cell);
    return Number.isSafeInteger(number) ? number : { why: `${shown(cell)}, not a whole number: correct it` };
  };
}

const LARGEST_EXACT = 15;

/** An id as it is, but for `90000001.0`: a whole number that a program wrote as a float. */
function readId(cell: string): string | Unreadable {
  const whole = /^(\d+)\.0+$/.exec(cell)?.[1];
  if (whole !== undefined && whole.length <= LARGEST_EXACT) return whole;
  return whole !== undefined || /^\d+[.,]?\d*e\+?\d+$/i.test(cell)
    ? { why: `${shown(cell)} is a rounded number, its last digits are lost: export the column as text` }
    : cell;
}

/** Milliseconds as a number, all else as it is: what is a time is decided by the event's check. */
const readTime = (cell: string): string | number => (/^-?\d+(?:\.0+)?$/.test(cell) ? Number(cell) : cell);
