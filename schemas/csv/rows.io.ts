/** The one reader of CSV files, for training, scoring and publishing alike: rows come one at a time. */
import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import type { CustomerSchema } from '../customer/schema.ts';
import { csvColumns, type CsvColumns } from './columns.ts';
import { repeatsHeader, type CsvFile, type CsvRow } from './customer.ts';
import { fileError, shown } from './errors.ts';
import { checkHeader, placeOf, type CsvHeader, type CsvNeeds } from './header.ts';
import { isHeader, LINES_LOOKED_AT, linesBeforeHeader, separatorOf, splitLine } from './separator.ts';
import { readText, type Chunks, type TextBlock } from './text.io.ts';

/** Bytes of one row: a quote that is never closed is found before the file is held as one cell. */
const MAX_ROW_BYTES = 1_000_000;
/** Bytes of the file's beginning in which the header is looked for, if they are there. */
export const ENOUGH_BYTES = 65_536;

/**
 * Opens a CSV and checks its header before any row is read: the names of the schema, whatever their order, case and word
 * separators; commas, semicolons, tabs or bars between cells; UTF-8 or UTF-16; packed with gzip or not.
 *
 * @param name of the file, for messages.
 * @throws Error with line and column: here for the header and what is before it; `rows` does so for open and stray quotes,
 * a header of other columns below, bytes that are not text, and for a file without rows.
 */
export async function openCsv(
  input: Chunks,
  name: string,
  needs: CsvNeeds,
  schema: CustomerSchema,
): Promise<CsvFile> {
  const columns = csvColumns(schema);
  const blocks = readText(input, name, (before, head) => placeInLine(before, head, columns));
  try {
    const opened = await blocks.next();
    if (opened.done === true) throw isEmpty(name);
    refuseOtherText(name, opened.value, needs);
    const start = await wholeStart(opened.value, blocks, needs, columns);
    const { block, preamble } = skipPreamble(name, start, needs, columns);
    const separator = separatorOf(block.head, columns);
    const records = parseRecords(name, block, blocks, separator);
    const head = await records.next();
    if (head.done === true) throw isEmpty(name);
    const { line, cells } = head.value;
    const header = checkHeader(name, line, cells, separator, columns, needs);
    return { name, header, preamble, rows: checkedRows(name, header, records) };
  } catch (error) {
    await blocks.return(undefined);
    throw error;
  }
}

/** Enough of a file's beginning to find the header in it, where its first line is none: the first block may be short. */
async function wholeStart(
  first: TextBlock,
  others: AsyncGenerator<TextBlock>,
  { needed }: CsvNeeds,
  columns: CsvColumns,
): Promise<TextBlock> {
  if (isHeader(first.head, needed.length, columns)) return first;
  let { bytes } = first;
  while (bytes.length < ENOUGH_BYTES && bytes.toString('latin1').split('\n').length <= LINES_LOOKED_AT) {
    const next = await others.next();
    if (next.done === true) break;
    bytes = Buffer.concat([bytes, next.value.bytes]);
  }
  return { ...first, bytes };
}

/**
 * The text from the header on, and what is said of the lines before it that are no table: a title, a date.
 *
 * @throws Error for such lines, if they may not be skipped.
 */
function skipPreamble(
  name: string,
  first: TextBlock,
  { needed, skipsPreamble = false }: CsvNeeds,
  columns: CsvColumns,
): { readonly block: TextBlock; readonly preamble: readonly string[] } {
  const text = first.bytes.toString('utf8', 0, 16 * ENOUGH_BYTES);
  const before = linesBeforeHeader(text, needed.length, columns);
  if (before === 0) return { block: first, preamble: [] };
  const lines = text.split('\n');
  const header = first.line + before;
  const isTitle = lines.slice(0, before).findIndex((line) => line.trim() !== '');
  const where = `line ${String(first.line + isTitle)}`;
  const what = `not the header, which is line ${String(header)}: remove what is before it`;
  if (!skipsPreamble) throw fileError(name, where, `${what}, or skip it: --bad-rows skip`);
  const start = Buffer.byteLength(lines.slice(0, before).join('\n')) + 1;
  return {
    block: { bytes: first.bytes.subarray(start), line: header, head: lines[before]! },
    preamble: [`${where}: ${what}`],
  };
}

/** What is said of a file without a header. */
export const isEmpty = (name: string): Error =>
  fileError(name, 'line 1', 'the file is empty: it needs a header and rows');

