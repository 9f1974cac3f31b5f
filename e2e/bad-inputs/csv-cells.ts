/** Files with odd cells: numbers, flags, texts, labels, ids and times. */
import {
  changed,
  CLEAN,
  joined,
  ofKind,
  renamed,
  TABLE,
  withCell,
  without,
  type CsvCase,
  type CsvInput,
} from './csv-case.ts';

/** The clean file with a column more. */
const withColumn = (name: string, cells: readonly string[]): string =>
  joined(TABLE.map((row, i) => [...row, i === 0 ? name : cells[i - 1]!]));
const asFloat = (cell: string): string => (/^\d+$/.test(cell) ? `${cell}.0` : cell);

const numbers: readonly CsvInput[] = [
  { input: '`642.0` for `642`', file: changed('CreditScore', asFloat), read: '' },
  { input: '`74,819.83` in quotes', file: withCell('Balance', '"74,819.83"'), read: '' },
  {
    input: '`1,234` in quotes',
    file: withCell('Balance', '"1,234"'),
    refused:
      'line 3, column Balance (9): "1,234" is 1.234 or 1234: write it without thousands separators, as 1234.5',
  },
  {
    input: '`1,5` in quotes',
    file: withCell('Balance', '"1,5"'),
    refused:
      'line 3, column Balance (9): "1,5" is not a number: write it as 1234.5, or leave it empty where it is unknown',
  },
  { input: '`7.481983e4`', file: withCell('Balance', '7.481983e4'), read: '' },
  {
    input: '`€ 74819.83`',
    file: withCell('Balance', '€ 74819.83'),
    refused:
      'line 3, column Balance (9): "€ 74819.83" is not a number: write it as 1234.5, or leave it empty where it is unknown',
  },
  {
    input: '`0x2CB`',
    file: withCell('CreditScore', '0x2CB'),
    refused:
      'line 3, column CreditScore (4): "0x2CB" is not a number: write it as 1234.5, or leave it empty where it is unknown',
  },
  {
    input: '`Infinity`',
    file: withCell('Balance', 'Infinity'),
    refused: 'line 3, column Balance (9): "Infinity" is larger than any model can take (3.4e38): correct it',
  },
  {
    input: '`1e300`',
    file: withCell('EstimatedSalary', '1e300'),
    refused:
      'line 3, column EstimatedSalary (13): "1e300" is larger than any model can take (3.4e38): correct it',
  },
  {
    input: '`NaN`',
    file: withCell('Tenure', 'NaN'),
    refused:
      'line 3, column Tenure (8): "NaN" is not a number: write it as 1234.5, or leave it empty where it is unknown',
  },
];

const impossible: readonly CsvInput[] = [
  {
    input: 'an age of −3',
    file: withCell('Age', '-3'),
    refused: 'line 3, column Age (7): age is below 0, possible are 0..150: correct it, or leave it empty',
  },
  {
    input: 'an age of 200',
    file: withCell('Age', '200'),
    refused: 'line 3, column Age (7): age is too large, possible are 0..150: correct it, or leave it empty',
  },
  {
    input: 'an age of 36.5',
    file: withCell('Age', '36.5'),
    refused: 'line 3, column Age (7): age is not a whole number: correct it, or leave it empty',
  },
  {
    input: 'a credit score of 1500',
    file: withCell('CreditScore', '1500'),
    refused:
      'line 3, column CreditScore (4): creditScore is too large, possible are 0..1000: correct it, or leave it empty',
  },
  {
    input: 'a balance of −1',
    file: withCell('Balance', '-1'),
    refused:
      'line 3, column Balance (9): balance is below 0, possible are 0..any finite amount: correct it, or leave it empty',
  },
  {
    input: 'three wrong cells in a row',
    file: withCell('Age', 'old').replace(',715,', ',good,').replace(',2,0,1,', ',two,0,1,'),
    refused:
      'line 3, column CreditScore (4): "good" is not a number: write it as 1234.5, or leave it empty where it is unknown\n  line 3, column Age (7): "old" is not a number: write it as 1234.5, or leave it empty where it is unknown\n  line 3, column NumOfProducts (10): "two" is not a number: write it as 1234.5, or leave it empty where it is unknown',
  },
];

const flags: readonly CsvInput[] = [
  { input: '`Yes` and `No`', file: changed('HasCrCard', (cell) => (cell === '1' ? 'Yes' : 'No')), read: '' },
  {
    input: '`TRUE` and `FALSE`',
    file: changed('IsActiveMember', (cell) => (cell === '1' ? 'TRUE' : 'FALSE')),
    read: '',
  },
  { input: '`1.0` and `0.0`', file: changed('HasCrCard', asFloat), read: '' },
  {
    input: '`2`',
    file: withCell('HasCrCard', '2'),
    refused:
      'line 3, column HasCrCard (11): "2" is not 1, true or yes, nor 0, false or no: correct it, or leave it empty',
  },
  {
    input: '`ja`',
    file: withCell('HasCrCard', 'ja'),
    refused:
      'line 3, column HasCrCard (11): "ja" is not 1, true or yes, nor 0, false or no: correct it, or leave it empty',
  },
  {
    input: '`NULL` as a country',
    file: withCell('Geography', 'NULL'),
    refused: 'line 3, column Geography (5): "NULL" is no value: leave the cell empty where it is unknown',
  },
  {
    input: '`#N/A` as a gender',
    file: withCell('Gender', '#N/A'),
    refused: 'line 3, column Gender (6): "#N/A" is no value: leave the cell empty where it is unknown',
  },
  {
    input: 'a country of 200 letters',
    file: withCell('Geography', 'x'.repeat(200)),
    refused:
      'line 3, column Geography (5): geography has 200 characters, allowed are at most 128: correct it, or leave it empty',
  },
];

