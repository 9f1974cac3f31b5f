/** Events of a file: a CSV through the one CSV reader, or JSON lines; what the reader learns goes to `notice`. */
import { createReadStream } from 'node:fs';
import { Option, type Command } from 'commander';
import { INPUTS, LABEL, type InputColumn } from '../schemas/csv/columns.ts';
import { isRowErrors, readCustomer, type CsvFile } from '../schemas/csv/customer.ts';
import { fileError, shown } from '../schemas/csv/errors.ts';
import { openCsv } from '../schemas/csv/rows.io.ts';
import type { Chunks } from '../schemas/csv/text.io.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';
import { watchInputs, type InputWatch } from './input-watch.ts';
import { readJsonLines } from './json-lines.io.ts';
import { listOf } from './options.ts';

export interface EventFileOptions {
  /** Model inputs whose columns may be missing. */
  readonly allowMissing: readonly InputColumn[];
  /** Refuse a file without a label column. */
  readonly needsLabels?: boolean;
  readonly watch?: InputWatch;
  /** One line about the file: columns nothing reads, fields nobody knows, inputs missing in every row. */
  readonly notice: (line: string) => void;
}

/** Which CSV files are read, for the help of the commands that read them. */
export const CSV_HELP = `
CSV files have the data set's columns in any order, whatever the case and the word separators (CreditScore,
credit_score), between commas, semicolons, tabs or bars; in UTF-8 or UTF-16, packed with gzip or not. Numbers: 1234.5
(where commas do not separate cells also 1234,5). Flags and labels: 1, true, yes or 0, false, no. An empty cell is a
missing value. ${LABEL} is the label. A file with a wrong header is refused before its first row.`;
const EVENTS_HELP = `${CSV_HELP}
Files named .csv, .tsv, .csv.gz or .tsv.gz are read as CSV, an empty label as not known; all others as JSON lines.`;
/** Whether a file is read as CSV. */
export const isCsvFile = (path: string): boolean => /\.[ct]sv(?:\.gz)?$/i.test(path);
/** Unknown names that are said. */
const MOST_NAMED = 10;

/** Adds `--allow-missing` and says which files are read. */
export const withEventFile = (command: Command): Command =>
  command
    .addOption(
      new Option('--allow-missing <columns>', 'model inputs that the CSV may lack, as Tenure,Balance')
        .argParser(listOf(INPUTS))
        .default([], 'none'),
    )
    .addHelpText('after', EVENTS_HELP);

/**
 * Opens a file of events (`.csv` and `.tsv` with the data set's columns, else JSON lines; `-` = JSON lines on stdin).
 * A CSV's header is checked here, its rows one at a time while they are read.
 *
 * @throws Error with line and column; from the iteration too.
 */
export async function openEvents(
  path: string,
  options: EventFileOptions,
): Promise<AsyncGenerator<SourcedEvent>> {
  const isCsv = isCsvFile(path);
  if (!isCsv && options.needsLabels === true)
    throw fileError(
      path,
      'JSON lines',
      `they have no labels: publish without --outcomes, or a CSV with ${LABEL}`,
    );
  const input = path === '-' ? process.stdin : createReadStream(path);
  const events = isCsv
    ? fromCsv(await openEventCsv(input, path, options), options)
    : fromJsonLines(input, path, options);
  return watched(events, options);
}

async function* fromJsonLines(
  input: Chunks,
  path: string,
  { notice }: EventFileOptions,
): AsyncGenerator<SourcedEvent> {
  for await (const event of readJsonLines(input, path, notice)) yield { event, churned: undefined };
}

function openEventCsv(input: Chunks, path: string, options: EventFileOptions): Promise<CsvFile> {
  const inputs = INPUTS.filter((column) => !options.allowMissing.includes(column));
  return openCsv(input, path, {
    needed: options.needsLabels === true ? [...inputs, LABEL] : inputs,
    allowed: options.allowMissing,
    otherwise: (missing) =>
      missing.includes(LABEL)
        ? 'publish without --outcomes'
        : `do without them: --allow-missing ${missing.join(',')}`,
  });
}

async function* fromCsv(file: CsvFile, { notice }: EventFileOptions): AsyncGenerator<SourcedEvent> {
  const { header, name, rows } = file;
  const ignored = header.ignored.map(shown);
  if (ignored.length > 0) notice(`${name}: columns not read: ${some(ignored)}`);
  if (!header.positions.has('CustomerId'))
    notice(`${name}: no column CustomerId: customers are called by the number of their row`);
  let index = 0;
  for await (const row of rows) {
    const customer = readCustomer(header, row, index, Date.now());
    if (isRowErrors(customer)) throw new Error(`${name}:\n  ${customer.join('\n  ')}`);
    yield { event: customer.event, churned: customer.churned };
    index += 1;
  }
}

const some = (names: readonly string[]): string =>
  names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ', …' : '');

/** Whether an input is filled in anywhere is told at the end. */
async function* watched(
  events: AsyncIterable<SourcedEvent>,
  { watch = watchInputs(), notice }: EventFileOptions,
): AsyncGenerator<SourcedEvent> {
  for await (const sourced of events) {
    watch.see(sourced.event);
    yield sourced;
  }
  for (const warning of watch.warnings()) notice(`warning: ${warning}`);
}
