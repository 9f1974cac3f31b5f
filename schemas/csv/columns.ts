/** The data set's columns: one table of their names, how files spell them, and what their cells hold. */
import { editDistance } from '../edit-distance.ts';

/** Model inputs: what a cell holds. A flag is true or false. */
export const INPUT_COLUMNS = {
  CreditScore: 'number',
  Geography: 'text',
  Gender: 'text',
  Age: 'number',
  Tenure: 'number',
  Balance: 'number',
  NumOfProducts: 'number',
  HasCrCard: 'flag',
  IsActiveMember: 'flag',
  EstimatedSalary: 'number',
} as const;
export type InputColumn = keyof typeof INPUT_COLUMNS;
export const INPUTS = Object.keys(INPUT_COLUMNS) as readonly InputColumn[];

/** 1 = the customer left. */
export const LABEL = 'Exited';
const IDENTITY = ['RowNumber', 'CustomerId', 'EventId', 'OccurredAt'] as const;
export type Column = InputColumn | (typeof IDENTITY)[number] | typeof LABEL;
export const COLUMNS: readonly Column[] = [...INPUTS, ...IDENTITY, LABEL];

/** Columns of the data set that nothing reads. */
const UNUSED = new Set(['surname']);

/** Names that other public editions of the data set use. */
const ALIASES: Readonly<Record<string, Column>> = {
  country: 'Geography',
  productsnumber: 'NumOfProducts',
  creditcard: 'HasCrCard',
  activemember: 'IsActiveMember',
  churn: 'Exited',
};

/** A name without case, spaces, underscores, hyphens, points and invisible characters. */
const plain = (name: string): string => name.toLowerCase().replace(/[\s_.\-\u200b-\u200d\u2060\ufeff]+/g, '');

const BY_NAME = new Map<string, Column>([
  ...Object.entries(ALIASES),
  ...COLUMNS.map((column): [string, Column] => [plain(column), column]),
]);

/** The column that a header cell names, whatever its case and word separators. */
export const columnNamed = (name: string): Column | undefined => BY_NAME.get(plain(name));

/** Whether a header cell names a column of the data set, read or not. */
export const isDatasetColumn = (name: string): boolean =>
  columnNamed(name) !== undefined || UNUSED.has(plain(name));

/** The event's field of a column: `CreditScore` → `creditScore`. */
export const fieldOf = (column: Column): string => column.charAt(0).toLowerCase() + column.slice(1);

/** How surely an unknown name is a misspelt column or field: a letter or two off, or only a part of the name. */
export type Likeness = 'misspelt' | 'related' | undefined;

export function likeness(name: string, column: string): Likeness {
  const [a, b] = [plain(name), plain(column)];
  if (a.length < 3 || a.length > 2 * b.length) return undefined;
  const edits = editDistance(a, b);
  if (edits <= Math.max(1, Math.floor(b.length / 5))) return 'misspelt';
  const isPart = Math.min(a.length, b.length) > 3 && (a.includes(b) || b.includes(a));
  return isPart || edits <= Math.floor(b.length / 3) ? 'related' : undefined;
}
