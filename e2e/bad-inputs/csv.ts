/** Odd CSV files and what comes back: the rows of docs/bad-inputs.md, each a test (csv.test.ts). */
import type { CsvCase } from './csv-case.ts';
import { CSV_CELLS } from './csv-cells.ts';
import { CSV_HEADERS } from './csv-headers.ts';
import { CSV_SHAPES } from './csv-shapes.ts';

export const CSV_CASES: readonly CsvCase[] = [...CSV_HEADERS, ...CSV_SHAPES, ...CSV_CELLS];
