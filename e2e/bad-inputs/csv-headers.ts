/** Files with an odd first row. */
import {
  CLEAN,
  decimalCommas,
  HEADER,
  joined,
  ofKind,
  renamed,
  ROWS,
  TABLE,
  without,
  type CsvCase,
  type CsvInput,
} from './csv-case.ts';

const header: readonly CsvInput[] = [
  { input: 'all names in lower case', file: CLEAN.replace(HEADER, HEADER.toLowerCase()), read: '' },
  {
    input: 'names as `credit_score`',
    file: CLEAN.replace(HEADER, HEADER.replace(/[a-z](?=[A-Z])/g, '$&_').toLowerCase()),
    read: '',
  },
  {
    input: 'names as `Credit Score`',
    file: CLEAN.replace(HEADER, HEADER.replace(/[a-z](?=[A-Z])/g, '$& ')),
    read: '',
  },
  {
    input:
      '`country`, `products_number`, `credit_card`, `active_member` and `churn`, as in another edition of the set',
    file: CLEAN.replace('Geography', 'country')
      .replace('NumOfProducts', 'products_number')
      .replace('HasCrCard', 'credit_card')
      .replace('IsActiveMember', 'active_member')
      .replace('Exited', 'churn'),
    read: '',
  },
  { input: 'columns in another order', file: joined(TABLE.map((cells) => cells.toReversed())), read: '' },
  {
    input: 'a column more',
    file: joined(TABLE.map((cells, i) => [...cells, i === 0 ? 'Branch' : 'Oslo'])),
    read: 'says that the column is not read',
    notice: 'columns not read: "Branch"',
  },
  {
    input: 'a misspelt input',
    file: renamed('NumOfProducts', 'NumOfProduct'),
    refused:
      'line 1: columns missing: NumOfProducts; "NumOfProduct": did you mean NumOfProducts?: add or rename them, or do without them: --allow-missing NumOfProducts',
  },
  {
    input: 'a misspelt `CustomerId`',
    file: renamed('CustomerId', 'CustomreId'),
    refused: 'line 1: "CustomreId": did you mean CustomerId?: rename or remove it',
  },
  {
    input: 'a column twice',
    file: renamed('Surname', 'Age'),
    refused: 'line 1, column 7: Age is there twice (column 3 too): remove or rename one of them',
  },
  {
    input: 'a column twice, in two spellings',
    file: renamed('Surname', 'credit_score'),
    refused:
      'line 1, column 4: CreditScore is there twice (column 3 too, as "credit_score"): remove or rename one of them',
  },
];

const missing: readonly CsvInput[] = [
  {
    input: 'no column `Balance`',
    file: without('Balance'),
    refused:
      'line 1: columns missing: Balance: add or rename them, or do without them: --allow-missing Balance',
  },
  {
    input: 'no column `Surname`',
    file: without('Surname'),
    read: '',
  },
  {
    input: 'no column `Exited`, to score',
    file: without('Exited'),
    read: 'no outcomes',
    labels: [undefined, undefined, undefined],
  },
  {
    input: 'no column `Exited`, for `produce --outcomes`',
    file: without('Exited'),
    needsLabels: true,
    refused: 'line 1: columns missing: Exited: add or rename them, or publish without --outcomes',
  },
  {
    input: 'no column `Exited`, to train',
    file: without('Exited'),
    isTraining: true,
    refused: 'line 1: columns missing: Exited: add or rename them',
  },
  {
    input: 'no header',
    file: ROWS.join('\n'),
    refused:
      'line 1: no column is known, is this the header? Needed are CreditScore, Geography, Gender, Age, Tenure, Balance, NumOfProducts, HasCrCard, IsActiveMember, EstimatedSalary: add them as the first line',
  },
  { input: 'no bytes', file: '', refused: 'line 1: the file is empty: it needs a header and rows' },
  {
    input: 'blank lines alone',
    file: '\n\n  \n',
    refused: 'line 1: the file is empty: it needs a header and rows',
  },
  {
    input: 'a header without rows',
    file: `${HEADER}\n`,
    refused: 'line 1: no rows below the header: add customers',
  },
  {
    input: 'a line `sep=;` before the header',
    file: `sep=;\n${joined(TABLE, ';')}`,
    refused: 'line 1: "sep=;" is a spreadsheet\'s own line: remove it',
  },
];

const separators: readonly CsvInput[] = [
  { input: 'tabs', file: joined(TABLE, '\t'), name: 'customers.tsv', read: '' },
  { input: 'semicolons', file: joined(TABLE, ';'), read: '' },
  { input: 'bars', file: joined(TABLE, '|'), read: '' },
  { input: 'semicolons and decimal commas', file: joined(decimalCommas, ';'), read: '' },
  { input: 'tabs and decimal commas', file: joined(decimalCommas, '\t'), read: '' },
  {
    input: 'semicolons and `74.819,83`',
    file: joined(TABLE, ';').replace('74819.83', '74.819,83'),
    read: '',
  },
  {
    input: 'semicolons and `1.234`',
    file: joined(TABLE, ';').replace('74819.83', '1.234'),
    refused:
      'line 3, column Balance (9): "1.234" is 1.234 or 1234: write it without thousands separators, as 1234.5',
  },
  {
    input: 'semicolons and `1,234`',
    file: joined(TABLE, ';').replace('74819.83', '1,234'),
    refused:
      'line 3, column Balance (9): "1,234" is 1.234 or 1234: write it without thousands separators, as 1234.5',
  },
  {
    input: 'spaces',
    file: joined(TABLE, ' '),
    refused:
      'line 1: no column is known, is this the header? Needed are CreditScore, Geography, Gender, Age, Tenure, Balance, NumOfProducts, HasCrCard, IsActiveMember, EstimatedSalary: add them as the first line',
  },
  {
    input: 'semicolons in the header, commas below',
    file: CLEAN.replace(HEADER, HEADER.replaceAll(',', ';')),
    refused:
      'line 2, column CustomerId (2): cells: 1, in the header: 14: write an empty cell for what is unknown',
  },
];

export const CSV_HEADERS: readonly CsvCase[] = [
  ...ofKind('header', header),
  ...ofKind('missing', missing),
  ...ofKind('separators', separators),
];
