import { parse } from 'csv-parse/sync';
import { createHash } from 'node:crypto';
import { isPoison, readEvent } from '../schemas/event.ts';
import type { CustomerEvent } from '../schemas/generated.ts';

/** Labelled customers, in the order of the source. */
export interface Dataset {
  readonly name: string;
  /** Of the source's bytes. */
  readonly sha256: string;
  readonly events: readonly CustomerEvent[];
  /** 1 = churned. */
  readonly labels: Uint8Array;
  /** What a list of holdout rows names: column `RowNumber`, else 1..n. */
  readonly rowNumbers: readonly number[];
}

/** Rows read at most: all of them are held in memory. */
const MAX_ROWS = 2_000_000;
/** Faults told at once. */
const MAX_FAULTS = 10;
const NUMERIC = ['CreditScore', 'Age', 'Tenure', 'Balance', 'NumOfProducts', 'EstimatedSalary'] as const;
const FLAGS = ['HasCrCard', 'IsActiveMember'] as const;
const TEXTS = ['Geography', 'Gender'] as const;
const REQUIRED = [...NUMERIC, ...FLAGS, ...TEXTS, 'Exited'];

type Row = Readonly<Record<string, string>>;

/**
 * Reads the data set's CSV (`CreditScore, Geography, …, Exited`; empty = missing).
 *
 * @throws Error naming up to ten faults with line and column.
 */
export function parseDataset(csv: string, name: string): Dataset {
  const lines = parseLines(csv, name);
  const faults: string[] = [];
  const events: CustomerEvent[] = [];
  const labels = new Uint8Array(lines.length);
  const rowNumbers: number[] = [];
  lines.forEach(({ record, info }, i) => {
    if (faults.length >= MAX_FAULTS) return;
    const fault = (column: string, text: string): number =>
      faults.push(`line ${String(info.lines)}, column ${column}: ${text}`);
    const event = readEvent(eventFields(record, i));
    if (isPoison(event)) fault(columnOf(event.message), event.message);
    else events.push(event);
    const label = record['Exited']!;
    if (label !== '0' && label !== '1') fault('Exited', `${JSON.stringify(label.slice(0, 40))}, not 0 or 1`);
    labels[i] = Number(label);
    const rowNumber = Number(record['RowNumber'] ?? i + 1);
    if (!Number.isSafeInteger(rowNumber)) fault('RowNumber', 'not a whole number');
    rowNumbers.push(rowNumber);
  });
  if (faults.length > 0) throw new Error(`${name}:\n  ${faults.slice(0, MAX_FAULTS).join('\n  ')}`);
  return { name, sha256: createHash('sha256').update(csv).digest('hex'), events, labels, rowNumbers };
}

interface Line {
  readonly record: Row;
  readonly info: { readonly lines: number };
}

/** The rows with their lines; all required columns are there. */
function parseLines(csv: string, name: string): Line[] {
  const options = {
    columns: true,
    skip_empty_lines: true,
    trim: true,
    bom: true,
    info: true,
    to: MAX_ROWS + 1,
  };
  let lines: Line[];
  try {
    lines = parse(csv, options) as unknown as Line[];
  } catch (cause) {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message.slice(0, 300) : String(cause)}`, {
      cause,
    });
  }
  const first = lines[0]?.record;
  if (first === undefined) throw new Error(`${name}: no rows`);
  if (lines.length > MAX_ROWS)
    throw new Error(`${name}: more than ${String(MAX_ROWS)} rows: train on a sample of them`);
  const missing = REQUIRED.filter((column) => !(column in first));
  if (missing.length === 0) return lines;
  throw new Error(`${name}: columns missing: ${missing.join(', ')} (expected: ${REQUIRED.join(', ')})`);
}

/** The data set's column of a refusal, which begins with the event's field. */
function columnOf(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1).split(' ', 1)[0]!;
}

/** The JSON-like fields of one CSV row, under the data set's column names; for training and for producing events. */
export function eventFields(row: Row, index: number): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    EventId: row['EventId'] ?? `row-${row['RowNumber'] ?? String(index + 1)}`,
    CustomerId: row['CustomerId'] ?? String(index + 1),
    OccurredAt: row['OccurredAt'] ?? 0,
  };
  for (const column of NUMERIC) fields[column] = numeric(row[column]);
  for (const column of FLAGS) fields[column] = numeric(row[column]);
  for (const column of TEXTS)
    fields[column] = row[column] === undefined || row[column] === '' ? null : row[column];
  return fields;
}

/** The number, null for an empty cell, or the text itself, which is then refused with its name. */
function numeric(cell: string | undefined): number | string | null {
  if (cell === undefined || cell === '') return null;
  const value = Number(cell);
  return Number.isNaN(value) ? cell : value;
}

/** Rows of a dataset by position. */
export function takeRows(
  dataset: Dataset,
  positions: readonly number[],
): { events: CustomerEvent[]; labels: Uint8Array } {
  return {
    events: positions.map((position) => dataset.events[position]!),
    labels: Uint8Array.from(positions, (position) => dataset.labels[position]!),
  };
}