/** Text that is no table. Throws an Error with its line. */
export function refuseOtherText(
  name: string,
  { head, line }: TextBlock,
  { skipsPreamble = false }: Pick<CsvNeeds, 'skipsPreamble'>,
): void {
  const what = /^[{[]/.test(head)
    ? 'the file is JSON: give it a name ending in .jsonl, with one event a line'
    : /^<[!?a-z]/i.test(head)
      ? 'the file is HTML or XML: save the table as CSV'
      : /^"?sep=/i.test(head) && !skipsPreamble
        ? `${shown(head)} is a spreadsheet's own line: remove it`
        : undefined;
  if (what !== undefined) throw fileError(name, `line ${String(line)}`, what);
}

/** The column by the separators before it; by number in the header itself. */
function placeInLine(before: string, head: string, columns: CsvColumns): string {
  const separator = separatorOf(head, columns);
  const cell = splitLine(before, separator).length;
  const name = head.startsWith(before) ? '' : (splitLine(head, separator)[cell - 1] ?? '');
  return `column ${placeOf(name, cell - 1)}`;
}

/** Records of cells, the header first. Throws an Error with line and column for open and stray quotes. */
export async function* parseRecords(
  name: string,
  first: TextBlock,
  others: AsyncGenerator<TextBlock>,
  separator: string,
): AsyncGenerator<CsvRow> {
  const linesBefore = first.line - 1;
  let last = linesBefore;
  let names: readonly string[] | undefined;
  async function* bytes(): AsyncGenerator<Buffer> {
    yield first.bytes;
    for await (const block of others) yield block.bytes;
  }
  const parser = parse({
    delimiter: separator,
    record_delimiter: '\n',
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: MAX_ROW_BYTES,
  });
  const push = parser.push.bind(parser);
  // The line is known while the parser pushes the record. Its own hook for that, on_record, costs a quarter of the reading.
  parser.push = (cells: string[] | null) => {
    if (cells === null) return push(null);
    last = linesBefore + parser.info.lines;
    names ??= cells;
    return push({ line: last, cells });
  };
  pipeline(Readable.from(bytes()), parser, () => undefined); // an error comes out of the iteration
  try {
    yield* parser as AsyncIterable<CsvRow>;
  } catch (cause) {
    throw asFileError(name, cause, linesBefore, last, names ?? []);
  }
}

/** All rows but those without any cell filled, which are blank lines. */
async function* checkedRows(
  name: string,
  header: CsvHeader,
  records: AsyncIterable<CsvRow>,
): AsyncGenerator<CsvRow> {
  const names = new Set(header.names.filter((cell) => cell !== ''));
  const probe = header.readers[0]!.at;
  let rows = 0;
  for await (const row of records) {
    if (row.cells.every((cell) => cell === '')) continue;
    if (names.has(row.cells[probe]!)) refuseOtherHeader(name, row, header);
    rows += 1;
    yield row;
  }
  if (rows === 0)
    throw fileError(name, `line ${String(header.line)}`, 'no rows below the header: add customers');
}

/** Files put together may have their columns in two orders: nothing below the second header would be read aright. */
function refuseOtherHeader(name: string, row: CsvRow, header: CsvHeader): void {
  const known = row.cells.filter((cell) => header.columns.find(cell) !== undefined).length;
  if (known * 2 <= row.cells.length || repeatsHeader(row, header)) return;
  throw fileError(
    name,
    `line ${String(row.line)}`,
    `another header, with the columns in another order than in line ${String(header.line)}: write the two tables to two files`,
  );
}

const QUOTES = new Map([
  ['CSV_QUOTE_NOT_CLOSED', 'a quote is opened and never closed'],
  ['CSV_MAX_RECORD_SIZE', 'a row of more than a megabyte, so most likely a quote that is never closed'],
  ['INVALID_OPENING_QUOTE', 'a quote inside a cell that is not quoted'],
  ['CSV_INVALID_CLOSING_QUOTE', 'text behind a closing quote'],
  ['CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE', 'text behind a closing quote'],
]);
/** Found only where the file ends; told for the row that they begin in. */
const FOUND_LATE = new Set(['CSV_QUOTE_NOT_CLOSED', 'CSV_MAX_RECORD_SIZE']);

/** An error of the parser in our words; any other error as it is. */
function asFileError(
  name: string,
  cause: unknown,
  linesBefore: number,
  lastLine: number,
  names: readonly string[],
): Error {
  if (!(cause instanceof Error)) return new Error(String(cause));
  const { code = '', column, lines } = cause as { code?: string; column?: number; lines?: number };
  const what = QUOTES.get(code);
  if (what === undefined) return cause;
  const line = FOUND_LATE.has(code) || lines === undefined ? lastLine + 1 : linesBefore + lines;
  const place = placeOf(names[column ?? 0] ?? '', column ?? 0);
  return fileError(name, `line ${String(line)}, column ${place}`, `${what}: write "a ""b"" c" for a "b" c`);
}
