import { printable } from '../schemas/printable.ts';

/** Characters of a text that a cell shows. */
const MAX_TEXT = 60;

/** A text from a file (a level, a column) as a cell or a part of a line: cut, on one line, without effect as Markdown. */
export function plain(text: string, most = MAX_TEXT): string {
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return printable(cut).replace(/[\\`*<[\]]/g, '\\$&');
}

/** A Markdown table, laid out as Prettier does it. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)));
  const [head, ...body] = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [head, rule, ...body].join('\n');
}
