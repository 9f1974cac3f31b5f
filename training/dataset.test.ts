import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDataset, takeRows } from './dataset.ts';

const HEADER =
  'RowNumber,CustomerId,Surname,CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,IsActiveMember,EstimatedSalary,Exited';
const csv = (...rows: string[]): string => [HEADER, ...rows, ''].join('\n');
const GOOD = '5,77,Nobody,600,France,Female,41,3.0,1500.5,1,1,0,9000.25,1';

describe('parseDataset', () => {
  it('reads inputs, label and row number, in the order of the file', () => {
    const dataset = parseDataset(csv(GOOD, '9,78,Nobody,,,,,,,,,,,0'), 'test');
    expect(dataset.events[0]).toMatchObject({
      customerId: '77',
      creditScore: 600,
      geography: 'France',
      gender: 'Female',
      age: 41,
      tenure: 3,
      balance: 1500.5,
      numOfProducts: 1,
      hasCrCard: true,
      isActiveMember: false,
      estimatedSalary: 9000.25,
    });
    expect(dataset.events[1]).toMatchObject({ creditScore: null, geography: null, hasCrCard: null });
    expect([...dataset.labels]).toEqual([1, 0]);
    expect(dataset.rowNumbers).toEqual([5, 9]);
    expect(takeRows(dataset, [1]).labels).toEqual(Uint8Array.of(0));
  });

  it('reads a byte order mark, CRLF and quotes', () => {
    const text = `\uFEFF${csv(GOOD.replace('Nobody', '"No, ""body"""')).replaceAll('\n', '\r\n')}`;
    expect(parseDataset(text, 'test').events).toHaveLength(1);
  });

  it.each([
    ['a word for a number', GOOD.replace('600', 'abc'), 'line 2, column CreditScore: "abc" is not a number'],
    ['an impossible age', GOOD.replace('41', '-1'), 'line 2, column Age: age is -1'],
    ['a label of neither class', GOOD.replace(/1$/, '2'), 'line 2, column Exited: "2", not 0 (stayed)'],
    ['no label', GOOD.replace(/1$/, ''), 'line 2, column Exited: "", not 0 (stayed)'],
    ['a flag of 2', GOOD.replace(',1,0,', ',2,0,'), 'line 2, column HasCrCard'],
    ['a row number that is none', GOOD.replace(/^5/, 'x'), 'line 2, column RowNumber'],
    [
      'a cell too few',
      GOOD.slice(0, -2),
      'line 2, column Exited: 13 cells, the header has 14: write an empty cell',
    ],
  ])('refuses %s and says where', (_, row, message) => {
    expect(() => parseDataset(csv(row), 'test')).toThrow(message);
  });

  it('counts lines as an editor does', () => {
    const text = csv(GOOD, '', GOOD.replace('Nobody', '"two\nlines"'), GOOD.replace('600', 'abc'));
    expect(() => parseDataset(text, 'test')).toThrow('line 6, column CreditScore');
  });

  it.each(['"600" 1', '"600"1'])('text behind a closing quote is refused with its line: %s', (cell) => {
    expect(() => parseDataset(csv(GOOD.replace('600', cell)), 'test')).toThrow(
      /line 2, column CreditScore: text behind/,
    );
  });

  it('tells at most ten faults', () => {
    const bad = Array.from({ length: 50 }, () => GOOD.replace('600', 'abc').replace(/1$/, '7'));
    const lines = ((): string => {
      try {
        parseDataset(csv(...bad), 'test');
        return '';
      } catch (error) {
        return String(error);
      }
    })().split('\n');
    expect(lines).toHaveLength(11);
  });

  it('names missing columns and an empty file', () => {
    expect(() => parseDataset('Age,Exited\n1,0\n', 'test')).toThrow('columns missing: CreditScore, Tenure');
    expect(() => parseDataset('', 'test')).toThrow('line 1: the file is empty');
    expect(() => parseDataset(`${HEADER}\n`, 'test')).toThrow('line 1: no rows below the header');
  });

  it('reads any text or refuses it with the name of the source', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 5 }), (rows) => {
        try {
          parseDataset(csv(...rows), 'source');
        } catch (error) {
          expect(String(error)).toMatch(/^Error: source:\n {2}line \d+/);
        }
      }),
    );
  });
});
