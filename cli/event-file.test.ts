import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { csvColumns, likeness } from '../schemas/csv/columns.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { createSimulator } from '../producers/simulator.ts';
import { openEvents } from './event-file.io.ts';
import { watchInputs } from './input-watch.ts';

async function readLines(name: string, content: string | Buffer) {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-lines-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  const said: string[] = [];
  const notice = (line: string): void => void said.push(line.replace(path, name));
  const ids: string[] = [];
  const options = { schema: BANK, allowMissing: [], badRows: 'fail', notice } as const;
  for await (const { event } of await openEvents(path, options)) ids.push(event.eventId);
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
