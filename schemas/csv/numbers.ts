/** Numbers in cells: with a decimal point or a decimal comma, with thousands separators or none. */
import type { CustomerInput } from '../customer/schema.ts';
import { shown } from './errors.ts';

/** Why a cell cannot be read, and what to do. */
export interface Unreadable {
  readonly why: string;
}

/** The largest number of a float32 model. */
const MAX_FLOAT32 = 3.4028234663852886e38;
export const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,4})?$/i;
/** `1,234` and `1.234`: a decimal number or a thousand and more. */
const AMBIGUOUS = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/;
/** `1,234`, `74,819.83` and `1,234,567`. */
const COMMA_GROUPS = /^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$/;
const POINT_GROUPS = /^[+-]?[1-9]\d{0,2}(?:(?:\.\d{3})+,\d*|(?:\.\d{3}){2,})$/;
const COMMA_DECIMAL = /^[+-]?\d*,\d+$/;

/**
 * Compiles the reader of numbers: null for an empty cell.
 *
 * Where `commas` says what commas are, they are that; points are the other. Otherwise thousands separators are read if no
 * other reading is possible; decimal commas too, in files whose cells are not separated by commas (there a mere `1.234`
 * could be a thousand).
 */
export function createNumberReader(
  commas: CustomerInput['commas'],
  separator: string,
): (cell: string) => number | null | Unreadable {
  const mayDecimal = commas === 'decimal' || (commas === undefined && separator !== ',');
  const mayGroup = commas !== 'decimal';
  /** Whether a cell of three digits behind its only separator has two readings: one with a comma, one with a point. */
  const isTwofold = (cell: string): boolean =>
    AMBIGUOUS.test(cell) && (cell.includes(',') ? commas === undefined : mayDecimal);
  return (cell) => {
    if (cell === '') return null;
    const isPlain = PLAIN.test(cell);
    if ((mayDecimal || !isPlain) && isTwofold(cell)) {
      const [point, none] = [cell.replace(',', '.'), cell.replace(/[.,]/, '')];
      return {
        why: `${shown(cell)} is ${point} or ${none}: write it without thousands separators, as 1234.5`,
      };
    }
    const text = isPlain
      ? cell
      : mayDecimal && (POINT_GROUPS.test(cell) || COMMA_DECIMAL.test(cell))
        ? cell.replaceAll('.', '').replace(',', '.')
        : mayGroup && COMMA_GROUPS.test(cell)
          ? cell.replaceAll(',', '')
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
  };
}

const infinite = (cell: string): number => (/^[+-]?inf(inity)?$/i.test(cell) ? Infinity : NaN);
