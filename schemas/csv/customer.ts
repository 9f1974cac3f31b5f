/** From a row of cells to a customer event and its label: one set of checks for training, scoring and publishing. */
import { isPoison } from '../event.ts';
import type { CustomerEvent } from '../customer/schema.ts';
import { isUnreadable, type CellValue } from './cells.ts';
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
  /** What is said of lines before the header that were skipped. */
  readonly preamble: RowErrors;
  /** Rows without any cell filled are left out. */
  readonly rows: AsyncIterable<CsvRow>;
}

export interface Customer {
  readonly event: CustomerEvent;
  /** Whether the customer left; undefined: not known. */
  readonly churned: boolean | undefined;
  /** The column of row numbers, else the row's number from 1. */
  readonly rowNumber: number;
}

/** What is wrong with a row: line and column, what and what to do. */
export type RowErrors = readonly string[];

export const isRowErrors = (row: Customer | RowErrors): row is RowErrors => Array.isArray(row);

/**
 * Reads one row.
 *
 * @param index of the row, from 0. @param undatedMs time of an event in a file without times.
 * @returns the customer, or what is wrong with its cells. Never throws.
 */
export function readCustomer(
  header: CsvHeader,
  row: CsvRow,
  index: number,
  undatedMs: number,
): Customer | RowErrors {
  const { line, cells } = row;
  if (cells.length !== header.names.length) return [wrongLength(row, header)];
  if (repeatsHeader(row, header))
    return [
      `line ${String(line)}: the header again, as in line ${String(header.line)}: remove the line, or skip it: --bad-rows skip`,
    ];
  const { eventId, customerId, occurredAt } = header.columns.schema;
  const errors: string[] = [];
  const values: Record<string, CellValue> = {};
  let [isFilled, churned, rowNumber] = [false, undefined as boolean | undefined, index + 1];
  for (const { column, at, read } of header.readers) {
    const value = read(cells[at]!);
    if (isUnreadable(value)) errors.push(errorAt(header, line, column.field, value.why));
    else if (column.role === 'label') churned = (value ?? undefined) as boolean | undefined;
    else if (column.role === 'rowNumber') rowNumber = value as number;
    else {
      values[column.field] = value;
      if (column.role === 'input' && value !== null) isFilled = true;
    }
  }
  if (errors.length > 0) return errors;
  if (!isFilled)
    return [`line ${String(line)}: no model input is filled in: fill them in, or remove the row`];
  values[eventId.name] ??= `row-${String(rowNumber)}`;
  values[customerId.name] ??= String(index + 1);
  values[occurredAt.name] ??= undatedMs;
  const event = header.events.read(values);
  if (isPoison(event)) return [explained(header, line, event.message)];
  return { event, churned, rowNumber };
}

const errorAt = (header: CsvHeader, line: number, field: string, what: string): string =>
  `line ${String(line)}, column ${header.place(field)}: ${what}`;

/** A refusal of the event's check, which begins with the field's name, with the place of its column. */
function explained(header: CsvHeader, line: number, message: string): string {
  const column = header.columns.all.find(({ field }) => message.startsWith(`${field} `));
  if (column === undefined) return `line ${String(line)}: ${message}: correct it`;
  const advice = column.role === 'input' ? 'correct it, or leave it empty' : 'correct it';
  return errorAt(header, line, column.field, `${message}: ${advice}`);
}

/** Whether a row has the cells of the header, as in files that were put together. */
export function repeatsHeader({ cells }: CsvRow, { names, readers }: CsvHeader): boolean {
  const { at } = readers[0]!;
  return cells[at] === names[at] && names.every((name, i) => name === cells[i]);
}

function wrongLength({ line, cells }: CsvRow, { names, place, separator }: CsvHeader): string {
  const [width, isShort] = [names.length, cells.length < names.length];
  const where = `line ${String(line)}, column ${isShort ? place(cells.length) : String(width + 1)}`;
  const advice = isShort
    ? 'write an empty cell for what is unknown'
    : `quote cells that hold the separator ("a${separator} b")`;
  return `${where}: cells: ${String(cells.length)}, in the header: ${String(width)}: ${advice}`;
}
