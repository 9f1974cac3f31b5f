import { createHash } from 'node:crypto';
import { isPoison, readEvent, type EventRules } from '../schemas/event.ts';
import { PLAUSIBLE_TIMES } from '../schemas/time.ts';
import type { CustomerEvent } from '../schemas/generated.ts';
import { readCsv } from './csv.ts';

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
const NUMBERS = [...NUMERIC, ...FLAGS];
const REQUIRED = [...NUMBERS, ...TEXTS, 'Exited'];
const OPTIONAL = ['RowNumber', 'CustomerId', 'EventId', 'OccurredAt'];
const MAX_FLOAT32 = 3.4028234663852886e38;

type Row = Readonly<Record<string, string>>;

/** A row need not have a time, and may lack every input. */
const ROW_RULES: EventRules = { times: { fromMs: 0, toMs: PLAUSIBLE_TIMES.toMs }, emptyEvents: 'score' };

/**
 * Reads the data set's CSV (`CreditScore, Geography, …, Exited`; empty = missing).
 *
 * @param name of the dataset; @param source what faults name: the file.
 * @throws Error naming up to ten faults, each with line, column and what to do.
 */
export function parseDataset(csv: string | Uint8Array, name: string, source = name): Dataset {
  const faults: string[] = [];
  const events: CustomerEvent[] = [];
  const labels: number[] = [];
  const rowNumbers: number[] = [];
  const texts = new Map<string, string>();
  readCsv(csv, source, { wanted: REQUIRED, known: OPTIONAL }, ({ line, cells }) => {
    if (events.length >= MAX_ROWS)
      throw new Error(
        `${source}:\n  line ${String(line)}: more than ${String(MAX_ROWS)} rows: train on a sample`,
      );
    const index = labels.length;
    const fault = (column: string, text: string): unknown =>
      faults.push(`line ${String(line)}, column ${column}: ${text}`);
    const unreadable = unreadableNumbers(cells, fault);
    const event = readEvent(eventFields(cells, index), ROW_RULES);
    if (!isPoison(event)) events.push(shareTexts(event, texts));
    else if (!unreadable) fault(columnOf(event.message), `${event.message}: correct it, or leave it empty`);
    const label = cells['Exited']!;
    if (label !== '0' && label !== '1')
      fault('Exited', `${shown(label)}, not 0 (stayed) or 1 (left): remove rows without a label`);
    labels.push(Number(label));
    const rowNumber = Number(cells['RowNumber'] ?? index + 1);
    if (!Number.isSafeInteger(rowNumber))
      fault('RowNumber', `${shown(cells['RowNumber'] ?? '')}, not a whole number`);
    rowNumbers.push(rowNumber);
    if (faults.length >= MAX_FAULTS) throw refused(source, faults);
  });
  if (faults.length > 0) throw refused(source, faults);
  return {
    name,
    sha256: createHash('sha256').update(csv).digest('hex'),
    events,
    labels: Uint8Array.from(labels),
    rowNumbers,
  };
}

const refused = (name: string, faults: readonly string[]): Error =>
  new Error(`${name}:\n  ${faults.slice(0, MAX_FAULTS).join('\n  ')}`);
const shown = (cell: string): string => JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);

/** Tells cells that should be numbers and are none, or too large for a float32 model. */
function unreadableNumbers(cells: Row, fault: (column: string, text: string) => unknown): boolean {
  let found = false;
  for (const column of NUMBERS) {
    const cell = cells[column]!;
    if (cell === '') continue;
    const value = Number(cell);
    if (Math.abs(value) <= MAX_FLOAT32) continue;
    found = true;
    const isTooLarge = !Number.isNaN(value);
    const hint = isTooLarge
      ? 'is larger than any model can take (3.4e38): correct it'
      : 'is not a number: write it as 1234.5, or leave it empty where it is unknown';
    fault(column, `${shown(cell)} ${hint}`);
  }
  return found;
}

/** One string for each country and gender, not one per row. */
function shareTexts(event: CustomerEvent, texts: Map<string, string>): CustomerEvent {
  const share = (text: string | null): string | null => {
    if (text === null) return null;
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return known ?? text;
  };
  return { ...event, geography: share(event.geography), gender: share(event.gender) };
}

/** Customers there must be, in all and of each class, for five folds and a holdout to mean anything. */
const MIN_ROWS = 100;
const MIN_OF_CLASS = 10;

/**
 * Refuses a dataset that nothing can be learned from.
 *
 * @throws Error that says what is lacking.
 */
export function assertTrainable({ labels }: Pick<Dataset, 'labels'>, source: string): void {
  const left = labels.reduce((sum, label) => sum + label, 0);
  const stayed = labels.length - left;
  const counted = `${String(labels.length)} customers, ${String(left)} of them left (Exited 1), ${String(stayed)} stayed (0)`;
  const where = `${source}:\n  lines 2..${String(labels.length + 1)}, column Exited`;
  const fault =
    labels.length < MIN_ROWS
      ? `${counted}; needed are ${String(MIN_ROWS)}: add customers`
      : left === 0 || stayed === 0
        ? `one class only, ${counted}: add customers of the other one`
        : Math.min(left, stayed) < MIN_OF_CLASS
          ? `${counted}; needed are ${String(MIN_OF_CLASS)} of each class: add customers`
          : undefined;
  if (fault !== undefined) throw new Error(`${where}: ${fault}`);
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
