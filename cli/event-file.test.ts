import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { csvColumns, likeness } from '../schemas/csv/columns.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { createSimulator } from '../producers/simulator.ts';
import type { SourcedEvent } from '../producers/sourced-event.ts';
import { openEvents, type ReadingOptions } from './event-file.io.ts';
import { watchInputs } from './input-watch.ts';

function openFile(
  name: string,
  content: string | Buffer,
  { said = [], ...options }: Partial<ReadingOptions> & { said?: string[] },
): Promise<AsyncGenerator<SourcedEvent>> {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-lines-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  const notice = (line: string): void => void said.push(line.replace(path, name));
  return openEvents(path, { schema: BANK, allowMissing: [], badRows: 'fail', notice, ...options });
}

async function readLines(name: string, content: string | Buffer, options: Partial<ReadingOptions> = {}) {
  const said: string[] = [];
  const ids: string[] = [];
  for await (const { event } of await openFile(name, content, { ...options, said })) ids.push(event.eventId);
  return { ids, said };
}

const line = (id: string, more: object): string =>
  JSON.stringify({ eventId: id, customerId: 'c', occurredAt: 1.764e12, ...more });

test('JSON lines: a field that no event has is named once, with the field it may mean', async () => {
  const snake = { credit_score: 600, age: 41, Surname: 'Vale', Exited: 1, mood: 'good' };
  const { ids, said } = await readLines('e.jsonl', `${line('a', snake)}\n\n${line('b', snake)}\n`);
  expect(ids).toEqual(['a', 'b']);
  expect(said.slice(0, 4)).toEqual([
    'e.jsonl, line 1: field not read: "credit_score": did you mean creditScore?',
    'e.jsonl, line 1: field not read: "Surname"',
    'e.jsonl, line 1: field not read: "Exited"',
    'e.jsonl, line 1: field not read: "mood"',
  ]);
  expect(said.slice(4)).toEqual([
    expect.stringMatching(/^warning: missing in every row: creditScore, geography/),
  ]);
});

test('JSON lines: UTF-16 and gzip are read; other bytes are refused with line and character', async () => {
  const text = `${line('a', { age: 41 })}\n${line('ä', { age: 41 })}\n`;
  for (const file of [gzipSync(text), Buffer.from(`\uFEFF${text}`, 'utf16le'), `\uFEFF${text}`])
    expect((await readLines('e.jsonl', file)).ids).toEqual(['a', 'ä']);
  await expect(readLines('e.jsonl', Buffer.from(text, 'latin1'))).rejects.toThrow(
    'line 2, character 13: byte 0xE4 is not UTF-8',
  );
  await expect(readLines('e.jsonl', 'RowNumber,Age\n1,41\n')).rejects.toThrow(
    'line 1: JSON that is not valid',
  );
  await expect(readLines('e.jsonl', 'RowNumber,Age\n1,41\n')).rejects.toThrow('whose name ends in .csv');
});

const HEAD =
  'CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,IsActiveMember,EstimatedSalary';
const GOOD = '600,France,Female,41,3,1500.5,1,1,0,9000.25';
const BAD = GOOD.replace('41', 'old');

test('CSV: bad rows that are skipped are said before the first event; a file with too many has none', async () => {
  const rows = [GOOD, BAD, GOOD, HEAD, GOOD, '600,France'];
  const { ids, said } = await readLines('e.csv', [HEAD, ...rows].join('\n'), { badRows: 'skip' });
  expect(ids).toEqual(['row-1', 'row-3', 'row-5']);
  expect(said[0]).toMatch(
    /^e\.csv: 3 of 6 rows skipped:\n {2}line 3, column Age \(4\): "old"[^]*\n {2}line 5: the header again/,
  );
  await expect(openFile('e.csv', [HEAD, GOOD, BAD, BAD].join('\n'), { badRows: 'skip' })).rejects.toThrow('2 of 3 rows cannot be read'); // prettier-ignore
  const strict = await openFile('e.csv', [HEAD, GOOD, BAD].join('\n'), {});
  expect((await strict.next()).done).toBe(false);
  await expect(strict.next()).rejects.toThrow('line 3, column Age (4): "old" is not a number');
});

test('CSV: columns that may be missing are inputs of the schema, under any of their names', async () => {
  const without = [HEAD.replace('Balance,', ''), GOOD.replace('1500.5,', '')].join('\n');
  for (const name of ['Balance', 'balance', 'BALANCE'])
    expect((await readLines('e.csv', without, { allowMissing: [name] })).ids).toEqual(['row-1']);
  await expect(openFile('e.csv', without, { allowMissing: ['Balanse', 'Exited'] })).rejects.toThrow(
    '--allow-missing: Balanse, Exited: known are CreditScore, Geography',
  );
});

test('the watch names inputs that are missing, or new to the model, in every row', () => {
  const next = createSimulator({ seed: 1, startMs: 0, stepMs: 1, idPrefix: 'w' });
  const features = [{ name: 'gender', kind: 'categorical', categories: ['Female', 'Male'] } as const].map(
    (feature) => ({ ...feature, categories: [...feature.categories] }),
  );
  const watch = watchInputs(BANK, features);
  expect(watch.warnings()).toEqual([]);
  const see = (gender: string | null): void => watch.see({ ...next().event, tenure: null, gender });
  see('female');
  see(null);
  expect(watch.warnings()).toEqual([
    expect.stringContaining('missing in every row: tenure'),
    'gender: no row has a value the model knows (Female, Male); the first is "female"',
  ]);
  see('Female');
  expect(watch.warnings()).toHaveLength(1);
});

test('names: every column in any spelling of its words; misspelt ones are like theirs and no other', () => {
  const { all, find } = csvColumns(BANK);
  for (const column of all) {
    const words = column.name.replace(/[a-z](?=[A-Z])/g, '$& ');
    for (const name of [
      words,
      words.toLowerCase(),
      words.toUpperCase(),
      words.replaceAll(' ', '_'),
      ` ${words} `,
    ])
      expect([name, find(name)]).toEqual([name, column]);
  }
  const like = (name: string): string[] =>
    all
      .filter(({ names }) => names.some((known) => likeness(name, known) === 'misspelt'))
      .map((column) => column.name);
  expect(['CreditScor', 'Credit_Socre', 'Ballance', 'Tenur', 'Aeg', 'Exitted'].map(like)).toEqual([
    ['CreditScore'],
    ['CreditScore'],
    ['Balance'],
    ['Tenure'],
    ['Age'],
    ['Exited'],
  ]);
  for (const name of ['Branch', 'id', 'Remark', 'Segment', 'Satisfaction Score', 'Card Type', 'Complain'])
    expect([name, like(name)]).toEqual([name, []]);
});
