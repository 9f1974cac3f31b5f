/** The parts of the inference, each at its edges. `cli/init.test.ts` has whole files. */
import { describe, expect, it, test } from 'vitest';
import { createColumnCounter } from './column-facts.ts';
import { camelCase, fieldNames } from './field-names.ts';
import { draftLabel } from './label-rule.ts';
import { chooseCommas, isIdName } from './number-draft.ts';
import { findRelations } from './relations.ts';
import { createTableCounter } from './table-facts.ts';
import { createTally, ranked } from './tally.ts';
import { churnedOf, flagOf } from './words.ts';

test.each([
  ['Monthly Charges ($)', 'monthlyCharges'],
  ['SeniorCitizen', 'seniorCitizen'],
  ['customerID', 'customerId'],
  ['PAY_0', 'pay0'],
  ['12 months', 'n12Months'],
  ['% used', 'percentUsed'],
  ['HTTPErrors', 'httpErrors'],
  ['Prénom', 'prenom'],
  ['年齢', ''],
])('%s becomes %s', (header, name) => {
  expect(camelCase(header)).toBe(name);
});

test('names never clash with another header, a field or a reserved name', () => {
  expect(fieldNames(['a b', 'A_B $', 'a-b2', 'Event Id!', 'constructor', '?', 'score'], ['eventId'])).toEqual(
    ['aB', 'aB3', 'aB2', 'eventIdValue', 'constructorValue', 'column6', 'scoreValue'],
  );
});

test('a tally keeps the most frequent texts of too many', () => {
  const tally = createTally(10);
  for (let i = 0; i < 1000; i++) for (const text of ['often', `rare ${String(i)}`]) tally.add(text);
  expect(tally.isComplete()).toBe(false);
  expect(tally.counts.size).toBeLessThanOrEqual(10);
  expect(ranked(tally.counts)[0]).toEqual(['often', 1000]);
});

describe('labels', () => {
  const draftOf = (header: string, ...cells: string[]) => {
    const { facts, add } = createColumnCounter(header, 0, ',');
    cells.forEach(add);
    return draftLabel(facts);
  };
  const draft = (...cells: string[]) => draftOf('Left', ...cells);
  it.each([
    ['Yes', 'No'],
    ['1.0', '0.0'],
    ['True.', 'False.'],
    ['Attrited Customer', 'Existing Customer'],
    ['churned', 'not churned'],
    ['Inactive', 'Active'],
    ['closed', 'open'],
    ['2', '0'],
    ['1', '-1'],
    ['LAPSED', 'INFORCE'],
  ])('%s is churned, %s is stayed', (churned, stayed) => {
    expect(draft(stayed, churned, stayed)).toMatchObject({ churned: [churned], stayed: [stayed] });
  });
  it.each([
    ['is_active', '0', '1'],
    ['Retained', 'No', 'Yes'],
    ['NotChurned', 'F', 'T'],
    ['Active', 'Churned', 'Existing'],
    ['inactive', 'Y', 'N'],
  ])('under the header %s %s is churned', (header, churned, stayed) => {
    for (const cells of [
      [stayed, churned, stayed],
      [stayed, churned, churned],
    ])
      // prettier-ignore
      expect(draftOf(header, ...cells)).toMatchObject({ churned: [churned], stayed: [stayed] });
  });
  it('1 beside 2 is a code, no yes', () => {
    expect(draftOf('class', '1', '1', '2')).toMatchObject({
      churned: ['2'],
      note: expect.stringMatching(/^a guess/) as string,
    });
  });
  it('a majority that churned is said', () => {
    expect(draft('1', '1', '0')).toMatchObject({
      churned: ['1'],
      note: expect.stringMatching(/67 % of the customers, more than half; exchange/) as string,
    });
  });
  it('a word counts more than rarity, rarity more than nothing', () => {
    expect(draft('Yes', 'Yes', 'No')).toMatchObject({ churned: ['Yes'] });
    expect(draft('B', 'B', 'A', 'NA', '')).toMatchObject({
      churned: ['A'],
      rows: { churned: 1, stayed: 2, missing: 2 },
    });
  });
  it.each([[['0', '1', '2']], [['Yes']], [['', '']], [['Joined', 'Stayed', 'Churned']]])(
    '%j is refused',
    (cells) => {
      expect(draft(...cells)).toMatch(/^the label "Left" .*: (write|add) /);
    },
  );
});

test.each([
  ['Y', true],
  ['nein', false],
  ['0.0', false],
  ['2', undefined],
  ['m', undefined],
])('%s as a flag: %s', (word, flag) => {
  expect(flagOf(word)).toBe(flag);
});

test.each([
  ['non-churner', false],
  ['discontinued', true],
  ['retained', false],
  ['gold', undefined],
])('%s as a label: %s', (word, churned) => {
  expect(churnedOf(word)).toBe(churned);
});

test.each([
  [',', ['1.5', '2'], undefined],
  [',', ['1,234', '12'], 'thousands'],
  [',', ['1,5', '2,25'], 'decimal'],
  [';', ['1,5', '2,25'], undefined],
  [';', ['1.234', '1.5'], 'thousands'],
] as const)('cells between %s, %j: commas are %s', (separator, cells, commas) => {
  const { facts, add } = createColumnCounter('x', 0, separator);
  cells.forEach(add);
  expect(chooseCommas(facts, separator === ',' ? 'thousands' : 'decimal')).toBe(commas);
});

test.each([
  ['customerID', true],
  ['CLIENTNUM', true],
  ['Account No', true],
  ['amount_paid', false],
  ['valid', false],
  ['Number of products', false],
])('%s is called like an id: %s', (header, isId) => {
  expect(isIdName(header)).toBe(isId);
});

test('relations: the same, one-to-one, linear; not by chance, not among few rows', () => {
  const rows = Array.from({ length: 200 }, (_, i) => i);
  const columns = [
    rows.map((i) => (i * 37) % 101),
    rows.map((i) => ((i * 37) % 101) * -2.5 + 3),
    rows.map((i) => ['a', 'b', 'c'][i % 3]!),
    rows.map((i) => ['x', 'y', 'z'][i % 3]!),
    rows.map((i) => ['a', 'b', 'c'][i % 3]!),
    rows.map((i) => `id ${String(i)}`),
    rows.map((i) => `other ${String(i)}`),
    rows.map((i) => (i === 7 ? 1 : 0)),
    rows.map((i) => (i === 7 ? 1 : 0)),
    rows.map((i) => (i * i) % 17),
  ];
  const found = findRelations(columns.map((values) => ({ values })));
  expect(found.map((relation) => relation && [relation.what, relation.of])).toEqual([
    undefined,
    ['linear', 0],
    undefined,
    ['one-to-one', 2],
    ['same', 2],
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(findRelations(columns.map((values) => ({ values: values.slice(0, 40) })))).toEqual(
    columns.map(() => undefined),
  );
});

test('a table of many rows is sampled evenly, and holds no more', () => {
  const table = createTableCounter(['n', 'word'], ',');
  for (let i = 0; i < 60_000; i++) table.add({ line: i + 2, cells: [String(i), i % 2 === 0 ? 'a' : 'b'] });
  const { rows, sample, columns } = table.finish();
  expect([rows, sample.length]).toEqual([60_000, 20_000]);
  expect(columns[0]!.numbers.get(undefined)).toEqual({ count: 60_000, min: 0, max: 59_999, isWhole: true });
  const numbers = sample.map(([n]) => Number(n));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  const mean = numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  expect(Math.abs(mean - 30_000)).toBeLessThan(600);
});
