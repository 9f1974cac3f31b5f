/** Files of another schema with odd headers and rows. */
import { gzipSync } from 'node:zlib';
import { ofKind, type CsvCase, type CsvInput } from './csv-case.ts';
import { TELCO_CLEAN, TELCO_TABLE, telcoCell, telcoFile } from './telco.fixture.ts';

const [NAMES, ...ROWS] = TELCO_CLEAN.trimEnd().split('\n');
const HEADER = NAMES!;
const unnamed = telcoFile(TELCO_TABLE.map((cells) => cells.slice(1)));
const numbered = telcoFile(
  TELCO_TABLE.map((cells, i) => [i === 0 ? 'Customer ID' : String(i), ...cells.slice(1)]),
);

const headers: readonly CsvInput[] = [
  {
    input: 'names with units in another spelling: `monthly-charges ($)`',
    file: TELCO_CLEAN.replace('Monthly Charges ($)', 'monthly-charges ($)'),
    read: '',
  },
  {
    input: 'names without their units',
    file: TELCO_CLEAN.replace('Monthly Charges ($)', 'Monthly charges').replace('Tenure (months)', 'TENURE'),
    read: '',
  },
  {
    input: 'a name with another unit',
    file: TELCO_CLEAN.replace('Monthly Charges ($)', 'Monthly Charges (€)'),
    refused:
      'line 1: columns missing: monthlyCharges; "Monthly Charges (€)": did you mean monthlyCharges?: add or rename them, or do without them: --allow-missing monthlyCharges',
  },
  {
    input: '`Q1.1`, where the schema has `q11` and `q1_1`',
    file: TELCO_CLEAN.replace('q1_1', 'Q1.1'),
    refused: 'line 1, column 10: "Q1.1" may be "q11" or "q1_1": write it exactly as the one that it is',
  },
  {
    input: 'a line end in a quoted name',
    file: TELCO_CLEAN.replace('Monthly Charges ($)', '"Monthly\nCharges ($)"'),
    read: '',
  },
  {
    input: 'a column without a name, as an index is written',
    file: telcoFile(TELCO_TABLE.map((cells, i) => [i === 0 ? '' : String(i - 1), ...cells])),
    read: '',
  },
  {
    input: 'no column of ids',
    file: unnamed,
    sameAs: numbered,
    read: 'customers are numbered, and said so',
    notice: 'no column customerId',
  },
  {
    input: 'no label, for `produce --outcomes`',
    file: TELCO_CLEAN.replace('Churn', 'Remark'),
    needsLabels: true,
    refused: 'line 1: columns missing: Churn: add or rename them, or publish without --outcomes',
  },
];

const reordered = telcoFile(TELCO_TABLE.map((cells) => cells.toReversed()));
const preambles: readonly CsvInput[] = [
  {
    input: 'a title before the header',
    file: `Customers; as of May\n${TELCO_CLEAN}`,
    refused: 'line 1: not the header, which is line 2: remove what is before it, or skip it: --bad-rows skip',
  },
  {
    input: 'a title, a date and a blank line before the header, with `--bad-rows skip`',
    file: `Customers, all\n2026-05-31\n\n${TELCO_CLEAN}`,
    badRows: 'skip',
    read: 'the rest, and said so',
    notice: '1 of 5 rows skipped:\n  line 1: not the header, which is line 4',
  },
  {
    input: 'a line `sep=,` before the header, with `--bad-rows skip`',
    file: `sep=,\n${TELCO_CLEAN}`,
    badRows: 'skip',
    read: 'the rest, and said so',
    notice: 'line 1: not the header, which is line 2',
  },
  {
    input: 'the header again within the rows, as in files put together',
    file: `${TELCO_CLEAN}${TELCO_CLEAN}`,
    refused: 'line 6: the header again, as in line 1: remove the line, or skip it: --bad-rows skip',
  },
  {
    input: 'the header again, with `--bad-rows skip`',
    file: TELCO_CLEAN.replace(ROWS[1]!, `${HEADER}\n${ROWS[1]!}`),
    sameAs: telcoFile(TELCO_TABLE.map((cells, i) => [['No', '1', '3', '4', '5'][i]!, ...cells])),
    badRows: 'skip',
    read: 'the rest, and said so; rows keep their numbers',
    notice: '1 of 5 rows skipped:\n  line 3: the header again',
  },
  {
    input: 'a second header with the columns in another order, with `--bad-rows skip` too',
    file: `${TELCO_CLEAN}${reordered}`,
    badRows: 'skip',
    refused:
      'line 6: another header, with the columns in another order than in line 1: write the two tables to two files',
  },
];

const odd = (count: number): string =>
  Array.from({ length: count }, () => ROWS[0]!.replace('29.85', 'x')).join('\n');
const badRows: readonly CsvInput[] = [
  {
    input: 'a wrong number and a row of another width among six, to train with `--bad-rows skip`',
    file: `${HEADER}\n${ROWS.join('\n')}\nT-104,1,M\n${odd(1)}\n`,
    isTraining: true,
    badRows: 'skip',
    read: 'the rest, and said so',
    notice:
      '2 of 6 rows skipped:\n  line 6, column Partner (4): cells: 3, in the header: 11: write an empty cell for what is unknown\n  line 7, column Monthly Charges ($) (5): "x" is not a number',
  },
  {
    input: 'no label in one row, to train with `--bad-rows skip`',
    file: `${TELCO_CLEAN}T-104,1,M,Y,1,1,1,Iowa,1,1,\n`,
    isTraining: true,
    badRows: 'skip',
    read: 'the rest, and said so',
    notice: 'line 6, column Churn (11): empty: remove rows without a label',
  },
  {
    input: 'more bad rows than good ones, with `--bad-rows skip`',
    file: `${HEADER}\n${ROWS[0]!}\n${odd(2)}\n`,
    badRows: 'skip',
    refused:
      '2 of 3 rows cannot be read, more than half: correct the file\n  line 3, column Monthly Charges ($) (5): "x" is not a number: write it as 1234.5, or leave it empty where it is unknown\n  line 4, column Monthly Charges ($) (5): "x" is not a number: write it as 1234.5, or leave it empty where it is unknown',
  },
  {
    input: 'a quote inside a cell, with `--bad-rows skip` too',
    file: telcoCell('State', 'Te"xas'),
    badRows: 'skip',
    refused:
      'line 3, column State (8): a quote inside a cell that is not quoted: write "a ""b"" c" for a "b" c',
  },
];

const text = telcoFile(
  TELCO_TABLE.map((cells) => cells.map((cell) => cell.replaceAll('"', ''))),
  '\t',
);
const forms: readonly CsvInput[] = [
  {
    input: 'tabs in UTF-16, as spreadsheets save “Unicode text”',
    file: Buffer.from(`\uFEFF${text.replaceAll('\n', '\r\n')}`, 'utf16le'),
    read: '',
  },
  { input: 'bars in gzip', file: gzipSync(text.replaceAll('\t', '|')), name: 'customers.csv.gz', read: '' },
  {
    input: 'JSON lines with `--bad-rows skip`',
    file: '{"customerId":"T-100"}\n',
    name: 'customers.jsonl',
    badRows: 'skip',
    refused: 'JSON lines: --bad-rows skip is for CSV files: leave it out',
  },
];

export const TELCO_ROWS: readonly CsvCase[] = [
  ...ofKind('header', headers),
  ...ofKind('lines that are no rows', preambles),
  ...ofKind('bad rows', badRows),
  ...ofKind('form', forms),
];
