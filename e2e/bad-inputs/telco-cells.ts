/** Files of another schema with odd cells. */
import { ofKind, type CsvCase, type CsvInput } from './csv-case.ts';
import { TELCO_CLEAN, TELCO_TABLE, telcoCell, telcoChanged, telcoFile } from './telco.fixture.ts';

const [PARTNER, CONTRACT, TOTAL, DATA] = ['Partner', 'Contract', 'Total Charges ($)', 'Data (GB)'] as const;
const FLAGS = new Map([
  ['Yes', ['TRUE', '', '1.0', '']],
  ['No', ['', 'n', '', '0']],
]);
const noTotal = telcoCell(TOTAL, '');

const flags: readonly CsvInput[] = [
  {
    input: '`TRUE`, `n`, `1.0` and `0` in one column; the schema has `Y` and `N` beside the usual words',
    file: telcoChanged(PARTNER, (cell, row) => FLAGS.get(cell)![row - 1]!),
    read: '',
  },
  {
    input: '`with partner`, a spelling of the schema',
    file: telcoChanged(PARTNER, (cell) => (cell === 'Yes' ? 'With Partner' : cell)),
    read: '',
  },
  {
    input: '`Oui`',
    file: telcoCell(PARTNER, 'Oui'),
    refused:
      'line 3, column Partner (4): "Oui" is not 1, true, yes, Y or with partner, nor 0, false, no or N: correct it, or leave it empty',
  },
  {
    input: '`left` and `Active` as labels, as the schema has them',
    file: telcoChanged('Churn', (cell) => (cell === 'yes' ? 'left' : 'Active')),
    read: '',
  },
  {
    input: '`1` as a label, which the schema does not have',
    file: telcoCell('Churn', '1'),
    refused: 'line 3, column Churn (11): "1", not no or active (stayed), nor yes or left (left): correct it',
  },
];

const missing: readonly CsvInput[] = [
  ...['?', 'na', '-999', '-999.0', '  '].map((word) => ({
    input: `\`${word}\` for a missing number, ${word.trim() === '' ? 'blanks' : 'a word of the schema'}`,
    file: telcoCell(TOTAL, word),
    sameAs: noTotal,
    read: 'missing',
  })),
  {
    input: '`?` in a column for which the schema has no such word',
    file: telcoCell('q11', '?'),
    refused:
      'line 3, column q11 (9): "?" is not a number: write it as 1234.5, or leave it empty where it is unknown',
  },
  {
    input: '`-` for a missing category, a word of the schema',
    file: telcoCell('State', '-'),
    sameAs: telcoCell('State', ''),
    read: 'missing',
  },
  {
    input: '`None` as a category of which the schema says nothing',
    file: telcoCell('State', 'None'),
    refused: 'line 3, column State (8): "None" is no value: leave the cell empty where it is unknown',
  },
  {
    input: '`none` as a spelling of the level None',
    file: TELCO_CLEAN.replace(',None,', ',none,'),
    read: '',
  },
];

const semicolons = telcoFile(
  TELCO_TABLE.map((cells) => cells.map((cell) => cell.replaceAll('"', ''))),
  ';',
);
const numbers: readonly CsvInput[] = [
  {
    input: '`1,840` between semicolons, where the schema says that commas separate thousands',
    file: semicolons,
    read: '',
  },
  {
    input: '`29,85` in tabs, of which the schema says nothing',
    file: semicolons.replaceAll(';', '\t').replace('29.85', '29,85'),
    read: '',
  },
  {
    input: '`1,889` in quotes, of which the schema says nothing',
    file: telcoCell('Monthly Charges ($)', '"1,889"'),
    refused:
      'line 3, column Monthly Charges ($) (5): "1,889" is 1.889 or 1889: write it without thousands separators, as 1234.5',
  },
  {
    input: '`18,89` where commas separate thousands',
    file: telcoCell(TOTAL, '"18,89"'),
    refused:
      'line 3, column Total Charges ($) (6): "18,89" is not a number: write it as 1234.5, or leave it empty where it is unknown',
  },
  {
    input: '`2.048` where commas are the decimal point',
    file: telcoCell(DATA, '2.048'),
    refused:
      'line 3, column Data (GB) (7): "2.048" is 2.048 or 2048: write it without thousands separators, as 1234.5',
  },
  ...['$56.95', '56.95 USD', '45%'].map((cell) => ({
    input: `\`${cell}\``,
    file: telcoCell('Monthly Charges ($)', cell),
    refused: `line 3, column Monthly Charges ($) (5): ${JSON.stringify(cell)} is not a number: write it as 1234.5, or leave it empty where it is unknown`,
  })),
  {
    input: '`2024-05-01` as a number of months',
    file: telcoCell('Tenure (months)', '2024-05-01'),
    refused:
      'line 3, column Tenure (months) (2): "2024-05-01" is not a number: write it as 1234.5, or leave it empty where it is unknown',
  },
  {
    input: '`101` months, where at most 100 are possible',
    file: telcoCell('Tenure (months)', '101'),
    refused:
      'line 3, column Tenure (months) (2): tenure is too large, possible are 0..100: correct it, or leave it empty',
  },
];

