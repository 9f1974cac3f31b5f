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

/** Rows read at most. */
const MAX_ROWS = 5_000_000;
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
  const rows: Row[] = parse(csv, {
    columns: true,
    skip_empty_lines: true,
    trim: true,
    bom: true,
    to: MAX_ROWS,
  });
  const missing = REQUIRED.filter((column) => rows[0] !== undefined && !(column in rows[0]));
  if (rows.length === 0) throw new Error(`${name}: no rows`);
  if (missing.length > 0)
    throw new Error(`${name}: columns missing: ${missing.join(', ')} (expected: ${REQUIRED.join(', ')})`);
  const faults: string[] = [];
  const events: CustomerEvent[] = [];
  const labels = new Uint8Array(rows.length);
  rows.forEach((row, i) => {
    if (faults.length >= MAX_FAULTS) return;
    const event = readEvent(eventFields(row, i));
    if (isPoison(event)) faults.push(`line ${String(i + 2)}: ${event.message}`);
    else events.push(event);
    if (row['Exited'] !== '0' && row['Exited'] !== '1')
      faults.push(`line ${String(i + 2)}, column Exited: ${String(row['Exited'])}, not 0 or 1`);
    labels[i] = Number(row['Exited']);
  });
  if (faults.length > 0) throw new Error(`${name}:\n  ${faults.join('\n  ')}`);
  const rowNumbers = rows.map((row, i) => Number(row['RowNumber'] ?? i + 1));
  return { name, sha256: createHash('sha256').update(csv).digest('hex'), events, labels, rowNumbers };
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
