/** What a cell says: a number, a flag, a label or an id. A cell with two readings is refused, never guessed. */
import { shown } from './errors.ts';

/** Why a cell cannot be read, and what to do. */
export interface Unreadable {
  readonly why: string;
}

export const isUnreadable = (value: unknown): value is Unreadable =>
  typeof value === 'object' && value !== null && 'why' in value;

/** The largest number of a float32 model. */
const MAX_FLOAT32 = 3.4028234663852886e38;
const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,4})?$/i;
/** `1,234` and `1.234`: a decimal number or a thousand and more. */
const AMBIGUOUS = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/;
/** `74,819.83` and `1,234,567`: no other reading is possible. */
const COMMA_GROUPS = /^[+-]?[1-9]\d{0,2}(?:(?:,\d{3})+\.\d*|(?:,\d{3}){2,})$/;
const POINT_GROUPS = /^[+-]?[1-9]\d{0,2}(?:(?:\.\d{3})+,\d*|(?:\.\d{3}){2,})$/;
const COMMA_DECIMAL = /^[+-]?\d*,\d+$/;

/**
 * The number of a cell; null for an empty one. Thousands separators are read if no other reading is possible; decimal
 * commas too, in files whose cells are not separated by commas (there a mere `1.234` could be a thousand).
 */
export function readNumber(cell: string, separator: string): number | null | Unreadable {
  if (cell === '') return null;
  const isEnglish = separator === ',';
  const isTwofold = AMBIGUOUS.test(cell) && (cell.includes(',') || !isEnglish);
  if (isTwofold) {
    const [point, none] = [cell.replace(',', '.'), cell.replace(/[.,]/, '')];
    return { why: `${shown(cell)} is ${point} or ${none}: write it without thousands separators, as 1234.5` };
  }
  const text = PLAIN.test(cell)
    ? cell
    : COMMA_GROUPS.test(cell)
      ? cell.replaceAll(',', '')
      : !isEnglish && (POINT_GROUPS.test(cell) || COMMA_DECIMAL.test(cell))
        ? cell.replaceAll('.', '').replace(',', '.')
        : undefined;
  // + 0: -0 is 0.
  const value = text === undefined ? infinite(cell) : Number(text) + 0;
  if (Number.isNaN(value))
    return {
      why: `${shown(cell)} is not a number: write it as 1234.5, or leave it empty where it is unknown`,
    };
  if (Math.abs(value) > MAX_FLOAT32)
    return { why: `${shown(cell)} is larger than any model can take (3.4e38): correct it` };
  return value;
}

const infinite = (cell: string): number => (/^[+-]?inf(inity)?$/i.test(cell) ? Infinity : NaN);

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['yes', true],
  ['0', false],
  ['false', false],
  ['no', false],
]);

/** True or false; null for an empty cell. */
export function readFlag(cell: string, separator: string): boolean | null | Unreadable {
  if (cell === '') return null;
  const word = WORDS.get(cell.toLowerCase());
  if (word !== undefined) return word;
  const number = readNumber(cell, separator);
  if (number === 0 || number === 1) return number === 1;
  return { why: `${shown(cell)} is not 1, true or yes, nor 0, false or no: correct it, or leave it empty` };
}

/** Whether the customer left; null for an empty cell: it is not known. */
export function readLabel(cell: string, separator: string): boolean | null | Unreadable {
  const label = readFlag(cell, separator);
  if (!isUnreadable(label)) return label;
  return {
    why: `${shown(cell)}, not 0, false or no (stayed), nor 1, true or yes (left): correct it`,
  };
}

/** Words that programs write for a missing value: as a country they would be a new one. */
const MISSING = /^(?:null|nan|none|nil|n\/a|\\n|#(?:n\/a|null!|ref!|value!|name\?|num!|div\/0!))$/i;

/** A text; null for an empty cell. */
export function readText(cell: string): string | null | Unreadable {
  if (cell === '') return null;
  return MISSING.test(cell)
    ? { why: `${shown(cell)} is no value: leave the cell empty where it is unknown` }
    : cell;
}

const LARGEST_EXACT = 15;

/** An id as it is, but for `90000001.0`: a whole number that a program wrote as a float. */
export function readId(cell: string): string | Unreadable {
  const whole = /^(\d+)\.0+$/.exec(cell)?.[1];
  if (whole !== undefined && whole.length <= LARGEST_EXACT) return whole;
  return whole !== undefined || /^\d+[.,]?\d*e\+?\d+$/i.test(cell)
    ? { why: `${shown(cell)} is a rounded number, its last digits are lost: export the column as text` }
    : cell;
}

/** Milliseconds as a number, all else as it is: what is a time is decided by the event's check. */
export const readTime = (cell: string): string | number =>
  /^-?\d+(?:\.0+)?$/.test(cell) ? Number(cell) : cell;
