/** What is counted of one column while a file is read. */
import type { CustomerInput } from '../../schemas/customer/schema.ts';
import { createNumberReader } from '../../schemas/csv/numbers.ts';
import { createTally, type Tally } from './tally.ts';

/** What commas in numbers may be. */
export const COMMAS = [undefined, 'thousands', 'decimal'] as const;
export type Commas = CustomerInput['commas'];

/** The cells that are numbers, if commas are read in one way. */
export interface NumberFacts {
  count: number;
  min: number;
  max: number;
  /** All are whole numbers within 2^53. */
  isWhole: boolean;
}

export interface ColumnFacts {
  /** As the file spells it; may be empty. */
  readonly header: string;
  /** From 0. */
  readonly at: number;
  /** Rows counted, and those without anything in this cell. */
  rows: number;
  blank: number;
  /** UTF-16 code units of the longest cell. */
  longest: number;
  /** Every cell that is filled. */
  readonly texts: Tally;
  readonly numbers: ReadonlyMap<Commas, NumberFacts>;
}

/** Different texts that are held of each column. */
const MAX_TEXTS = 2000;
const DIGITS = /^-?\d{1,15}$/;

export interface ColumnCounter {
  readonly facts: ColumnFacts;
  /** Takes one cell, trimmed. */
  add(cell: string): void;
  /** Whether a cell is a number, in whatever way commas are read. */
  isNumber(cell: string): boolean;
}

export function createColumnCounter(header: string, at: number, separator: string): ColumnCounter {
  const readers = COMMAS.map((commas) => [commas, createNumberReader(commas, separator)] as const);
  const numbers = new Map(
    COMMAS.map((commas): [Commas, NumberFacts] => [
      commas,
      { count: 0, min: Infinity, max: -Infinity, isWhole: true },
    ]),
  );
  const facts: ColumnFacts = {
    header,
    at,
    rows: 0,
    blank: 0,
    longest: 0,
    texts: createTally(MAX_TEXTS),
    numbers,
  };
  const isNumber = (cell: string): boolean =>
    DIGITS.test(cell) || readers.some(([, read]) => typeof read(cell) === 'number');
  return {
    facts,
    isNumber,
    add: (cell) => {
      facts.rows += 1;
      if (cell === '') facts.blank += 1;
      else {
        facts.texts.add(cell);
        facts.longest = Math.max(facts.longest, cell.length);
        const digits = DIGITS.test(cell) ? Number(cell) : undefined;
        for (const [commas, read] of readers) addNumber(numbers.get(commas)!, digits ?? read(cell));
      }
    },
  };
}

function addNumber(facts: NumberFacts, value: unknown): void {
  if (typeof value !== 'number') return;
  facts.count += 1;
  if (value < facts.min) facts.min = value;
  if (value > facts.max) facts.max = value;
  facts.isWhole &&= Number.isSafeInteger(value);
}
