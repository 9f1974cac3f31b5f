/** What an odd CSV is made of: a clean file of invented customers, and ways to spoil it. */
import type { BadRowsRule } from '../../schemas/csv/bad-rows.ts';
import type { CustomerSchema } from '../../schemas/customer/schema.ts';

/** Odd files of one schema: a section of docs/bad-inputs.md. */
export interface CsvSet {
  readonly section: string;
  readonly schema: CustomerSchema;
  /** The file as it should be, and its labels. */
  readonly clean: string;
  readonly labels: readonly (boolean | undefined)[];
  readonly cases: readonly CsvCase[];
}

/** One odd file; exactly one of `read` and `refused` is there. */
export interface CsvCase {
  /** At most ten cases of a kind. */
  readonly kind: string;
  readonly input: string;
  readonly file: string | Buffer;
  /** Default: customers.csv. */
  readonly name?: string;
  /** Read as `train` does it; default: as `score` does. */
  readonly isTraining?: true;
  /** `produce --outcomes`. */
  readonly needsLabels?: true;
  /** Default: fail. */
  readonly badRows?: BadRowsRule;
  readonly allowMissing?: readonly string[];
  /** The same events as those of the clean file, and what else there is to say. */
  readonly read?: string;
  /** A file with the same events, if it is not the clean one. */
  readonly sameAs?: string;
  /** Labels, if they are not those of the clean file. */
  readonly labels?: readonly (boolean | undefined)[];
  /** What is said of the file, in part. */
  readonly notice?: string;
  /** The error, but for the file's name. */
  readonly refused?: string;
}

export const HEADER =
  'RowNumber,CustomerId,Surname,CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,IsActiveMember,EstimatedSalary,Exited';
export const ROWS = [
  '1,501,Vale,642,France,Female,41,3,0,1,1,0,54321.5,1',
  '2,502,Reed,715,Germany,Male,36,7,74819.83,2,0,1,98765.25,0',
  '3,503,Ibsen,588,Spain,Female,58,,1250.5,1,1,1,112000,1',
];
export const file = (header: string, rows: readonly string[]): string => [header, ...rows, ''].join('\n');
/** The file as it should be. */
export const CLEAN = file(HEADER, ROWS);
const NAMES = HEADER.split(',');
export const TABLE = [NAMES, ...ROWS.map((row) => row.split(','))];

export const joined = (table: readonly (readonly string[])[], separator = ','): string =>
  table.map((cells) => `${cells.join(separator)}\n`).join('');
export const renamed = (from: string, to: string): string =>
  CLEAN.replace(new RegExp(`(^|,)${from}(?=,|\n)`), `$1${to}`);
/** The clean file with each cell of a column changed. */
export const changed = (column: string, change: (cell: string) => string): string =>
  joined(
    TABLE.map((cells, i) => cells.map((cell, j) => (i > 0 && NAMES[j] === column ? change(cell) : cell))),
  );
/** The clean file with the cell of its second customer, on line 3, replaced. */
export const withCell = (column: string, cell: string): string =>
  joined(TABLE.map((cells, i) => cells.map((old, j) => (i === 2 && NAMES[j] === column ? cell : old))));
export const without = (column: string): string =>
  joined(TABLE.map((cells) => cells.filter((_, j) => NAMES[j] !== column)));
export const decimalCommas = TABLE.map((cells) => cells.map((cell) => cell.replace('.', ',')));

/** A case within its kind. */
export type CsvInput = Omit<CsvCase, 'kind'>;
export const ofKind = (kind: string, inputs: readonly CsvInput[]): CsvCase[] =>
  inputs.map((input) => ({ kind, ...input }));