const categories: readonly CsvInput[] = [
  {
    input: '`month-to-month` and `M`, spellings of a level',
    file: `${TELCO_CLEAN}T-104,1,M,No,20,20,0,Iowa,1,1,no\n`.replace('Monthly,', 'month-to-month,'),
    sameAs: `${TELCO_CLEAN}T-104,1,Monthly,No,20,20,0,Iowa,1,1,no\n`,
    labels: [false, false, true, false, false],
    read: 'the level',
  },
  {
    input: '60 levels, of which the schema keeps three apart',
    file: telcoFile([TELCO_TABLE[0]!, ...levels((i) => `Plan ${String(i)}`)]),
    sameAs: telcoFile([TELCO_TABLE[0]!, ...levels(() => 'Other')]),
    labels: new Array<boolean>(60).fill(false),
    read: 'the others become `other`',
  },
  {
    input: '60 levels where the schema names none',
    file: telcoFile([
      TELCO_TABLE[0]!,
      ...levels(
        () => 'Other',
        (i) => `State ${String(i)}`,
      ),
    ]),
    sameAs: telcoFile([
      TELCO_TABLE[0]!,
      ...levels(
        () => 'Other',
        (i) => `"State ${String(i)}"`,
      ),
    ]),
    labels: new Array<boolean>(60).fill(false),
    read: 'each is kept',
  },
  {
    input: 'blanks behind levels',
    file: telcoChanged(CONTRACT, (cell) => `${cell}   `),
    read: '',
  },
];

/** Sixty customers. */
function levels(contract: (i: number) => string, state: (i: number) => string = () => 'Ohio'): string[][] {
  return Array.from({ length: 60 }, (_, i) => [`T-${String(i)}`, '1', contract(i), 'No', '20', '20', '0', state(i), '1', '1', 'no']); // prettier-ignore
}

const ids: readonly CsvInput[] = [
  {
    input: 'dates as customer ids',
    file: telcoChanged('Customer ID', (_, row) => `2024-05-0${String(row)}`),
    sameAs: telcoChanged('Customer ID', (_, row) => `"2024-05-0${String(row)}"`),
    read: 'as texts',
  },
  {
    input: '`7,590,001` in quotes as a customer id',
    file: telcoChanged('Customer ID', (_, row) => `"7,590,00${String(row)}"`),
    sameAs: telcoChanged('Customer ID', (_, row) => `"7,590,00${String(row)}"`),
    read: 'as a text',
  },
  {
    input: 'a time without a zone',
    file: telcoFile(TELCO_TABLE.map((cells, i) => [...cells, i === 0 ? 'occurred at' : '2026-01-31 12:00'])),
    refused:
      'line 2, column occurred at (12): occurredAt is a string, not milliseconds since 1970 or an ISO 8601 time with an offset, such as 2026-01-31T12:00:00Z: correct it',
  },
];

export const TELCO_CELLS: readonly CsvCase[] = [
  ...ofKind('flags and labels', flags),
  ...ofKind('words for missing', missing),
  ...ofKind('numbers', numbers),
  ...ofKind('categories', categories),
  ...ofKind('ids and times', ids),
];
