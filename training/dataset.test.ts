import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BANK, customerSchema } from '../schemas/customer/bank.fixture.ts';
import { parseDataset } from './dataset.io.ts';
import { takeRows, type Dataset, type DatasetReading } from './dataset.ts';

const HEADER =
  'RowNumber,CustomerId,Surname,CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,IsActiveMember,EstimatedSalary,Exited';
const csv = (...rows: string[]): string => [HEADER, ...rows, ''].join('\n');
const parse = (text: string): Promise<Dataset> => parseDataset([Buffer.from(text)], BANK, 'test');
const GOOD = '5,77,Nobody,600,France,Female,41,3.0,1500.5,1,1,0,9000.25,1';

describe('parseDataset', () => {
  it('reads inputs, label and row number, in the order of the file', async () => {
    const dataset = await parse(csv(GOOD, '9,78,Nobody,,,,41,,,,,,,0'));
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

  it('reads a byte order mark, CRLF and quotes', async () => {
    const text = `\uFEFF${csv(GOOD.replace('Nobody', '"No, ""body"""')).replaceAll('\n', '\r\n')}`;
    expect((await parse(text)).events).toHaveLength(1);
  });

  it.each([
    [
      'a word for a number',
      GOOD.replace('600', 'abc'),
      'line 2, column CreditScore (4): "abc" is not a number',
    ],
    ['an impossible age', GOOD.replace('41', '-1'), 'line 2, column Age (7): age is below 0'],
    ['a label of neither class', GOOD.replace(/1$/, '2'), 'line 2, column Exited (14): "2", not 0'],
    ['no label', GOOD.replace(/1$/, ''), 'line 2, column Exited (14): empty: remove'],
    ['a flag of 2', GOOD.replace(',1,0,', ',2,0,'), 'line 2, column HasCrCard'],
    ['a row number that is none', GOOD.replace(/^5/, 'x'), 'line 2, column RowNumber'],
    [
      'a cell too few',
      GOOD.slice(0, -2),
      'line 2, column Exited (14): cells: 13, in the header: 14: write an empty cell',
    ],
  ])('refuses %s and says where', async (_, row, message) => {
    await expect(parse(csv(row))).rejects.toThrow(message);
  });

  it('counts lines as an editor does', async () => {
    const text = csv(GOOD, '', GOOD.replace('Nobody', '"two\nlines"'), GOOD.replace('600', 'abc'));
    await expect(parse(text)).rejects.toThrow('line 6, column CreditScore');
  });

  it.each(['"600" 1', '"600"1'])('text behind a closing quote is refused with its line: %s', async (cell) => {
    await expect(parse(csv(GOOD.replace('600', cell)))).rejects.toThrow(
      /line 2, column CreditScore \(4\): text behind/,
    );
  });

  it('tells at most ten errors', async () => {
    const bad = Array.from({ length: 50 }, () => GOOD.replace('600', 'abc').replace(/1$/, '7'));
    const error: unknown = await parse(csv(...bad)).catch((reason: unknown) => reason);
    const lines = String(error).split('\n');
    expect(lines).toHaveLength(11);
  });

  it('names missing columns and an empty file', async () => {
    await expect(parse('Age,Exited\n1,0\n')).rejects.toThrow('columns missing: CreditScore, Geography');
    await expect(parse('')).rejects.toThrow('line 1: the file is empty');
    await expect(parse(`${HEADER}\n`)).rejects.toThrow('line 1: no rows below the header');
  });

  it('reads any text or refuses it with the name of the source', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string(), { maxLength: 5 }), async (rows) => {
        try {
          await parse(csv(...rows));
        } catch (error) {
          expect(String(error)).toMatch(/^Error: test:\n {2}line \d+/);
        }
      }),
    );
  });
});

describe('bad rows that are skipped', () => {
  const reading = (said: string[]): DatasetReading => ({
    badRows: 'skip',
    notice: (line) => void said.push(line),
  });
  const read = (text: string, said: string[] = []): Promise<Dataset> =>
    parseDataset([Buffer.from(text)], BANK, 'test', 'f.csv', reading(said));

  it('are counted and named; the others keep their row numbers, which a list of the holdout names', async () => {
    const said: string[] = [];
    const unnumbered = (row: string): string => row.replace(/^[^,]*,/, '');
    const rows = [HEADER, GOOD, GOOD.replace('600', 'abc'), GOOD.slice(0, -2), GOOD.replace(/1$/, ''), HEADER, GOOD, GOOD, GOOD, GOOD]; // prettier-ignore
    const { events, rowNumbers } = await read(`The bank\n${rows.map(unnumbered).join('\n')}`, said);
    expect([events.length, rowNumbers]).toEqual([5, [1, 6, 7, 8, 9]]);
    expect(said).toEqual([
      expect.stringMatching(/^f\.csv: 5 of 10 rows skipped:\n {2}line 1: not the header/),
    ]);
    for (const place of [
      'line 4, column CreditScore (3)',
      'line 5, column Exited (13)',
      'line 6, column Exited',
      'line 7: the header again',
    ])
      // prettier-ignore
      expect(said[0]).toContain(place);
  });

  it('may be half of the file, not more', async () => {
    const bad = GOOD.replace('600', 'abc');
    expect((await read(csv(GOOD, bad))).events).toHaveLength(1);
    await expect(read(csv(GOOD, bad, bad))).rejects.toThrow(
      'f.csv:\n  2 of 3 rows cannot be read, more than half',
    );
  });
});

it('refuses a schema without a label', async () => {
  const unlabelled = parseDataset([Buffer.from(csv(GOOD))], customerSchema({ label: undefined }), 'test');
  await expect(unlabelled).rejects.toThrow('the customer schema churn has no label');
});

it('does without the columns of retired inputs, and takes them where they are', async () => {
  const inputs = BANK.inputs.map((input) => ({ ...input, isRetired: input.name === 'balance' }));
  const retired = customerSchema({ inputs });
  const without = csv(GOOD).replace(',Balance', '').replace(',1500.5', '');
  const balances = [csv(GOOD), without].map(async (text) => (await parseDataset([Buffer.from(text)], retired, 't')).events[0]!['balance']); // prettier-ignore
  expect(await Promise.all(balances)).toEqual([1500.5, null]);
});
