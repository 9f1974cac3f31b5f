/** Bad data, through the real command: a clear fault with line and column, exit 1, and the old model untouched. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSimulator } from '../producers/simulator.ts';
import { packageRoot } from './context.ts';
import { programArguments } from './service-process.io.ts';

const HEADER =
  'RowNumber,CustomerId,Surname,CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,IsActiveMember,EstimatedSalary,Exited';
const next = createSimulator({ seed: 5, startMs: 0, stepMs: 1, idPrefix: 'c' });
const ROWS = Array.from({ length: 600 }, (_, i) => {
  const { event: e, churned } = next();
  const flags = [e.hasCrCard, e.isActiveMember].map(Number);
  const inputs = [e.creditScore, e.geography, e.gender, e.age, e.tenure ?? '', e.balance, e.numOfProducts];
  return [i + 1, e.customerId, 'Name', ...inputs, ...flags, e.estimatedSalary, Number(churned)].map(String);
});
const csv = (header: string, rows: readonly (readonly string[])[]): string =>
  [header, ...rows.map((row) => row.join(',')), ''].join('\n');
const GOOD = csv(HEADER, ROWS);
/** The good file with one cell of the row on line 4 replaced. */
function withCell(column: string, cell: string): string {
  const at = HEADER.split(',').indexOf(column);
  return csv(
    HEADER,
    ROWS.map((row, i) => (i === 2 ? row.map((old, j) => (j === at ? cell : old)) : row)),
  );
}
const without = (column: string): string => {
  const at = HEADER.split(',').indexOf(column);
  const drop = (cells: readonly string[]): string[] => cells.filter((_, i) => i !== at);
  return csv(drop(HEADER.split(',')).join(','), ROWS.map(drop));
};

let folder: string;
let before: Record<string, string>;
const hashes = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'data.csv')
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bankchurn-bad-csv-'));
  cpSync(join(packageRoot(), 'models/champion'), join(folder, 'champion'), { recursive: true });
  writeFileSync(join(folder, 'metrics.json'), '{}\n');
  before = hashes();
});
afterAll(() => rmSync(folder, { recursive: true }));

function train(content: string | Buffer): { status: number | null; stderr: string; stdout: string } {
  const data = join(folder, 'data.csv');
  writeFileSync(data, content);
  const out = ['--out', join(folder, 'champion'), '--metrics', join(folder, 'metrics.json')];
  const args = [...programArguments(), 'train', '--data', data, ...out];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

const BAD: [what: string, content: string | Buffer, where: string, what: string, advice: string][] = [
  ['a missing column', without('Age'), 'line 1', 'columns missing: Age', 'add or rename'],
  ['no label column', without('Exited'), 'line 1', 'columns missing: Exited', 'add or rename'],
  ['a wrong type', withCell('Age', 'old'), 'line 4, column Age', '"old" is not a number', 'leave it empty'],
  ['a decimal comma', withCell('Balance', '"1,5"'), 'line 4, column Balance', '"1,5" is not', 'write it as 1234.5'],
  ['a negative age', withCell('Age', '-3'), 'line 4, column Age', 'age is below 0', 'correct it'],
  ['a flag of 2', withCell('HasCrCard', '2'), 'line 4, column HasCrCard', '"2" is not 1', 'correct it'],
  ['a label of 2', withCell('Exited', '2'), 'line 4, column Exited', '"2", not 0', 'correct it'],
  ['no label', withCell('Exited', ''), 'line 4, column Exited', 'empty', 'remove rows without'],
  ['1e999', withCell('Balance', '1e999'), 'line 4, column Balance', '"1e999" is larger', 'correct it'],
  ['1e300', withCell('EstimatedSalary', '1e300'), 'line 4, column EstimatedSalary', 'is larger', 'correct it'],
  [
    'one class only',
    csv(HEADER, ROWS.map((row) => [...row.slice(0, -1), '0'])),
    'lines 2..601, column Exited', 'one class only', 'add customers',
  ],
  ['an empty file', '', 'line 1', 'the file is empty', 'a header and rows'],
  ['a header alone', `${HEADER}\n`, 'line 1', 'no rows below the header', 'add customers'],
  ['3 rows', csv(HEADER, ROWS.slice(0, 3)), 'lines 2..4, column Exited', '3 customers', 'needed are 100'],
  ['a duplicate header', GOOD.replace('Surname', 'Age'), 'line 1, column 7', 'Age is there twice (column 3', 'rename'],
  ['an open quote', withCell('Surname', '"O'), 'line 4, column', 'never closed', 'write "a ""b"" c"'],
  ['a stray quote', withCell('Surname', 'O"Neil'), 'line 4, column Surname', 'a quote inside', 'write "a ""b"" c"'],
  ['text behind a quote', withCell('Surname', '"O"Neil'), 'line 4, column Surname', 'behind', 'write "a ""b"" c"'],
  ['a comma too many', withCell('Surname', 'A, B'), 'line 4, column 15', 'cells: 15', 'quote cells'],
  ['a cell too few', GOOD.replace(/,[01]\n$/, '\n'), 'line 601, column Exited', 'cells: 13', 'an empty cell'],
  [
    'Latin-1 bytes', Buffer.from(withCell('Surname', 'Müller'), 'latin1'),
    'line 4, column Surname', 'byte 0xFC is not UTF-8', 'save the file as UTF-8',
  ],
  ['UTF-16 without a mark', Buffer.from(GOOD, 'utf16le'), 'line 1, column 1', 'NUL', 'UTF-16'],
]; // prettier-ignore

test.each(BAD)('%s', (_, content, where, what, advice) => {
  const { status, stderr, stdout } = train(content);
  expect([status, stdout]).toEqual([1, '']);
  const message = stderr.split('\n').slice(0, -1);
  expect(message[0]).toMatch(/^bankchurn: .*data\.csv:$/);
  expect(message[1]).toMatch(new RegExp(`^ {2}${where}`));
  expect(message[1]).toContain(what);
  expect(message[1]).toContain(advice);
  expect(message).toHaveLength(2);
  expect(hashes()).toEqual(before);
});

test('a byte order mark, CRLF, quoted cells and umlauts in UTF-8 are read', () => {
  const quoted = ROWS.map((row) => row.map((cell) => `"${cell}"`));
  quoted[2]![2] = '"Müller, ""Hans"""';
  const { status, stderr } = train(`\uFEFF${csv(HEADER, quoted).replaceAll('\n', '\r\n')}`);
  expect(stderr).toMatch(/released churn|nothing released/);
  expect([0, 1]).toContain(status);
});
