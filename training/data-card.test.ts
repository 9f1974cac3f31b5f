import { describe, expect, it } from 'vitest';
import { dataCard } from './data-card.ts';
import { describeInputs } from './data-facts.ts';
import type { Dataset } from './dataset.ts';
import { examine } from './examine.ts';
import { gymWith, input, inventGym } from './invented.fixture.ts';
import { splitDataset } from './split.ts';

const customer = gymWith(
  input('locker', 'category', { levels: ['big', 'small'], other: 'else', doc: 'a | size' }),
  input('dues', 'number', { max: 900 }),
  input('coach', 'category'),
  input('old', 'integer', { isRetired: true }),
);
const dataset: Dataset = {
  ...inventGym(1000, {
    more: (row) => ({
      locker: ['big', 'small', 'else'][row % 3]!,
      dues: row % 10 === 0 ? null : row,
      coach: row < 15 ? '<b>*Ann*' : `guest ${String(row)}`,
      old: 1,
    }),
  }),
  unread: ['Shoe size'],
  skipped: new Map([['column fee (3): "…" is not a number', 4]]),
};
const split = splitDataset(dataset, 42);
const examination = examine(dataset, split, customer);
const card = dataCard({ dataset, split, customer, examination });

describe('dataCard', () => {
  it('is the same again', () => {
    const again = examine(dataset, split, customer);
    expect(dataCard({ dataset, split, customer, examination: again })).toBe(card);
  });

  it('describes each column: type, meaning, limits, missing values, distribution', () => {
    expect(card).toMatch(/\| visits +\| integer +\| a month +\| from 0 +\| 0 +\|/);
    expect(card).toMatch(/\| fee +\| number +\| +\| 0 to 500 /);
    expect(card).toMatch(/\| locker +\| category +\| a \\\| size +\| 2 levels, the rest else +\| 0 +\| 3 /);
    expect(card).toMatch(/\| dues +\| number +\| +\| up to 900 +\| 100 \(10\.0 %\) +\| 900 /);
    expect(card).toMatch(/\| dues +\| 1 +\| 49 +\| 2\d\d +\| 499 +\| 7\d\d +\| 949 +\| 999 /);
    expect(card).toContain('| label                   | Quit: yes = left; no = stayed');
  });

  it('says how many left by level and by range, missing last', () => {
    const rows = card.split('\n').filter((line) => line.startsWith('| dues') && line.includes(' %'));
    expect(rows.map((row) => row.split('|')[2]!.trim()).at(-1)).toBe('missing');
    expect(rows.filter((row) => row.includes('above'))).toHaveLength(4);
    const { groups } = describeInputs(dataset, split, customer).find(
      ({ input: one }) => one.name === 'dues',
    )!;
    expect(groups.reduce((sum, { rows: count }) => sum + count, 0)).toBe(1000);
    expect(groups.reduce((sum, { churned }) => sum + churned, 0)).toBe(
      dataset.labels.reduce((a, b) => a + b),
    );
  });

  it('names no level of fewer than ten customers, and shows levels as text', () => {
    expect(card).not.toContain('guest');
    expect(card).toMatch(/\| coach +\| 985 others +\| 985 /);
    expect(card).toContain('\\<b>\\*Ann\\*');
  });

  it('says what is not used, and why', () => {
    expect(card).toContain('- retired in the customer schema: old');
    expect(card).toContain('- columns of the file that the customer schema does not name: Shoe size');
    expect(card).toContain('- 4 rows: column fee (3): "…" is not a number');
  });
});
