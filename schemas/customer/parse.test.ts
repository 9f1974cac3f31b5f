import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BANK } from './bank.fixture.ts';
import { parseCustomerSchema } from './parse.ts';

const parse = (...lines: string[]) =>
  parseCustomerSchema(`version: 1\nname: cards\n${lines.join('\n')}\n`, 'f');

test('what a file leaves out has its default', () => {
  const names = { aliases: [], headers: [], path: undefined };
  expect(parse('inputs: [{ name: age, type: integer }]')).toEqual({
    version: 1,
    name: 'cards',
    eventId: { name: 'eventId', ...names },
    customerId: { name: 'customerId', ...names },
    occurredAt: { name: 'occurredAt', ...names },
    rowNumber: [],
    inputs: [
      {
        name: 'age',
        type: 'integer',
        ...names,
        doc: undefined,
        min: undefined,
        max: undefined,
        maxLength: 128,
        spellings: {},
        missing: [],
        levels: undefined,
        other: undefined,
        commas: undefined,
        isRetired: false,
      },
    ],
    label: undefined,
    slices: [],
    gate: { minWeightedF1: undefined, minAucGain: undefined, minLogLossGain: undefined },
    ignored: [],
  });
});

test('every key is read', () => {
  const schema = parse(
    'eventId: { aliases: [Id], headers: ["Event No."], path: meta.id }',
    'rowNumber: [Row]',
    'inputs:',
    '  - name: paid',
    '    type: number',
    '    path: payload.money.paid',
    '    doc: euros a month',
    '    min: -0.5',
    '    max: 1e6',
    '    missing: [NA, "-1", 999]',
    '    commas: decimal',
    '    retired: true',
    '  - { name: plan, type: category, maxLength: 9, levels: [gold, 1, true], other: rest, spellings: { gold: [Au, no], 1: [one] } }',
    '  - { name: active, type: boolean, spellings: { true: [Y, 2], false: [N] } }',
    'label: { name: Left?, aliases: [left], headers: [gone], churned: [1, yes, true], stayed: [0] }',
    'slices: [plan, { input: paid, bounds: [0, 10] }, { input: active }]',
    'gate: { minWeightedF1: 0.8, minAucGain: 0.1, minLogLossGain: 0 }',
    'ignored: [Surname, "First name"]',
  );
  expect(schema).toMatchObject({
    eventId: { aliases: ['Id'], headers: ['Event No.'], path: ['meta', 'id'] },
    rowNumber: ['Row'],
    inputs: [
      {
        path: ['payload', 'money', 'paid'],
        doc: 'euros a month',
        min: -0.5,
        max: 1e6,
        missing: ['NA', '-1', '999'],
        commas: 'decimal',
        isRetired: true,
      },
      {
        maxLength: 9,
        levels: ['gold', '1', 'true'],
        other: 'rest',
        spellings: { gold: ['Au', 'no'], 1: ['one'] },
      },
      { spellings: { true: ['Y', '2'], false: ['N'] } },
    ],
    label: {
      name: 'Left?',
      aliases: ['left'],
      headers: ['gone'],
      churned: ['1', 'yes', 'true'],
      stayed: ['0'],
    },
    slices: [
      { input: 'plan', bounds: [] },
      { input: 'paid', bounds: [0, 10] },
      { input: 'active', bounds: [] },
    ],
    gate: { minWeightedF1: 0.8, minAucGain: 0.1, minLogLossGain: 0 },
    ignored: ['Surname', 'First name'],
  });
});

test('the file that ships is the bank', () => {
  expect(BANK.inputs.map(({ name }) => name)).toHaveLength(10);
  expect(BANK.label?.churned).toEqual(['1', 'true', 'yes']);
});

test('the example of the document is a schema', () => {
  const document = readFileSync('docs/customer-schema.md', 'utf8');
  const [, example = ''] = /```yaml\n(version: 1\n[^]*?)```/.exec(document) ?? [];
  expect(parseCustomerSchema(example, 'docs/customer-schema.md').inputs.length).toBeGreaterThan(3);
});
