/** Faulty customer schemas: each is refused with all of its errors at once, and no message shows what could be a secret. */
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCustomerSchema } from '../../schemas/customer/parse.ts';
import { BankChurnError } from '../../schemas/errors.ts';
import { BASE, type SchemaCase } from './schema-case.ts';
import { NAME_CASES } from './schema-names.ts';
import { RULE_CASES } from './schema-rules.ts';
import { TEXT_CASES } from './schema-texts.ts';
import { VALUE_CASES } from './schema-values.ts';
import { renderSection, sectionOf, withSection } from './section.ts';

const DOCUMENT = 'docs/customer-schema-errors.md';
const CASES: readonly SchemaCase[] = [...TEXT_CASES, ...NAME_CASES, ...VALUE_CASES, ...RULE_CASES];

/** What is said of a text; undefined: it is a schema. */
function said(text: string): string | undefined {
  try {
    parseCustomerSchema(text, 'cards.yaml');
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(BankChurnError);
    expect((error as BankChurnError).code).toBe('CONFIG_INVALID');
    return (error as BankChurnError).message;
  }
}

test('the schema that the cases spoil is good', () => {
  expect(said(BASE)).toBeUndefined();
});

test.each(CASES.map((one) => [`${one.kind}: ${one.input}`, one] as const))('%s', (_, { text, back }) => {
  const message = said(text);
  expect(message).toContain('cards.yaml');
  expect(message?.replace(/^the customer schema cards.yaml has .*:\n {2}/, '').split('\n  ')).toEqual(back);
});

test('errors of all cases together come at once, in the order of lines', () => {
  const spoilt = BASE.replace('integer }', 'int, mim: 3 }')
    .replace('plan,', 'age,')
    .replace('stayed: [no]', 'stayed: [YES]');
  const places = [...(said(`${spoilt}slices: [aeg]\nfoo: 1\n`) ?? '').matchAll(/line (\d+), column (\d+),/g)];
  expect(places.map(([, line]) => Number(line))).toEqual([4, 4, 5, 7, 8, 9]);
});

test('at most fifty are listed, and the others counted', () => {
  const many = Array.from({ length: 80 }, (_, i) => `x${String(i)}: 1`).join('\n');
  const message = said(BASE + many) ?? '';
  expect(message).toContain('has 80 errors');
  expect(message.split('\n')).toHaveLength(52);
  expect(message).toMatch(/\n {2}and 30 more$/);
});

const SECRET = 'hunter-2';
test('whatever is a secret by mistake, no message shows it', () => {
  const scalars = [...BASE.matchAll(/(?<=[:[,] )(?!name: |type: )[\w]+(?=[ ,\]\n}])/g)];
  const spoilt = scalars.flatMap(({ 0: word, index }) =>
    [
      SECRET,
      `"${SECRET}`,
      `{ ${SECRET}: 1 }`,
      `[${SECRET}]`,
      `!${SECRET} x`,
      `*${SECRET}`,
      `${SECRET}: x`,
    ].map((careless) => BASE.slice(0, index) + careless + BASE.slice(index + word.length)),
  );
  expect(spoilt.length).toBeGreaterThan(60);
  const messages = spoilt.map((text) => said(text) ?? '');
  expect(messages.filter((message) => message !== '').length).toBeGreaterThan(50);
  expect(messages.filter((message) => message.includes(SECRET))).toEqual([]);
});

test('any text is a schema or refused with CONFIG_INVALID', () => {
  const signs = fc.constantFrom('[', ']', '{', '}', ':', '- ', '"', "'", '&a', '*a', '!', '\n', '  ', '\t', '|', '#', '1', 'null', 'name', '?', '%', '\u0000', ','); // prettier-ignore
  const cut = fc.tuple(fc.nat(BASE.length), fc.nat(20), fc.array(signs, { maxLength: 6 }));
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), (cuts) => {
      const text = cuts.reduce(
        (present, [at, length, put]) => present.slice(0, at) + put.join('') + present.slice(at + length),
        BASE,
      );
      said(text);
    }),
    { numRuns: 500 },
  );
});

/** `UPDATE_DOCS=1 npx vitest run e2e/bad-inputs/schemas.test.ts` writes the table. */
test('docs/customer-schema-errors.md is this table', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(30);
  const section = renderSection(
    CASES.map(({ kind, input, back }) => ({ kind, input, back: back.join('\n') })),
  );
  const document = readFileSync(DOCUMENT, 'utf8');
  if (process.env['UPDATE_DOCS'] === '1')
    writeFileSync(DOCUMENT, withSection(document, 'customer schemas', section));
  expect(sectionOf(readFileSync(DOCUMENT, 'utf8'), 'customer schemas')).toBe(section);
});
