/** CSV files that no schema describes yet: the header as it is, and the rows of whatever length. */
import type { CsvRow } from './customer.ts';
import { findHeader } from './find-header.ts';
import { ENOUGH_BYTES, isEmpty, parseRecords, refuseOtherText } from './rows.io.ts';
import { LINES_LOOKED_AT, splitLine } from './separator.ts';
import { readText, type Chunks, type TextBlock } from './text.io.ts';

/** An open file. */
export interface RawCsv {
  readonly separator: string;
  /** The header, trimmed, with the line it ends on. */
  readonly header: CsvRow;
  /** Lines before the header that are not blank: a title, a date. */
  readonly before: number;
  /** All rows but those without any cell filled; also rows longer or shorter than the header. */
  readonly rows: AsyncIterable<CsvRow>;
}

/**
 * Opens a CSV without knowing its columns. Bytes, line ends, quotes: as `openCsv` reads them.
 *
 * @param name of the file, for messages. @param isWanted whether a cell is a column that the header must have.
 * @throws Error with line and column; from the rows too.
 */
export async function openRawCsv(
  input: Chunks,
  name: string,
  isWanted: (cell: string) => boolean,
): Promise<RawCsv> {
  const blocks = readText(input, name, (before, head) => {
    const { separator } = findHeader(head, isWanted);
    return `column ${String(splitLine(before, separator).length)}`;
  });
  try {
    const opened = await blocks.next();
    if (opened.done === true) throw isEmpty(name);
    refuseOtherText(name, opened.value, { skipsPreamble: true });
    const start = await wholeStart(opened.value, blocks);
    const text = start.bytes.toString('utf8', 0, 16 * ENOUGH_BYTES);
    const { separator, before } = findHeader(text, isWanted);
    const lines = text.split('\n', before);
    const skipped = Buffer.byteLength(lines.map((line) => `${line}\n`).join(''));
    const block = { ...start, bytes: start.bytes.subarray(skipped), line: start.line + before };
    const records = parseRecords(name, block, blocks, separator);
    const head = await records.next();
    if (head.done === true) throw isEmpty(name);
    const titles = lines.filter((line) => line.trim() !== '').length;
    return { separator, header: head.value, before: titles, rows: filled(records) };
  } catch (error) {
    await blocks.return(undefined);
    throw error;
  }
}

/** Enough of the beginning to see what most lines have in common: the first block may be short. */
async function wholeStart(first: TextBlock, others: AsyncGenerator<TextBlock>): Promise<TextBlock> {
  let { bytes } = first;
  while (bytes.length < ENOUGH_BYTES && bytes.toString('latin1').split('\n').length <= LINES_LOOKED_AT) {
    const next = await others.next();
    if (next.done === true) break;
    bytes = Buffer.concat([bytes, next.value.bytes]);
  }
  return { ...first, bytes };
}

async function* filled(records: AsyncIterable<CsvRow>): AsyncGenerator<CsvRow> {
  for await (const row of records) if (row.cells.some((cell) => cell !== '')) yield row;
}
