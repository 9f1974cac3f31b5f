/** Which column says who a customer is, and which one only counts rows. */
import { shown } from '../../schemas/csv/errors.ts';
import { plainName } from '../../schemas/customer/unique-names.ts';
import { isIdName } from './number-draft.ts';
import type { TableFacts } from './table-facts.ts';

export interface Identity {
  /** Positions of columns, from 0. */
  readonly customerId: { readonly at: number; readonly note: string } | undefined;
  readonly rowNumber: number | undefined;
}

/** Names of a customer's id, the surest first; without case and separators. */
const CUSTOMER = ['customerid', 'clientid', 'clientnum', 'clientno', 'customernumber', 'customerno', 'accountid', 'userid', 'memberid', 'subscriberid', 'id']; // prettier-ignore
const ROW = new Set([
  'rownumber',
  'rowid',
  'row',
  'rownum',
  'rownames',
  'index',
  'unnamed:0',
  'no',
  'nr',
  '#',
]);

/**
 * Finds the id: the named column, else one that is called like an id and has another value for each customer.
 *
 * @param label position of the label. @param named header of the id, if the user named it; it must be there.
 * @throws Error if another column is read as the id whatever the schema says.
 */
export function findId({ columns, sample }: TableFacts, label: number, named: string | undefined): Identity {
  const plain = columns.map(({ header }) => plainName(header));
  const others = columns.map(({ at }) => at).filter((at) => at !== label);
  const cellsOf = (at: number): string[] => sample.map((cells) => cells[at]!);
  const isUnique = (at: number): boolean => {
    const cells = cellsOf(at);
    return !cells.includes('') && new Set(cells).size === cells.length;
  };
  const rank = (at: number): number => CUSTOMER.indexOf(plain[at]!) + 1 || CUSTOMER.length + 1;
  const rowNumber = others.find((at) => ROW.has(plain[at]!) && countsUp(cellsOf(at)));
  const wanted = named === undefined ? undefined : plain.indexOf(plainName(named));
  const found =
    wanted ??
    others
      .filter(
        (at) =>
          at !== rowNumber && (isIdName(columns[at]!.header) || rank(at) <= CUSTOMER.length) && isUnique(at),
      )
      .sort((a, b) => rank(a) - rank(b) || a - b)[0];
  const builtIn = plain.indexOf('customerid');
  if (builtIn >= 0 && builtIn !== found && builtIn !== label && wanted !== undefined)
    throw new Error(
      `the column ${shown(columns[builtIn]!.header)} is always read as the customer's id: rename it, or name it with --id`,
    );
  if (found === undefined)
    return { customerId: builtIn >= 0 ? { at: builtIn, note: 'by its name' } : undefined, rowNumber };
  const note = wanted === undefined ? 'called like an id, and no two rows have the same' : 'as --id says';
  return { customerId: { at: found, note }, rowNumber: rowNumber === found ? undefined : rowNumber };
}

/** Whole numbers, each above the one before. */
function countsUp(cells: readonly string[]): boolean {
  const values = cells.map(Number);
  return cells.every((cell, i) => /^\d+$/.test(cell) && (i === 0 || values[i]! > values[i - 1]!));
}
