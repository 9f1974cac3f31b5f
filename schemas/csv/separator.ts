/** What separates the cells of a file, and which of its first lines is the header. */
import type { CsvColumns } from './columns.ts';

export const SEPARATORS = [',', ';', '\t', '|'];

/** Cells of one line, quotes heeded: enough to count them. */
export function splitLine(line: string, separator: string): string[] {
  const cells: string[] = [];
  let [cell, isQuoted] = ['', false];
  for (const character of line) {
    if (character === '"') isQuoted = !isQuoted;
    else if (character !== separator || isQuoted) cell += character;
    else {
      cells.push(cell.trim());
      cell = '';
    }
  }
  return [...cells, cell.trim()];
}

/** The lines of the beginning of a text; a cell in quotes may hold line ends, so that what is one row is one here. */
export function splitRows(text: string, most: number): string[] {
  const rows: string[] = [];
  let open = '';
  for (const line of text.split('\n', most)) {
    open += open === '' ? line : `\n${line}`;
    if ((open.split('"').length - 1) % 2 === 1) continue;
    rows.push(open);
    open = '';
  }
  // A quote that is never closed: its lines are lines.
  return open === '' ? rows : [...rows, ...open.split('\n')];
}

/** How many lines these rows are. */
export const linesOf = (rows: readonly string[]): number => rows.join('\n').split('\n').length * Math.sign(rows.length); // prettier-ignore

interface Reading {
  readonly separator: string;
  /** Cells that name a column of the schema. */
  readonly known: number;
  readonly cells: number;
}

function readingOf(line: string, { find }: CsvColumns): Reading {
  const readings = SEPARATORS.map((separator) => {
    const cells = splitLine(line, separator);
    const known = cells.filter((cell) => find(cell) !== undefined).length;
    return { separator, known, cells: cells.length };
  });
  return readings.reduce((best, next) =>
    next.known > best.known || (next.known === best.known && next.cells > best.cells) ? next : best,
  );
}

/** The separator under which most of the header's cells are known columns; else, under which it has most cells. */
export const separatorOf = (headerLine: string, columns: CsvColumns): string =>
  readingOf(headerLine, columns).separator;

/** Lines that are looked at for the header. */
export const LINES_LOOKED_AT = 30;

/** Whether a line has the names of half of the columns that are needed. */
export const isHeader = (line: string, needed: number, columns: CsvColumns): boolean =>
  readingOf(line, columns).known * 2 >= Math.max(1, needed);

/**
 * Finds the header where the first line of a text is none.
 *
 * @param needed columns. @returns the number of lines before the header; 0 if the first line is it, or no line is.
 */
export function linesBeforeHeader(text: string, needed: number, columns: CsvColumns): number {
  const rows = splitRows(text, LINES_LOOKED_AT);
  const first = rows.findIndex((row) => row.trim() !== '');
  const header = rows.findIndex((row) => isHeader(row, needed, columns));
  return header > first ? linesOf(rows.slice(0, header)) : 0;
}
