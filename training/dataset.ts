import { INPUTS, LABEL } from '../schemas/csv/columns.ts';
import { isRowErrors, readCustomer, type CsvFile } from '../schemas/csv/customer.ts';
import type { CsvNeeds } from '../schemas/csv/header.ts';
import type { CustomerEvent, CustomerSchema, InputValue } from '../schemas/customer/schema.ts';

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
  /** Columns of the file that nothing reads. */
  readonly unread?: readonly string[];
}

/** Rows read at most: all of them are held in memory. */
const MAX_ROWS = 2_000_000;
/** Errors reported at once. */
const MAX_ERRORS = 10;
/** Time of customers in a file without times: training does not look at it. */
const UNDATED_MS = Date.UTC(2020, 0, 1);

/** A labelled data set has all model inputs and the label. */
export const DATASET_NEEDS: CsvNeeds = { needed: [...INPUTS, LABEL], allowed: [] };

/**
 * Collects the customers of a CSV: all inputs of the customer schema and its label; empty = missing.
 *
 * @param name of the dataset.
 * @throws Error naming up to ten errors, each with line, column and what to do; a customer without a label is one.
 */
export async function collectDataset(
  file: CsvFile,
  customer: CustomerSchema,
  name: string,
): Promise<Omit<Dataset, 'sha256'>> {
  const errors: string[] = [];
  const events: CustomerEvent[] = [];
  const labels: number[] = [];
  const rowNumbers: number[] = [];
  const share = createSharing(customer);
  let index = 0;
  for await (const row of file.rows) {
    if (index >= MAX_ROWS)
      throw refused(file.name, [
        `line ${String(row.line)}: more than ${String(MAX_ROWS)} rows: train on a sample`,
      ]);
    const read = readCustomer(file.header, row, index, UNDATED_MS);
    index += 1;
    if (isRowErrors(read)) errors.push(...read);
    else if (read.churned === undefined)
      errors.push(
        `line ${String(row.line)}, column ${file.header.place(LABEL)}: empty: remove rows without a label`,
      );
    else {
      events.push(share(read.event));
      labels.push(Number(read.churned));
      rowNumbers.push(read.rowNumber);
    }
    if (errors.length >= MAX_ERRORS) throw refused(file.name, errors);
  }
  if (errors.length > 0) throw refused(file.name, errors);
  return { name, events, labels: Uint8Array.from(labels), rowNumbers, unread: file.header.ignored };
}

const refused = (file: string, errors: readonly string[]): Error =>
  new Error(`${file}:\n  ${errors.slice(0, MAX_ERRORS).join('\n  ')}`);

/** One string for each level of a category, not one per row. */
function createSharing({ inputs }: Pick<CustomerSchema, 'inputs'>): (event: CustomerEvent) => CustomerEvent {
  const categories = inputs.filter(({ type }) => type === 'category').map(({ name }) => name);
  const texts = new Map<InputValue, InputValue>();
  return (event) => {
    const shared: Record<string, InputValue> = {};
    for (const name of categories) {
      const text = event[name] ?? null;
      if (!texts.has(text)) texts.set(text, text);
      shared[name] = texts.get(text) ?? null;
    }
    return { ...event, ...shared };
  };
}

/** Customers there must be, in all and of each class, for five folds and a holdout to mean anything. */
const MIN_ROWS = 100;
const MIN_OF_CLASS = 10;

/**
 * Refuses a dataset that nothing can be learned from.
 *
 * @throws Error that says what is lacking.
 */
export function assertTrainable(
  { labels }: Pick<Dataset, 'labels'>,
  { label }: Pick<CustomerSchema, 'label'>,
  source: string,
): void {
  const left = labels.reduce((sum, churned) => sum + churned, 0);
  const stayed = labels.length - left;
  const name = label?.name ?? 'label';
  const counted = `${String(labels.length)} customers, ${String(left)} of them left (${name} ${label?.churned[0] ?? ''}), ${String(stayed)} stayed (${label?.stayed[0] ?? ''})`;
  const where = `${source}:\n  lines 2..${String(labels.length + 1)}, column ${name}`;
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
