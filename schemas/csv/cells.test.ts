import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseCustomerSchema } from '../customer/parse.ts';
import type { CustomerSchema } from '../customer/schema.ts';
import { createCellReader, isUnreadable, type ReadCell } from './cells.ts';
import { csvColumns, isColumn } from './columns.ts';
import { createNumberReader } from './numbers.ts';

const schemaOf = (inputs: string, more = ''): CustomerSchema =>
  parseCustomerSchema(`{ version: 1, name: t, inputs: [${inputs}], ${more} }`, 't.yaml');

/** What a cell of the first column is read as; `refused` if it cannot be read. */
function readerOf(input: string, separator = ','): (cell: string) => unknown {
  const schema = schemaOf(input);
  const read = createCellReader(csvColumns(schema).all[0]!, schema.label, separator);
  return (cell) => outcome(read, cell);
}
const outcome = (read: ReadCell, cell: string): unknown => {
  const value = read(cell);
  return isUnreadable(value) ? 'refused' : value;
};

describe('numbers', () => {
  const cells = ['1.5', '1,5', '1.234', '1,234', '-1,234.5', '1.234,5', '1,234,567', '1.234.567', '0,123', ',5', '1,23', '12,345,6']; // prettier-ignore
  const [two, no] = ['refused', 'refused'];
  it.each([
    [undefined, ',', [1.5, no, 1.234, two, -1234.5, no, 1234567, no, no, no, no, no]],
    [undefined, ';', [1.5, 1.5, two, two, -1234.5, 1234.5, 1234567, 1234567, 0.123, 0.5, 1.23, no]],
    ['thousands', ',', [1.5, no, 1.234, 1234, -1234.5, no, 1234567, no, no, no, no, no]],
    ['thousands', ';', [1.5, no, 1.234, 1234, -1234.5, no, 1234567, no, no, no, no, no]],
    ['decimal', ',', [1.5, 1.5, two, 1.234, no, 1234.5, no, 1234567, 0.123, 0.5, 1.23, no]],
    ['decimal', ';', [1.5, 1.5, two, 1.234, no, 1234.5, no, 1234567, 0.123, 0.5, 1.23, no]],
  ] as const)('with commas: %s, between %s', (commas, separator, wanted) => {
    const read = createNumberReader(commas, separator);
    expect(cells.map((cell) => outcome(read, cell))).toEqual(wanted);
  });

  it('are never another number than the one that was written', () => {
    const any = fc.double({ min: -1e30, max: 1e30, noNaN: true });
    const commas = fc.constantFrom(undefined, 'thousands', 'decimal');
    fc.assert(
      fc.property(any, commas, fc.constantFrom(',', ';'), (value, how, separator) => {
        const read = createNumberReader(how, separator);
        const english = read(value.toLocaleString('en', { maximumFractionDigits: 20 }));
        const german = read(value.toLocaleString('de', { maximumFractionDigits: 20 }));
        const rounded = Number(value.toFixed(20)) + 0;
        if (how !== 'decimal') expect(isUnreadable(english) ? rounded : english).toBe(rounded);
        if (how === 'decimal') expect(isUnreadable(german) ? rounded : german).toBe(rounded);
      }),
    );
  });
});

test('words for a missing number are missing, whatever their case; numbers among them however they are written', () => {
  const read = readerOf("{ name: a, type: number, missing: ['?', NA, -999] }");
  expect(['?', 'na', '-999', '-999.00', '-9.99e2', '', '-998', 'n.a.'].map(read)).toEqual([null, null, null, null, null, null, -998, 'refused']); // prettier-ignore
});

test('a flag: the usual words, the spellings of the schema, and numbers', () => {
  const read = readerOf(
    "{ name: a, type: boolean, missing: ['-1'], spellings: { true: [J, 2], false: [Nein] } }",
  );
  expect(['1', 'TRUE', 'yes', 'j', '2', '2.0'].map(read)).toEqual(new Array(6).fill(true));
  expect(['0', 'False', 'NO', 'nein', '0.00'].map(read)).toEqual(new Array(5).fill(false));
  expect(['', '-1', '-1.0', '3', 'ja'].map(read)).toEqual([null, null, null, 'refused', 'refused']);
});

test('a category: words for no value are refused unless the schema says what they mean', () => {
  const plain = readerOf('{ name: a, type: category }');
  expect(['None', 'NULL', '#N/A', 'nowhere', ''].map(plain)).toEqual(['refused', 'refused', 'refused', 'nowhere', null]); // prettier-ignore
  const told = readerOf(
    "{ name: a, type: category, missing: ['null', '#N/A'], spellings: { none: [None] } }",
  );
  expect(['None', 'NULL', '#N/A', 'nan', 'none'].map(told)).toEqual(['None', null, null, 'refused', 'none']);
});

test('equal texts of a category are one string, and more levels than are kept are read the same', () => {
  const read = readerOf('{ name: a, type: category }');
  for (let i = 0; i < 3000; i++) expect(read(`level ${String(i % 1500)}`)).toBe(`level ${String(i % 1500)}`);
  expect(read('NaN')).toBe('refused');
});

test('a label has the words of the schema and no others', () => {
  const schema = schemaOf(
    '{ name: a, type: number }',
    'label: { name: Left, churned: [Gone, 2], stayed: [Here, 1] }',
  );
  const column = csvColumns(schema).byField.get('Left')!;
  const read = createCellReader(column, schema.label, ',');
  expect(['gone', '2.0', 'HERE', '1', ''].map((cell) => outcome(read, cell))).toEqual([true, true, false, false, null]); // prettier-ignore
  expect(read('yes')).toEqual({ why: '"yes", not Here or 1 (stayed), nor Gone or 2 (left): correct it' });
});

describe('headers', () => {
  const schema = schemaOf(
    '{ name: q11, type: number }, { name: q1_1, type: number, headers: [Share (%)] }',
    "ignored: [Re-mark], label: { name: q2, headers: ['Left?'], churned: [1], stayed: [0] }",
  );
  const { find } = csvColumns(schema);
  const named = (header: string): unknown => {
    const found = find(header);
    return isColumn(found) ? found.field : found;
  };

  it('match whatever their case and word separators; of two such names the exact one', () => {
    expect(['q11', 'q1_1', ' q11 ', 'SHARE_(%)', 'left?', 'q2', 'remark', 'q3'].map(named)).toEqual(['q11', 'q1_1', 'q11', 'q1_1', 'q2', 'q2', 'ignored', undefined]); // prettier-ignore
  });

  it('are one of several where they have the letters of none', () => {
    expect(named('Q1 1')).toEqual({ rivals: ['q11', 'q1_1'] });
  });
});
