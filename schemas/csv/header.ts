/** The one check of a CSV's first row, and what its separator is. */
import { COLUMNS, columnNamed, isDatasetColumn, likeness, type Column, type Likeness } from './columns.ts';
import { fileError, shortened, shown } from './errors.ts';

/** What a caller needs of a file. */
export interface CsvNeeds {
  /** Columns without which the file is refused. */
  readonly needed: readonly Column[];
  /** Columns that may be missing on purpose. */
  readonly allowed: readonly Column[];
  /** What else to do about missing columns, for the message: an option of the command. */
  readonly otherwise?: (missing: readonly Column[]) => string;
}

/** A checked header. */
export interface CsvHeader {
  /** Cells of each row. */
  readonly width: number;
  /** Where the known columns are, from 0. */
  readonly positions: ReadonlyMap<Column, number>;
  /** Names that nothing reads, as the file spells them. */
  readonly ignored: readonly string[];
  readonly separator: string;
  /** A column as messages name it: `CreditScore (4)`, in the file's own spelling, counted from 1. */
  readonly place: (column: Column | number) => string;
}

const SEPARATORS = [',', ';', '\t', '|'];

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

/** The separator under which most of the header's cells are known columns; else, under which it has most cells. */
export function separatorOf(headerLine: string): string {
  const rank = (separator: string): [number, number] => {
    const cells = splitLine(headerLine, separator);
    return [cells.filter((cell) => isDatasetColumn(cell)).length, cells.length];
  };
  const ranked = SEPARATORS.map((separator) => [separator, ...rank(separator)] as const);
  return ranked.reduce((best, next) =>
    next[1] > best[1] || (next[1] === best[1] && next[2] > best[2]) ? next : best,
  )[0];
}

/**
 * Finds the columns in a header row: the data set's names, whatever their case and word separators.
 *
 * @throws Error naming columns that are missing, misspelt or there twice.
 */
export function checkHeader(
  file: string,
  line: number,
  names: readonly string[],
  separator: string,
  needs: CsvNeeds,
): CsvHeader {
  const positions = new Map<Column, number>();
  names.forEach((name, at) => {
    const column = columnNamed(name);
    if (column === undefined) return;
    const first = positions.get(column);
    if (first !== undefined) throw isTwice(file, line, names, column, first, at);
    positions.set(column, at);
  });
  const unknown = names.filter((name) => name !== '' && columnNamed(name) === undefined);
  refuseMissing(file, line, positions, unknown, needs);
  return {
    width: names.length,
    positions,
    ignored: unknown.filter((name) => !isDatasetColumn(name)),
    separator,
    place: (column) => {
      const at = typeof column === 'number' ? column : positions.get(column);
      return at === undefined ? String(column) : placeOf(names[at] ?? '', at);
    },
  };
}

/** A column as messages name it: its name in the file and its number, from 1. */
export function placeOf(name: string, at: number): string {
  return name === '' ? String(at + 1) : `${shortened(name)} (${String(at + 1)})`;
}

function isTwice(
  file: string,
  line: number,
  names: readonly string[],
  column: Column,
  first: number,
  at: number,
): Error {
  const [one, other] = [names[first]!, names[at]!];
  const spelt = one === other ? '' : `, as ${shown(one)}`;
  const where = `line ${String(line)}, column ${String(at + 1)}`;
  return fileError(
    file,
    where,
    `${column} is there twice (column ${String(first + 1)} too${spelt}): remove or rename one of them`,
  );
}

function refuseMissing(
  file: string,
  line: number,
  positions: ReadonlyMap<Column, number>,
  unknown: readonly string[],
  { needed, allowed, otherwise }: CsvNeeds,
): void {
  const isAbsent = (column: Column): boolean => !positions.has(column);
  const hintOf = (column: Column, least: readonly Likeness[]): string[] =>
    unknown
      .filter((name) => least.includes(likeness(name, column)))
      .slice(0, 1)
      .map((name) => `${shown(name)}: did you mean ${column}?`);
  const missing = needed.filter(isAbsent);
  const others = COLUMNS.filter((column) => !needed.includes(column) && !allowed.includes(column));
  const hints = [
    ...missing.flatMap((column) => hintOf(column, ['misspelt', 'related'])),
    ...others.filter(isAbsent).flatMap((column) => hintOf(column, ['misspelt'])),
  ];
  if (positions.size === 0)
    throw fileError(
      file,
      `line ${String(line)}`,
      `no column is known, is this the header? Needed are ${needed.join(', ')}: add them as the first line`,
    );
  if (missing.length > 0) {
    const also = otherwise === undefined ? '' : `, or ${otherwise(missing)}`;
    const list = [`columns missing: ${missing.join(', ')}`, ...hints].join('; ');
    throw fileError(file, `line ${String(line)}`, `${list}: add or rename them${also}`);
  }
  if (hints.length > 0)
    throw fileError(file, `line ${String(line)}`, `${hints.join('; ')}: rename or remove it`);
}
