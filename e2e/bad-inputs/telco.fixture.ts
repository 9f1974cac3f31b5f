/** A telecom's customer schema and a clean file of it, all invented: headers with units, words for missing values, commas. */
import { parseCustomerSchema } from '../../schemas/customer/parse.ts';

export const TELCO = parseCustomerSchema(
  `
version: 1
name: telco
customerId: { headers: [Customer ID] }
rowNumber: ['No']
inputs:
  - { name: tenure, type: integer, headers: [Tenure (months)], min: 0, max: 100 }
  - name: contract
    type: category
    spellings: { Monthly: [month-to-month, M], None: [none, None] }
    levels: [Monthly, Yearly, None]
    other: Other
  - { name: partner, type: boolean, spellings: { true: [Yes, Y, with partner], false: [N] } }
  - { name: monthlyCharges, type: number, headers: [Monthly Charges ($)], min: 0 }
  - { name: totalCharges, type: number, headers: [Total Charges ($)], missing: ['?', NA, -999], commas: thousands }
  - { name: dataUsage, type: number, headers: [Data (GB)], commas: decimal }
  - { name: state, type: category, missing: ['-'] }
  - { name: q11, type: integer }
  - { name: q1_1, type: integer }
label: { name: Churn, churned: [yes, left], stayed: [no, active] }
ignored: [Remark]
`,
  'telco.yaml',
);

const HEADER = 'Customer ID,Tenure (months),Contract,Partner,Monthly Charges ($),Total Charges ($),Data (GB),State,q11,q1_1,Churn'; // prettier-ignore
export const TELCO_TABLE: readonly (readonly string[])[] = [
  HEADER.split(','),
  ['T-100', '0', 'Monthly', 'Yes', '29.85', '', '"1,5"', 'Ohio', '3', '4', 'no'],
  ['T-101', '34', 'Yearly', 'No', '56.95', '"1,889.50"', '12', 'Texas', '5', '1', 'no'],
  ['T-102', '2', 'None', 'Yes', '53.85', '108.15', '0.25', 'Ohio', '', '2', 'yes'],
  ['T-103', '45', 'Other', 'No', '42.3', '"1,840"', '"2.048,75"', 'Utah', '1', '', 'no'],
];
export const TELCO_LABELS = [false, false, true, false];
export const telcoFile = (table: readonly (readonly string[])[], separator = ','): string =>
  table.map((cells) => `${cells.join(separator)}\n`).join('');
export const TELCO_CLEAN = telcoFile(TELCO_TABLE);

/** The clean file with each cell of a column changed. */
export const telcoChanged = (column: string, change: (cell: string, row: number) => string): string =>
  telcoFile(
    TELCO_TABLE.map((cells, i) =>
      cells.map((cell, j) => (i > 0 && TELCO_TABLE[0]![j] === column ? change(cell, i) : cell)),
    ),
  );
/** The clean file with the cell of its second customer, on line 3, replaced. */
export const telcoCell = (column: string, cell: string): string =>
  telcoChanged(column, (old, row) => (row === 2 ? cell : old));
