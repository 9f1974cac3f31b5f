/** Odd CSV files: each is read with the values of the clean one, or refused with line, column and what to do. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { SourcedEvent } from '../../producers/sourced-event.ts';
import { programArguments } from '../../cli/service-process.io.ts';
import type { ChurnScore } from '../../schemas/generated.ts';
import { CSV_SETS } from './csv.ts';
import { CLEAN, type CsvCase, type CsvSet } from './csv-case.ts';
import { readCsvCase } from './run-csv.ts';
import { renderSection, sectionOf, withSection } from './section.ts';

const DOCUMENT = 'docs/bad-inputs.md';
const clean: CsvCase = { kind: '', input: '', file: CLEAN };

/** Without times, which are now unless the file has them. */
const untimed = (customers: readonly SourcedEvent[]): unknown[] =>
  customers.map(({ event }) => ({ ...event, occurredAt: 0 }));
const labelsOf = (customers: readonly SourcedEvent[]): unknown[] => customers.map(({ churned }) => churned);

const CASES = CSV_SETS.flatMap((set) =>
  set.cases.map((one) => [`${set.section}, ${one.kind}: ${one.input}`, set, one] as const),
);
const refused = CASES.filter(([, , one]) => one.refused !== undefined);
const read = CASES.filter(([, , one]) => one.read !== undefined);

test.each(refused)('refused: %s', async (_, { schema }, one) => {
  const { error } = await readCsvCase(schema, one);
  expect(error?.replace(/^.*:\n {2}/, '')).toBe(one.refused);
  expect(error).toMatch(/^customers\.\S+:\n {2}(line \d+|gzip|JSON lines|\d+ of \d+ rows)/);
});

test.each(read)('read: %s', async (_, { schema, clean: cleanFile, labels }, one) => {
  const { customers, error, notices } = await readCsvCase(schema, one);
  const wanted = await readCsvCase(schema, { ...clean, file: one.sameAs ?? cleanFile });
  expect([error, wanted.error]).toEqual([undefined, undefined]);
  expect(untimed(customers)).toEqual(untimed(wanted.customers));
  expect(labelsOf(customers)).toEqual(one.labels ?? labels);
  if (one.notice === undefined) expect(notices).toEqual([]);
  else expect(notices.join('\n')).toContain(one.notice);
});

test('a time of the file is the time of the event', async () => {
  const [, { schema }, timed] = CASES.find(([, , { input }]) => input.endsWith('as times'))!;
  const { customers } = await readCsvCase(schema, timed);
  expect(customers.map(({ event }) => event.occurredAt)).toEqual([1.764e12, 1.764e12, 1.764e12]);
});

test('a cell of the other schema is read by what that one says of it', async () => {
  const { schema, clean: file } = CSV_SETS[1]!;
  const { customers } = await readCsvCase(schema, { ...clean, file });
  expect(customers[1]!.event).toMatchObject({ contract: 'Yearly', partner: false, totalCharges: 1889.5 });
  expect(customers[3]!.event).toMatchObject({ customerId: 'T-103', totalCharges: 1840, dataUsage: 2048.75 });
  expect(customers[0]!.event).toMatchObject({ totalCharges: null, dataUsage: 1.5, q11: 3, q1_1: 4 });
});

test('each case is one or the other, and no kind has more than ten', () => {
  expect(read.length + refused.length).toBe(CASES.length);
  expect(CASES.filter(([, , one]) => one.read !== undefined && one.refused !== undefined)).toEqual([]);
  expect(CSV_SETS.map(({ cases }) => cases.length >= 40)).toEqual([true, true]);
  const kinds = CASES.map(([, { section }, { kind }]) => `${section} ${kind}`);
  expect(Math.max(...kinds.map((kind) => kinds.filter((other) => other === kind).length))).toBeLessThan(11);
});

/** `UPDATE_DOCS=1 npx vitest run e2e/bad-inputs` writes the sections. */
test.each(CSV_SETS.map((set) => [set.section, set] as const))(
  'docs/bad-inputs.md has the table %s',
  (name, { cases }: CsvSet) => {
    const back = (one: CsvCase): string =>
      one.refused === undefined
        ? `read${one.read === undefined || one.read === '' ? '' : `: ${one.read}`}`
        : `refused: ${one.refused}`;
    const section = renderSection(
      cases.map((one) => ({ kind: one.kind, input: one.input, back: back(one) })),
    );
    const document = readFileSync(DOCUMENT, 'utf8');
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(DOCUMENT, withSection(document, name, section));
    expect(sectionOf(readFileSync(DOCUMENT, 'utf8'), name)).toBe(section);
  },
);

describe('bankchurn score', { timeout: 180_000 }, () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bankchurn-score-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function score(path: string): { status: number | null; scores: ChurnScore[]; stderr: string } {
    const run = spawnSync(process.execPath, [...programArguments(), 'score', path], { encoding: 'utf8' });
    const lines = run.stdout.split('\n').filter((line) => line !== '');
    const scores = lines.map((line) => ({ ...(JSON.parse(line) as ChurnScore), occurredAt: 0 }));
    return { status: run.status, scores, stderr: run.stderr };
  }
  function scoreCase({ file, name = 'customers.csv' }: CsvCase): ReturnType<typeof score> {
    writeFileSync(join(folder, name), file);
    return score(join(folder, name));
  }
  const named = (input: string): CsvCase => CSV_SETS[0]!.cases.find((one) => one.input === input)!;

  it('gives a file in another form the scores of the clean one', () => {
    const { status, scores } = scoreCase(clean);
    expect([status, new Set(scores.map(({ churnProbability }) => churnProbability)).size]).toEqual([0, 3]);
    for (const input of [
      'names as `credit_score`',
      'tabs',
      'semicolons and decimal commas',
      'UTF-16 in gzip',
      '`Yes` and `No`',
    ])
      expect([input, scoreCase(named(input))]).toEqual([
        input,
        expect.objectContaining({ status: 0, scores }),
      ]);
  });

  it.each(['a misspelt input', 'a column twice', 'no column `Balance`', '`1,234` in quotes'])(
    'ends with 1 and no score: %s',
    (input) => {
      const one = named(input);
      const { status, scores, stderr } = scoreCase(one);
      expect([status, scores]).toEqual([1, []]);
      expect(stderr).toBe(`bankchurn: ${join(folder, 'customers.csv')}:\n  ${one.refused!}\n`);
    },
  );

  const PRACTICE = '../shared/cases';
  it.skipIf(!existsSync(PRACTICE))('reads the files of practice with the scores of the good one', () => {
    const good = score(`${PRACTICE}/00-good300.csv`);
    expect([good.status, good.scores.length]).toEqual([0, 300]);
    for (const name of [
      '01-lowercase-columns300',
      '04-semicolon-comma',
      '05-utf16',
      '06-gzip',
      '07-floats300',
      '09-yes-no300',
      '11-thousands',
      '17-tabs',
      '21-no-label300',
    ]) {
      const { status, scores } = score(`${PRACTICE}/${name}.csv`);
      expect([name, status, scores]).toEqual([name, 0, good.scores.slice(0, scores.length)]);
      expect(scores.length).toBe(/300$/.test(name) ? 300 : 12);
    }
    for (const name of ['14-one-misspelt', '19-dup-header'])
      expect([name, score(`${PRACTICE}/${name}.csv`)]).toEqual([
        name,
        expect.objectContaining({ status: 1, scores: [] }),
      ]);
  });
});