const LEFT = (cell: string): boolean => cell === '1';
const labels: readonly CsvInput[] = [
  { input: '`1.0` and `0.0`', file: changed('Exited', asFloat), read: '' },
  { input: '`yes` and `no`', file: changed('Exited', (cell) => (LEFT(cell) ? 'yes' : 'no')), read: '' },
  {
    input: '`True` and `False`',
    file: changed('Exited', (cell) => (LEFT(cell) ? 'True' : 'False')),
    read: '',
  },
  {
    input: 'an empty label',
    file: withCell('Exited', ''),
    read: 'no outcome for it',
    labels: [true, undefined, true],
  },
  {
    input: 'an empty label, to train',
    file: withCell('Exited', ''),
    isTraining: true,
    refused: 'line 3, column Exited (14): empty: remove rows without a label',
  },
  {
    input: '`2`',
    file: withCell('Exited', '2'),
    refused:
      'line 3, column Exited (14): "2", not 0, false or no (stayed), nor 1, true or yes (left): correct it',
  },
  {
    input: '`left`',
    file: withCell('Exited', 'left'),
    refused:
      'line 3, column Exited (14): "left", not 0, false or no (stayed), nor 1, true or yes (left): correct it',
  },
  {
    input: '`-1`',
    file: withCell('Exited', '-1'),
    refused:
      'line 3, column Exited (14): "-1", not 0, false or no (stayed), nor 1, true or yes (left): correct it',
  },
];

const identity: readonly CsvInput[] = [
  { input: '`502.0` as a customer id', file: changed('CustomerId', asFloat), read: '' },
  {
    input: '`1.23457E+11` as a customer id',
    file: withCell('CustomerId', '1.23457E+11'),
    refused:
      'line 3, column CustomerId (2): "1.23457E+11" is a rounded number, its last digits are lost: export the column as text',
  },
  {
    input: 'an empty customer id',
    file: withCell('CustomerId', ''),
    refused: 'line 3, column CustomerId (2): customerId has 0 characters, allowed are 1..128: correct it',
  },
  {
    input: 'a customer id of 200 characters',
    file: withCell('CustomerId', 'c'.repeat(200)),
    refused:
      'line 3, column CustomerId (2): customerId has 200 characters, allowed are at most 128: correct it',
  },
  {
    input: '`x` as a row number',
    file: withCell('RowNumber', 'x'),
    refused: 'line 3, column RowNumber (1): "x", not a whole number: correct it',
  },
  {
    input: 'an empty row number',
    file: withCell('RowNumber', ''),
    refused: 'line 3, column RowNumber (1): "", not a whole number: correct it',
  },
  {
    input: 'an empty event id',
    file: withColumn('EventId', ['e1', '', 'e3']),
    refused: 'line 3, column EventId (15): eventId has 0 characters, allowed are 1..128: correct it',
  },
  {
    input: '`1764000000000` and `2025-11-24T16:00:00Z` as times',
    file: withColumn('OccurredAt', ['1764000000000', '2025-11-24T16:00:00Z', '1764000000000.0']),
    sameAs: withColumn('OccurredAt', ['1764000000000', '1764000000000', '1764000000000']),
    read: '',
  },
  {
    input: '`yesterday` as a time',
    file: withColumn('OccurredAt', ['1764000000000', 'yesterday', '1764000000000']),
    refused:
      'line 3, column OccurredAt (15): occurredAt is a string, not milliseconds since 1970 or an ISO 8601 time with an offset, such as 2026-01-31T12:00:00Z: correct it',
  },
  {
    input: 'an empty time',
    file: withColumn('OccurredAt', ['1764000000000', '', '1764000000000']),
    refused:
      'line 3, column OccurredAt (15): occurredAt is an empty string, not milliseconds since 1970 or an ISO 8601 time with an offset, such as 2026-01-31T12:00:00Z: correct it',
  },
];

const missing: readonly CsvInput[] = [
  {
    input: 'no column `Balance`, with `--allow-missing Balance`',
    file: without('Balance'),
    allowMissing: ['Balance'],
    sameAs: changed('Balance', () => ''),
    read: 'missing for all, and said so',
    notice: 'missing in every row: balance',
  },
  {
    input: 'a misspelt input, with `--allow-missing`',
    file: renamed('Balance', 'Balanse'),
    allowMissing: ['Balance'],
    sameAs: changed('Balance', () => ''),
    read: 'missing for all, and said so',
    notice: 'columns not read: "Balanse"',
  },
  {
    input: 'an input empty in every row',
    file: changed('Balance', () => ''),
    sameAs: changed('Balance', () => ''),
    read: 'missing for all, and said so',
    notice: 'missing in every row: balance',
  },
  {
    input: 'no column `CustomerId`',
    file: without('CustomerId'),
    sameAs: TABLE.reduce((text, _, i) => text.replace(`,50${String(i)},`, `,${String(i)},`), CLEAN),
    read: 'customers are numbered, and said so',
    notice: 'no column CustomerId',
  },
];

export const CSV_CELLS: readonly CsvCase[] = [
  ...ofKind('numbers', numbers),
  ...ofKind('impossible values', impossible),
  ...ofKind('flags and texts', flags),
  ...ofKind('labels', labels),
  ...ofKind('ids and times', identity),
  ...ofKind('missing inputs', missing),
];
