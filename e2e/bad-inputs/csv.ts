/** Odd CSV files and what comes back: the rows of docs/bad-inputs.md, each a test (csv.test.ts). */
import { BANK } from '../../schemas/customer/bank.fixture.ts';
import { CLEAN, type CsvSet } from './csv-case.ts';
import { CSV_CELLS } from './csv-cells.ts';
import { CSV_HEADERS } from './csv-headers.ts';
import { CSV_SHAPES } from './csv-shapes.ts';
import { TELCO, TELCO_CLEAN, TELCO_LABELS } from './telco.fixture.ts';
import { TELCO_CELLS } from './telco-cells.ts';
import { TELCO_ROWS } from './telco-rows.ts';

const BANK_SET: CsvSet = {
  section: 'csv',
  schema: BANK,
  clean: CLEAN,
  labels: [true, false, true],
  cases: [...CSV_HEADERS, ...CSV_SHAPES, ...CSV_CELLS],
};
const TELCO_SET: CsvSet = {
  section: 'csv-telco',
  schema: TELCO,
  clean: TELCO_CLEAN,
  labels: TELCO_LABELS,
  cases: [...TELCO_ROWS, ...TELCO_CELLS],
};
export const CSV_SETS: readonly CsvSet[] = [BANK_SET, TELCO_SET];
