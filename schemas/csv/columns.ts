/** The columns that CSV files have by a customer schema: their names, how files may spell them, and what they fill. */
import type { CustomerInput, CustomerSchema } from '../customer/schema.ts';
import { plainName } from '../customer/unique-names.ts';
import { editDistance } from '../edit-distance.ts';

export type ColumnRole = 'input' | 'rowNumber' | 'customerId' | 'eventId' | 'occurredAt' | 'label';

/** One column that is read. */
export interface CsvColumn {
  readonly role: ColumnRole;
  /** What it fills: a field of the event, the label by its name, or {@link ROW_NUMBER}. */
  readonly field: string;
  /** As messages call it: the first of its other names, else its own. */
  readonly name: string;
  /** All of its names. */
  readonly names: readonly string[];
  /** Of an input. */
  readonly input?: CustomerInput;
}

/** All columns of a schema. */
export interface CsvColumns {
  readonly schema: CustomerSchema;
  /** Inputs first, in the order of the schema. */
  readonly all: readonly CsvColumn[];
  /** By field. */
  readonly byField: ReadonlyMap<string, CsvColumn>;
  /** What a header cell names: a column, one of those that nothing reads, nothing known, or one of several. */
  readonly find: (header: string) => CsvColumn | 'ignored' | undefined | Rivals;
}

/** Columns that a header cell may mean: it has the words of several names, and the letters of none. */
export interface Rivals {
  readonly rivals: readonly string[];
}

export const isRivals = (found: ReturnType<CsvColumns['find']>): found is Rivals =>
  typeof found === 'object' && 'rivals' in found;
export const isColumn = (found: ReturnType<CsvColumns['find']>): found is CsvColumn =>
  typeof found === 'object' && 'role' in found;

/** The field of the row's number: no event has one. */
export const ROW_NUMBER = '#';

/** The columns of a schema. Header cells match whatever their case and word separators; of two such names the exact one. */
export function csvColumns(schema: CustomerSchema): CsvColumns {
  const all = columnsOf(schema);
  const exact = new Map<string, CsvColumn | 'ignored'>();
  const byWords = new Map<string, { name: string; column: CsvColumn | 'ignored' }[]>();
  const add = (name: string, column: CsvColumn | 'ignored'): void => {
    if (exact.has(name)) return;
    exact.set(name, column);
    const same = byWords.get(plainName(name)) ?? [];
    byWords.set(plainName(name), same);
    if (!same.some((other) => other.column === column)) same.push({ name, column });
  };
  for (const column of all) for (const name of column.names) add(name, column);
  for (const name of schema.ignored) add(name, 'ignored');
  return {
    schema,
    all,
    byField: new Map(all.map((column) => [column.field, column])),
    find: (header) => {
      const known = exact.get(header.trim());
      if (known !== undefined) return known;
      const same = byWords.get(plainName(header)) ?? [];
      return same.length > 1 ? { rivals: same.map(({ name }) => name) } : same[0]?.column;
    },
  };
}

function columnsOf(schema: CustomerSchema): CsvColumn[] {
  const { inputs, rowNumber, customerId, eventId, occurredAt, label } = schema;
  const named = (
    role: ColumnRole,
    { name, aliases, headers }: { name: string; aliases: readonly string[]; headers: readonly string[] },
  ): CsvColumn => ({
    role,
    field: name,
    name: aliases[0] ?? name,
    names: [...new Set([name, ...aliases, ...headers])],
  });
  return [
    ...inputs.map((input) => ({ ...named('input', input), input })),
    ...(rowNumber.length === 0
      ? []
      : [{ role: 'rowNumber' as const, field: ROW_NUMBER, name: rowNumber[0]!, names: rowNumber }]),
    named('customerId', customerId),
    named('eventId', eventId),
    named('occurredAt', occurredAt),
    ...(label === undefined ? [] : [named('label', label)]),
  ];
}

/** How surely an unknown name is a misspelt column or field: a letter or two off, or only a part of the name. */
export type Likeness = 'misspelt' | 'related' | undefined;

export function likeness(name: string, column: string): Likeness {
  const [a, b] = [plainName(name), plainName(column)];
  if (a.length < 3 || a.length > 2 * b.length) return undefined;
  const edits = editDistance(a, b);
  if (edits <= Math.max(1, Math.floor(b.length / 5))) return 'misspelt';
  const isPart = Math.min(a.length, b.length) > 3 && (a.includes(b) || b.includes(a));
  return isPart || edits <= Math.floor(b.length / 3) ? 'related' : undefined;
}
