/** From a row of cells to a customer event and its label: one set of checks for training, scoring and publishing. */
import { readEvent } from '../bank-event.ts';
import { isPoison } from '../event.ts';
import type { CustomerEvent } from '../customer/schema.ts';
import { isUnreadable, readFlag, readId, readLabel, readNumber, readText, readTime } from './cells.ts';
import { COLUMNS, fieldOf, INPUT_COLUMNS, INPUTS, LABEL, type Column } from './columns.ts';
import { shown } from './errors.ts';
import type { CsvHeader } from './header.ts';

/** One row under its header. */
export interface CsvRow {
  /** Line of the file it ends on, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** An open file: its header is checked, its rows come one at a time. */
export interface CsvFile {
  readonly name: string;
  readonly header: CsvHeader;
  /** Rows as long as the header; rows without any cell filled are skipped. */
  readonly rows: AsyncIterable<CsvRow>;
}

export interface Customer {
  readonly event: CustomerEvent;
  /** Whether the customer left; undefined: not known. */
  readonly churned: boolean | undefined;
  /** Column `RowNumber`, else the row's number from 1. */
  readonly rowNumber: number;
}

/** What is wrong with a row: line and column, what and what to do. */
export type RowErrors = readonly string[];

export const isRowErrors = (row: Customer | RowErrors): row is RowErrors => Array.isArray(row);

/**
 * Reads one row.
 *
 * @param index of the row, from 0. @param undatedMs time of an event in a file without `OccurredAt`.
 * @returns the customer, or what is wrong with its cells. Never throws.
 */
export function readCustomer(
  header: CsvHeader,
  row: CsvRow,
  index: number,
  undatedMs: number,
): Customer | RowErrors {
  const errors: string[] = [];
  const fail = (column: Column, what: string): void =>
    void errors.push(`line ${String(row.line)}, column ${header.place(column)}: ${what}`);
  const values = readCells(header, row, fail);
  if (errors.length > 0) return errors;
  if (!INPUTS.some((column) => values[column] != null))
    return [`line ${String(row.line)}: no model input is filled in: fill them in, or remove the row`];
  const rowNumber = (values.RowNumber ?? index + 1) as number;
  values.EventId ??= `row-${String(rowNumber)}`;
  values.CustomerId ??= String(index + 1);
  values.OccurredAt ??= undatedMs;
  const event = readEvent(values);
  if (!isPoison(event)) {
    return { event, churned: (values[LABEL] ?? undefined) as boolean | undefined, rowNumber };
  }
  const column = COLUMNS.find((name) => event.message.startsWith(`${fieldOf(name)} `));
  const advice =
    column !== undefined && column in INPUT_COLUMNS ? 'correct it, or leave it empty' : 'correct it';
  if (column === undefined) return [`line ${String(row.line)}: ${event.message}: ${advice}`];
  fail(column, `${event.message}: ${advice}`);
  return errors;
}

/** Under the data set's names, which the event's check takes too. */
type Values = Partial<Record<Column, string | number | boolean | null>>;

/** The values of the known columns; what cannot be read is told to `fail`. */
function readCells(
  { positions, separator }: CsvHeader,
  { cells }: CsvRow,
  fail: (column: Column, what: string) => void,
): Values {
  const values: Values = {};
  for (const [column, at] of positions) {
    const value = readCell(column, cells[at]!, separator);
    if (isUnreadable(value)) fail(column, value.why);
    else values[column] = value;
  }
  return values;
}

const READERS = { number: readNumber, flag: readFlag, text: readText };

function readCell(column: Column, cell: string, separator: string) {
  switch (column) {
    case 'EventId':
    case 'CustomerId':
      return readId(cell);
    case 'OccurredAt':
      return readTime(cell);
    case LABEL:
      return readLabel(cell, separator);
    case 'RowNumber': {
      const number = readNumber(cell, separator);
      return Number.isSafeInteger(number)
        ? (number as number)
        : { why: `${shown(cell)}, not a whole number: correct it` };
    }
    default:
      return READERS[INPUT_COLUMNS[column]](cell, separator);
  }
}
