/** The separator and the header of a CSV that no schema describes yet. */
import { LINES_LOOKED_AT, SEPARATORS, splitLine } from './separator.ts';

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
 * has so many cells, a wanted one among them if any line has it.
 *
 * @param text the beginning of the file. @param isWanted whether a cell is a column that the header must have.
 */
export function findHeader(text: string, isWanted: (cell: string) => boolean): FoundHeader {
  const lines = text.split('\n', LINES_LOOKED_AT);
  const filled = lines.filter((line) => line.trim() !== '');
  const { separator, width } = SEPARATORS.map((one) => readingOf(filled, one)).reduce((best, next) =>
    next.lines > best.lines || (next.lines === best.lines && next.width > best.width) ? next : best,
  );
  const rows = lines.map((line) => splitLine(line, separator));
  const named = rows.findIndex((cells) => cells.length === width && cells.some(isWanted));
  const first = rows.findIndex((cells, i) => cells.length === width && lines[i]!.trim() !== '');
  return { separator, before: Math.max(0, named >= 0 ? named : first) };
}
