/** The separator and the header of a CSV that no schema describes yet. */
import { LINES_LOOKED_AT, linesOf, SEPARATORS, splitLine, splitRows } from './separator.ts';

export interface FoundHeader {
  readonly separator: string;
  /** Lines of the text before the header. */
  readonly before: number;
}

interface Reading {
  readonly separator: string;
  /** Cells that most lines have. */
  readonly width: number;
  /** Lines that have so many. */
  readonly lines: number;
}

function readingOf(lines: readonly string[], separator: string): Reading {
  const widths = new Map<number, number>();
  for (const line of lines) {
    const width = splitLine(line, separator).length;
    if (width > 1) widths.set(width, (widths.get(width) ?? 0) + 1);
  }
  const [width, count] = [...widths].reduce(
    (best, next) => (next[1] > best[1] || (next[1] === best[1] && next[0] > best[0]) ? next : best),
    [1, 0],
  );
  return { separator, width, lines: count };
}

/**
 * Finds the separator under which most of the first lines have equally many cells, and the header: the first line that
 * has so many cells, a wanted one among them if any line has it. The header may lack one cell: that of a separator which ends
 * all rows but the header.
 *
 * @param text the beginning of the file. @param isWanted whether a cell is a column that the header must have.
 */
export function findHeader(text: string, isWanted: (cell: string) => boolean): FoundHeader {
  const lines = splitRows(text, LINES_LOOKED_AT);
  const filled = lines.filter((line) => line.trim() !== '');
  const { separator, width } = SEPARATORS.map((one) => readingOf(filled, one)).reduce((best, next) =>
    next.lines > best.lines || (next.lines === best.lines && next.width > best.width) ? next : best,
  );
  const rows = lines.map((line) => splitLine(line, separator));
  const named = [width, width - 1].map((cells) =>
    rows.findIndex((row) => row.length === cells && row.some(isWanted)),
  );
  const first = rows.findIndex((cells, i) => cells.length === width && lines[i]!.trim() !== '');
  const header = Math.max(0, named.find((row) => row >= 0) ?? first);
  return { separator, before: linesOf(lines.slice(0, header)) };
}
