/** What is wrong with the header of a CSV that no schema describes yet. */
import { fileError, shown } from '../schemas/csv/errors.ts';
import { repeated } from '../schemas/customer/collections.ts';
import { nearest } from '../schemas/customer/nearest.ts';
import { plainName, UNSAFE } from '../schemas/customer/unique-names.ts';
import { counted } from '../training/infer/column-draft.ts';
import type { Skipped } from '../training/infer/table-facts.ts';

/** Why no row is left to look at, and what to do. */
export const withoutRows = (cells: number, { count, lines: [first] }: Skipped): string =>
  count === 0
    ? 'no rows below the header: add customers'
    : `the header has ${String(cells)} cells, and all ${counted(count)} rows below it (from line ${String(first)}) have more or fewer: remove separators from the ends of the rows, or add one to the header`;

/** Refuses a header that has a name twice, one that cannot be in a schema, or lacks the label or the id. */
export function checkNames(
  file: string,
  line: number,
  names: readonly string[],
  wanted: readonly string[],
): void {
  const filled = names.filter((name) => name !== '');
  const [twice] = repeated(filled, plainName);
  const where = `line ${String(line)}`;
  if (twice !== undefined) {
    const at = names.flatMap((name, i) => (plainName(name) === plainName(twice) ? [String(i + 1)] : []));
    throw fileError(file, where, `the columns ${at.join(' and ')} are both called ${shown(twice)} (case and word separators do not count): rename one`); // prettier-ignore
  }
  const reserved = filled.find((name) => UNSAFE.has(name));
  if (reserved !== undefined)
    throw fileError(
      file,
      where,
      `the column ${shown(reserved)} has a name that JavaScript reserves: rename it`,
    );
  for (const name of wanted) {
    if (filled.some((other) => plainName(other) === plainName(name))) continue;
    const meant = nearest(name, filled);
    if (filled.length === 1)
      throw fileError(file, where, `the header has one cell, ${shown(filled[0]!)}, and none called ${shown(name)}: separate cells by commas, semicolons, tabs or bars`); // prettier-ignore
    const known = filled.slice(0, 30).map(shown).join(', ') + (filled.length > 30 ? ', …' : '');
    throw fileError(file, where, `no column is called ${shown(name)}${meant === undefined ? '' : `, did you mean ${shown(meant)}?`}: the columns are ${known}`); // prettier-ignore
  }
}
