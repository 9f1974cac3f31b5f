/** CSV with a header, read row by row; every fault is told with its line, its column and what to do. */
import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';

/** One row under its header. */
export interface CsvRow {
  /** Line of the file it ends on, from 1. */
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

/** Bytes of one row: a quote that is never closed is found before the file is held as one cell. */
const MAX_ROW_BYTES = 1_000_000;
const SEPARATORS = new Map([
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'bars'],
]);

/** The least that a fault of this CSV says: where, what, what to do. */
const fault = (name: string, where: string, what: string): Error =>
  new Error(`${name}:\n  ${where}: ${what}`);

/**
 * Reads a CSV: commas, UTF-8 (a byte order mark is passed over), cells quoted or not, empty lines passed over.
 *
 * @param wanted columns there must be; `known` ones are read too where they are there, all others are passed over.
 * @throws Error with line and column for text that is not UTF-8, other separators, columns missing or there twice, open
 * or stray quotes, cells missing or too many, and no rows at all.
 */
export function readCsv(
  csv: string | Uint8Array,
  name: string,
  columns: { readonly wanted: readonly string[]; readonly known: readonly string[] },
  onRow: (row: CsvRow) => void,
): void {
  const bytes =
    typeof csv === 'string' ? Buffer.from(csv) : Buffer.from(csv.buffer, csv.byteOffset, csv.length);
  if (bytes.length === 0) throw fault(name, 'line 1', 'the file is empty: it needs a header and rows');
  if (!isUtf8(bytes)) throw notUtf8(name, bytes);
  let header: readonly string[] | undefined;
  let taken: readonly (readonly [column: string, at: number])[] = [];
  let [line, rows] = [0, 0];
  const onRecord = (cells: string[], at: { readonly lines: number }): null => {
    line = at.lines;
    if (header === undefined) {
      checkHeader(name, line, cells, columns);
      header = cells;
      taken = [...columns.wanted, ...columns.known]
        .map((column) => [column, cells.indexOf(column)] as const)
        .filter(([, at]) => at >= 0);
      return null;
    }
    if (cells.length !== header.length) throw wrongLength(name, line, cells, header);
    rows += 1;
    onRow({ line, cells: Object.fromEntries(taken.map(([column, at]) => [column, cells[at]!])) });
    return null;
  };
  try {
    parse(bytes, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: MAX_ROW_BYTES,
      on_record: onRecord,
    });
  } catch (cause) {
    throw asFault(name, cause, line, header ?? []);
  }
  if (rows === 0) throw fault(name, `line ${String(line)}`, 'no rows below the header: add customers');
}

/** The first byte that is no UTF-8, by line and column. */
function notUtf8(name: string, bytes: Buffer): Error {
  const endOf = (from: number): number => {
    const end = bytes.indexOf(0x0a, from);
    return end < 0 ? bytes.length : end;
  };
  let [line, from] = [1, 0];
  for (; isUtf8(bytes.subarray(from, endOf(from))); line++) from = endOf(from) + 1;
  const bad = bytes.subarray(from, endOf(from));
  const readable = readableStart(bad);
  const cell = readable.split(',').length;
  const header = bytes.toString('utf8', 0, endOf(0)).trim().split(',');
  const column = line === 1 ? String(cell) : (header[cell - 1] ?? String(cell));
  const hex = bad[Buffer.byteLength(readable)]!.toString(16).toUpperCase();
  return fault(
    name,
    `line ${String(line)}, column ${column}`,
    `byte 0x${hex} is not UTF-8 (Latin-1 or UTF-16?): save the file as UTF-8, or convert it: iconv -f latin1 -t utf-8`,
  );
}

/** The text before the first byte that is no UTF-8. */
function readableStart(bytes: Buffer): string {
  const text = bytes.toString();
  for (let at = text.indexOf('\uFFFD'); at >= 0; at = text.indexOf('\uFFFD', at + 1)) {
    const start = text.slice(0, at);
    if (bytes[Buffer.byteLength(start)] !== 0xef) return start; // else the sign itself, which is valid
  }
  return text;
}

function checkHeader(
  name: string,
  line: number,
  header: readonly string[],
  { wanted, known }: { readonly wanted: readonly string[]; readonly known: readonly string[] },
): void {
  const where = `line ${String(line)}`;
  const other = [...SEPARATORS].find(([separator]) => header.length === 1 && header[0]!.includes(separator));
  if (other !== undefined)
    throw fault(
      name,
      `${where}, column 1`,
      `the cells are separated by ${other[1]}: save the file with commas`,
    );
  for (const column of [...wanted, ...known]) {
    const [first, second] = [header.indexOf(column), header.lastIndexOf(column)];
    if (first !== second)
      throw fault(
        name,
        `${where}, column ${String(second + 1)}`,
        `${column} is there twice (column ${String(first + 1)} too): remove or rename one of them`,
      );
  }
  const missing = wanted.filter((column) => !header.includes(column));
  if (missing.length > 0)
    throw fault(
      name,
      where,
      `columns missing: ${missing.join(', ')}: add or rename them (needed are ${wanted.join(', ')})`,
    );
}

function wrongLength(name: string, line: number, cells: readonly string[], header: readonly string[]): Error {
  const [found, wanted] = [cells.length, header.length];
  const where = `line ${String(line)}, column ${found < wanted ? header[found]! : String(wanted + 1)}`;
  const advice =
    found < wanted ? 'write an empty cell for what is unknown' : 'quote cells that hold a comma ("a, b")';
  return fault(name, where, `${String(found)} cells, the header has ${String(wanted)}: ${advice}`);
}

const QUOTES = new Map([
  ['CSV_QUOTE_NOT_CLOSED', 'a quote is opened and never closed'],
  ['CSV_MAX_RECORD_SIZE', 'a row of more than a megabyte, so most likely a quote that is never closed'],
  ['INVALID_OPENING_QUOTE', 'a quote inside a cell that is not quoted'],
  ['CSV_INVALID_CLOSING_QUOTE', 'text behind a closing quote'],
  ['CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE', 'text behind a closing quote'],
]);

/** A fault of the parser in our words; of anything else, that thing. */
function asFault(name: string, cause: unknown, line: number, header: readonly string[]): Error {
  if (!(cause instanceof Error)) return new Error(String(cause));
  const { code, column } = cause as { code?: string; column?: number };
  const what = QUOTES.get(code ?? '');
  if (what === undefined) return cause;
  const where = `line ${String(line + 1)}, column ${header[column ?? 0] ?? String((column ?? 0) + 1)}`;
  return fault(name, where, `${what}: write "a ""b"" c" for a "b" c`);
}
