/** What is counted of a whole file, and a sample of its rows; bounded whatever the size of the file. */
import type { CsvRow } from '../../schemas/csv/customer.ts';
import { createRandom } from '../../schemas/random.ts';
import { createColumnCounter, type ColumnFacts } from './column-facts.ts';
import { meansNoNumber } from './words.ts';

/** Rows that were not counted, and the first lines of them. */
export interface Skipped {
  count: number;
  readonly lines: number[];
}

export interface TableFacts {
  readonly separator: string;
  readonly columns: readonly ColumnFacts[];
  /** Rows counted. */
  readonly rows: number;
  /** Cells of some of the rows, in the order of the file. */
  readonly sample: readonly (readonly string[])[];
  readonly skipped: Readonly<Record<'length' | 'header', Skipped>>;
}

/** Cells of the sample, and rows. */
const MAX_CELLS = 2_000_000;
const MAX_SAMPLE = 20_000;
/** Rows without any number that are set aside: among columns of numbers they are headers. */
const MAX_ASIDE = 100;
const MAX_LINES = 10;
/** Share of a column's cells that are numbers, if a row without one is no customer. */
const NUMERIC = 0.95;

export interface TableCounter {
  add(row: CsvRow): void;
  finish(): TableFacts;
}

/** Counts the rows of a file under its header. */
export function createTableCounter(names: readonly string[], separator: string): TableCounter {
  const counters = names.map((name, at) => createColumnCounter(name, at, separator));
  const sample = createSample(names.length);
  const skipped = { length: noRows(), header: noRows() };
  const aside: CsvRow[] = [];
  let rows = 0;
  const count = ({ cells }: CsvRow): void => {
    counters.forEach((counter, at) => counter.add(cells[at]!));
    sample.add(cells, rows);
    rows += 1;
  };
  const isNumberless = ({ cells }: CsvRow): boolean =>
    cells.every((cell, at) => cell !== '' && !counters[at]!.isNumber(cell));
  return {
    add: (row) => {
      if (row.cells.length !== names.length) skip(skipped.length, row);
      else if (names.every((name, at) => name === row.cells[at])) skip(skipped.header, row);
      else if (aside.length < MAX_ASIDE && isNumberless(row)) aside.push(row);
      else count(row);
    },
    finish: () => {
      const numeric = counters.filter(({ facts }) => isNumeric(facts)).map(({ facts }) => facts.at);
      for (const row of aside) {
        const odd = numeric.filter((at) => !meansNoNumber(row.cells[at]!));
        if (odd.length >= 2 && odd.length === numeric.length) skip(skipped.header, row);
        else count(row);
      }
      return { separator, columns: counters.map(({ facts }) => facts), rows, sample: sample.rows(), skipped };
    },
  };
}

const noRows = (): Skipped => ({ count: 0, lines: [] });
function skip(skipped: Skipped, { line }: CsvRow): void {
  skipped.count += 1;
  if (skipped.lines.length < MAX_LINES) skipped.lines.push(line);
}

function isNumeric({ numbers, rows, blank }: ColumnFacts): boolean {
  const most = Math.max(...[...numbers.values()].map(({ count }) => count));
  return most > 0 && most >= NUMERIC * (rows - blank);
}

/** Rows drawn evenly, the same at each call (algorithm R). */
function createSample(columns: number): {
  add(cells: readonly string[], row: number): void;
  rows(): string[][];
} {
  const size = Math.max(1, Math.min(MAX_SAMPLE, Math.floor(MAX_CELLS / Math.max(1, columns))));
  const random = createRandom(1);
  const taken: { row: number; cells: readonly string[] }[] = [];
  return {
    add: (cells, row) => {
      const at = row < size ? row : random.int(row + 1);
      if (at < size) taken[at] = { row, cells };
    },
    rows: () => taken.toSorted((a, b) => a.row - b.row).map(({ cells }) => [...cells]),
  };
}
