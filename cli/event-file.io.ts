/** Events of a file: a CSV through the one CSV reader, or JSON lines; what the reader learns goes to `notice`. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { BAD_ROWS, countBadRows, type BadRows, type BadRowsRule } from '../schemas/csv/bad-rows.ts';
import { isRowErrors, readCustomer, type CsvFile } from '../schemas/csv/customer.ts';
import { fileError, shown } from '../schemas/csv/errors.ts';
import { openCsv } from '../schemas/csv/rows.io.ts';
import type { Chunks } from '../schemas/csv/text.io.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';
import { eventNeeds } from './event-columns.ts';
import { watchInputs, type InputWatch } from './input-watch.ts';
import { readJsonLines } from './json-lines.io.ts';
import { list } from './options.ts';

/** What the options of {@link withEventFile} say. */
export interface ReadingOptions {
  /** Names of model inputs whose columns may be missing. */
  readonly allowMissing: readonly string[];
  readonly badRows: BadRowsRule;
}

export interface EventFileOptions extends ReadingOptions {
  readonly schema: CustomerSchema;
  /** Refuse a file without a label column. */
  readonly needsLabels?: boolean;
  readonly watch?: InputWatch;
  /** What there is to say of the file: columns nothing reads, fields nobody knows, inputs missing in every row, rows skipped. */
  readonly notice: (line: string) => void;
}

/** Which CSV files are read, for the help of the commands that read them. */
export const CSV_HELP = `
CSV files have the columns of the customer schema in any order, whatever the case and the word separators (MonthlyFee,
monthly_fee), between commas, semicolons, tabs or bars; in UTF-8 or UTF-16, packed with gzip or not. Numbers: 1234.5
(where commas do not separate cells also 1234,5; \`commas\` in the schema says what 1,234 is). Flags: 1, true, yes or 0,
false, no, and the schema's spellings. An empty cell is a missing value, and so are the schema's \`missing\` words. A file
with a wrong header is refused before its first row.`;
const EVENTS_HELP = `${CSV_HELP}
Files named .csv, .tsv, .csv.gz or .tsv.gz are read as CSV, an empty label as not known; all others as JSON lines.`;
/** Whether a file is read as CSV. */
export const isCsvFile = (path: string): boolean => /\.[ct]sv(?:\.gz)?$/i.test(path);
/** Unknown names that are said. */
const MOST_NAMED = 10;

/** Adds `--bad-rows`. */
export const withBadRows = (command: Command): Command =>
  command.addOption(
    new Option(
      '--bad-rows <rule>',
      'CSV rows that cannot be read: end there, or skip them if they are not more than half',
    )
      .choices(BAD_ROWS)
      .default('fail' satisfies BadRowsRule),
  );

/** Adds `--allow-missing` and `--bad-rows`, and says which files are read. */
export const withEventFile = (command: Command): Command =>
  withBadRows(
    command.addOption(
      new Option('--allow-missing <columns>', 'model inputs that the CSV may lack, as Income,MonthlyFee')
        .argParser(list)
        .default([], 'none'),
    ),
  ).addHelpText('after', EVENTS_HELP);

/**
 * Opens a file of events (`.csv` and `.tsv` with the columns of the schema, else JSON lines; `-` = JSON lines on stdin).
 * A CSV's header is checked here, its rows one at a time while they are read; if bad rows are skipped, all of them are
 * looked at here, so that a file with too many is refused before its first event is used.
 *
 * @throws Error with line and column; from the iteration too.
 */
export async function openEvents(
  path: string,
  options: EventFileOptions,
): Promise<AsyncGenerator<SourcedEvent>> {
  if (isCsvFile(path)) return watched(await openCsvEvents(path, options), options);
  if (options.needsLabels === true)
    throw fileError(
      path,
      'JSON lines',
      `they have no labels: publish without --outcomes, or a CSV with ${options.schema.label?.name ?? 'labels'}`,
    );
  if (options.badRows === 'skip')
    throw fileError(path, 'JSON lines', '--bad-rows skip is for CSV files: leave it out');
  const input = path === '-' ? process.stdin : createReadStream(path);
  return watched(fromJsonLines(input, path, options), options);
}

async function* fromJsonLines(
  input: Chunks,
  path: string,
  { schema, notice }: EventFileOptions,
): AsyncGenerator<SourcedEvent> {
  for await (const event of readJsonLines(input, path, schema, notice)) yield { event, churned: undefined };
}

async function openCsvEvents(path: string, options: EventFileOptions): Promise<AsyncGenerator<SourcedEvent>> {
  const { schema, badRows, notice } = options;
  const needs = eventNeeds(schema, options);
  const open = (): Promise<CsvFile> => openCsv(createReadStream(path), path, needs, schema);
  const bad = (): BadRows => countBadRows({ name: path, rule: badRows, patience: 1 });
  if (badRows === 'skip') {
    if (!(await stat(path)).isFile())
      throw fileError(path, '--bad-rows skip', 'it is read twice, which only a file can be: write it to one');
    const said = await survey(await open(), bad());
    if (said !== undefined) notice(said);
  }
  const file = await open();
  noticeColumns(file, notice);
  return customersOf(file, bad());
}

/** Reads all rows; see {@link BadRows.end}. */
async function survey(file: CsvFile, bad: BadRows): Promise<string | undefined> {
  let rows = file.preamble.length;
  if (rows > 0) bad.add(file.preamble);
  for await (const row of file.rows) {
    const customer = readCustomer(file.header, row, rows, Date.now());
    if (isRowErrors(customer)) bad.add(customer);
    rows += 1;
  }
  return bad.end(rows);
}

function noticeColumns({ header, name }: CsvFile, notice: (line: string) => void): void {
  const ignored = header.ignored.map(shown);
  if (ignored.length > 0) notice(`${name}: columns not read: ${some(ignored)}`);
  const { customerId } = header.columns.schema;
  if (!header.positions.has(customerId.name))
    notice(
      `${name}: no column ${header.columns.byField.get(customerId.name)!.name}: customers are called by the number of their row`,
    );
}

async function* customersOf({ header, rows }: CsvFile, bad: BadRows): AsyncGenerator<SourcedEvent> {
  let index = 0;
  for await (const row of rows) {
    const customer = readCustomer(header, row, index, Date.now());
    if (isRowErrors(customer)) bad.add(customer);
    else yield { event: customer.event, churned: customer.churned };
    index += 1;
  }
}

const some = (names: readonly string[]): string =>
  names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ', …' : '');

/** Whether an input is filled in anywhere is told at the end. */
async function* watched(
  events: AsyncIterable<SourcedEvent>,
  { schema, watch = watchInputs(schema), notice }: EventFileOptions,
): AsyncGenerator<SourcedEvent> {
  for await (const sourced of events) {
    watch.see(sourced.event);
    yield sourced;
  }
  for (const warning of watch.warnings()) notice(`warning: ${warning}`);
}
