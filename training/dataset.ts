import { countBadRows, type BadRowsRule } from '../schemas/csv/bad-rows.ts';
import { isRowErrors, readCustomer, type CsvFile, type RowErrors } from '../schemas/csv/customer.ts';
import type { CsvNeeds } from '../schemas/csv/header.ts';
import { trainedInputs, type CustomerEvent, type CustomerSchema, type InputValue } from '../schemas/customer/schema.ts'; // prettier-ignore

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
  /** Rows that were skipped, by the reason without any value of theirs. */
  readonly skipped?: ReadonlyMap<string, number>;
}

/** Rows read at most: all of them are held in memory. */
const MAX_ROWS = 2_000_000;
/** Errors reported at once. */
const MAX_ERRORS = 10;
/** Time of customers in a file without times: training does not look at it. */
const UNDATED_MS = Date.UTC(2020, 0, 1);

/** What to do about rows that cannot be read, and where to say what was skipped. */
export interface DatasetReading {
  readonly badRows: BadRowsRule;
  readonly notice: (line: string) => void;
}

/**
 * A labelled data set has all inputs that are trained on and the label.
 *
 * @throws Error if the schema has no label.
 */
export function datasetNeeds(customer: CustomerSchema, badRows: BadRowsRule): CsvNeeds {
  const { name, inputs, label } = customer;
  if (label === undefined)
    throw new Error(
      `the customer schema ${name} has no label: nothing can be learned without one, add \`label\``,
    );
  return {
    needed: [...trainedInputs(customer).map((input) => input.name), label.name],
    allowed: inputs.filter(({ isRetired }) => isRetired).map((input) => input.name),
    skipsPreamble: badRows === 'skip',
  };
}

/**
 * Collects the customers of a CSV: all inputs of the customer schema and its label; empty = missing.
 *
 * @param name of the dataset.
 * @throws Error naming up to ten errors, each with line, column and what to do; a customer without a label is one. If bad rows
 * are skipped, only for more than half of the rows.
 */
export async function collectDataset(
  file: CsvFile,
  customer: CustomerSchema,
  name: string,
  { badRows, notice }: DatasetReading,
): Promise<Omit<Dataset, 'sha256'>> {
  const bad = countBadRows({ name: file.name, rule: badRows, patience: MAX_ERRORS });
  const events: CustomerEvent[] = [];
  const labels: number[] = [];
  const rowNumbers: number[] = [];
  const share = createSharing(customer);
  const reasons = new Map<string, number>();
  const refuse = (errors: RowErrors): void => {
    bad.add(errors);
    for (const error of errors) countReason(reasons, error);
  };
  let index = 0;
  if (file.preamble.length > 0) refuse(file.preamble);
  for await (const row of file.rows) {
    if (index >= MAX_ROWS)
      throw new Error(
        `${file.name}:\n  line ${String(row.line)}: more than ${String(MAX_ROWS)} rows: train on a sample`,
      );
    const read = readCustomer(file.header, row, index, UNDATED_MS);
    index += 1;
    if (isRowErrors(read)) refuse(read);
    else if (read.churned === undefined)
      refuse([
        `line ${String(row.line)}, column ${file.header.place(customer.label?.name ?? '')}: empty: remove rows without a label`,
      ]);
    else {
      events.push(share(read.event));
      labels.push(Number(read.churned));
      rowNumbers.push(read.rowNumber);
    }
  }
  const skipped = bad.end(index + file.preamble.length);
  if (skipped !== undefined) notice(skipped);
  return {
    name,
    events,
    labels: Uint8Array.from(labels),
    rowNumbers,
    unread: file.header.ignored,
    skipped: reasons,
  };
}

/** Reasons that are told apart. */
const MAX_REASONS = 20;

/** Counts an error without its line and without what the cell holds. */
function countReason(reasons: Map<string, number>, error: string): void {
  const reason = error.replace(/^lines? [\d.]+, /, '').replace(/"[^"]*"/g, '"…"');
  const key = reasons.has(reason) || reasons.size < MAX_REASONS ? reason : 'other reasons';
  reasons.set(key, (reasons.get(key) ?? 0) + 1);
}

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
