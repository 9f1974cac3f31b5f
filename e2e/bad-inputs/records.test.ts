/** The tables of odd records are the document's: records.int.test.ts runs each row. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CSV_SETS } from './csv.ts';
import { tell } from './record-case.ts';
import { RECORD_SECTIONS } from './records.ts';
import { renderSection, sectionOf, withSection } from './section.ts';

const DOCUMENT = 'docs/bad-inputs.md';
const CASES = Object.values(RECORD_SECTIONS).flat();

/** `UPDATE_DOCS=1 npx vitest run e2e/bad-inputs/records.test` writes the sections. */
test.each(Object.entries(RECORD_SECTIONS))('the document has the table %s', (name, cases) => {
  const section = renderSection(cases.map(({ kind, input, back }) => ({ kind, input, back: tell(back) })));
  const document = readFileSync(DOCUMENT, 'utf8');
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(DOCUMENT, withSection(document, name, section));
  expect(sectionOf(readFileSync(DOCUMENT, 'utf8'), name)).toBe(section);
});

test('at least 80 records of at least 9 kinds, none with more than ten, and each of one form', () => {
  const kinds = CASES.map(({ kind }) => kind);
  expect([CASES.length >= 80, new Set(kinds).size >= 9, CASES.length + CSV_SETS[0]!.cases.length >= 150]).toEqual([true, true, true]); // prettier-ignore
  expect(Math.max(...kinds.map((kind) => kinds.filter((other) => other === kind).length))).toBeLessThan(11);
  expect(new Set(CASES.map(({ kind, input }) => `${kind}: ${input}`)).size).toBe(CASES.length);
  expect(CASES.filter(({ record, batch }) => (record === undefined) === (batch === undefined))).toEqual([]);
});
