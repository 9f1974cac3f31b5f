/** The one reader of CSV files, for training, scoring and publishing alike: rows come one at a time. */
import { pipeline, Readable } from 'node:stream';
import { parse, type Options } from 'csv-parse';
import type { CsvFile, CsvRow } from './customer.ts';
import { fileError, shown } from './errors.ts';
import { checkHeader, placeOf, separatorOf, splitLine, type CsvHeader, type CsvNeeds } from './header.ts';
import { readText, type Chunks, type PlaceInLine, type TextBlock } from './text.io.ts';

/** Bytes of one row: a quote that is never closed is found before the file is held as one cell. */
const MAX_ROW_BYTES = 1_000_000;

/**
 * Opens a CSV and checks its header before any row is read: the data set's names, whatever their order, case and word
 * separators; commas, semicolons, tabs or bars between cells; UTF-8 or UTF-16; packed with gzip or not.
 *
 * @param name of the file, for messages.
 * @throws Error with line and column: here for the header; `rows` does so for open and stray quotes, rows of another
 * length than the header, bytes that are not text, and for a file without rows.
 */
export async function openCsv(input: Chunks, name: string, needs: CsvNeeds): Promise<CsvFile> {
  const blocks = readText(input, name, placeInLine);
  try {
    const first = await blocks.next();
    if (first.done === true) throw isEmpty(name);
    refuseOtherText(name, first.value);
    const separator = separatorOf(first.value.head);
    const records = parseRecords(name, first.value, blocks, separator);
    const head = await records.next();
    if (head.done === true) throw isEmpty(name);
    const { line, cells } = head.value;
    const header = checkHeader(name, line, cells, separator, needs);
    return { name, header, rows: checkedRows(name, line, header, records) };
  } catch (error) {
    await blocks.return(undefined);
    throw error;
  }
}

const isEmpty = (name: string): Error =>
  fileError(name, 'line 1', 'the file is empty: it needs a header and rows');

/** Text that is no table. */
function refuseOtherText(name: string, { head, line }: TextBlock): void {
  const what = /^[{[]/.test(head)
    ? 'the file is JSON: give it a name ending in .jsonl, with one event a line'
    : /^<[!?a-z]/i.test(head)
      ? 'the file is HTML or XML: save the table as CSV'
      : /^"?sep=/i.test(head)
        ? `${shown(head)} is a spreadsheet's own line: remove it`
        : undefined;
  if (what !== undefined) throw fileError(name, `line ${String(line)}`, what);
}

/** The column by the separators before it; by number in the header itself. */
const placeInLine: PlaceInLine = (before, head) => {
  const separator = separatorOf(head);
  const cell = splitLine(before, separator).length;
  const name = head.startsWith(before) ? '' : (splitLine(head, separator)[cell - 1] ?? '');
  return `column ${placeOf(name, cell - 1)}`;
};

/** Records of cells, the header first. */
async function* parseRecords(
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
  const options: Options<CsvRow, string[]> = {
    delimiter: separator,
    record_delimiter: '\n',
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: MAX_ROW_BYTES,
    on_record: (cells: string[], { lines }) => {
      last = linesBefore + lines;
      names ??= cells;
      return { line: last, cells };
    },
  };
  const parser = parse(options as unknown as Options); // its types know records of texts only
  pipeline(Readable.from(bytes()), parser, () => undefined); // an error comes out of the iteration
  try {
    yield* parser as AsyncIterable<CsvRow>;
  } catch (cause) {
    throw asFileError(name, cause, linesBefore, last, names ?? []);
  }
}

/** Rows as long as the header; a row without any cell filled is a blank line. */
async function* checkedRows(
  name: string,
  headerLine: number,
  header: CsvHeader,
  records: AsyncIterable<CsvRow>,
): AsyncGenerator<CsvRow> {
  let rows = 0;
  for await (const row of records) {
    if (row.cells.every((cell) => cell === '')) continue;
    if (row.cells.length !== header.width) throw wrongLength(name, row, header);
    rows += 1;
    yield row;
  }
  if (rows === 0)
    throw fileError(name, `line ${String(headerLine)}`, 'no rows below the header: add customers');
}

function wrongLength(name: string, { line, cells }: CsvRow, { width, place, separator }: CsvHeader): Error {
  const isShort = cells.length < width;
  const where = `line ${String(line)}, column ${isShort ? place(cells.length) : String(width + 1)}`;
  const advice = isShort
    ? 'write an empty cell for what is unknown'
    : `quote cells that hold the separator ("a${separator} b")`;
  return fileError(name, where, `cells: ${String(cells.length)}, in the header: ${String(width)}: ${advice}`);
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
