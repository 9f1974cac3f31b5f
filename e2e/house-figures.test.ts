/** The figures of the house are right, and what breaks a limit is named. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { measure, report, type HouseFigures, type SourceText } from './house-figures.ts';

const repeated = (line: string, times: number): string => `${line}\n`.repeat(times);
const file = (path: string, text: string): SourceText => ({ path, text });
const said = (figures: HouseFigures, cycles: readonly string[] = []) => report(figures, cycles);

test('a code line is neither blank nor comment alone', () => {
  const text = [
    '/** Docs. */',
    'export const a = `b',
    '',
    '// no comment, but text`;',
    '',
    '// a comment',
    'function f() { // with code before it',
    '  /* a',
    '     block */',
    '  return /[/*]/;',
    '}',
    '',
  ].join('\n');
  expect(measure([file('drift/a.ts', text)])).toMatchObject({ codeLines: 5, pureLines: 5 });
});

test('the share is of production files without cli/, generated files and configuration of tools', () => {
  const lines = (path: string, n: number) => file(path, repeated('export {};', n));
  const figures = measure([
    lines('drift/a.ts', 30),
    lines('drift/b.io.ts', 60),
    lines('config.ts', 10),
    ...['drift/a.test.ts', 'drift/a.bench.ts', 'kafka/a.fixture.ts'].map((path) => lines(path, 100)),
    ...['e2e/a.ts', 'bench/a.ts', 'cli/a.ts', 'vitest.config.ts'].map((path) => lines(path, 100)),
    ...['schemas/generated.ts', 'models/onnx_pb.ts'].map((path) => lines(path, 1000)),
  ]);
  expect(figures).toMatchObject({ pureLines: 40, codeLines: 100 });
  const { isKept, text } = said(figures);
  expect([isKept, text]).toEqual([false, expect.stringContaining('pure lines        40.0 % of 100')]);
  expect(text).toMatch(/^too few pure lines/m);
});

const body = (lines: number): string => repeated('  void 0;', lines);
const OF_EACH_KIND: [name: string, source: string][] = [
  ['a declaration', `function named() {\n${body(79)}}\n`],
  ['an arrow', `export const named = () => {\n${body(79)}};\n`],
  ['a method', `class A {\n  named() {\n${body(79)}  }\n}\n`],
  ['a method of an object', `export const a = {\n  named() {\n${body(79)}  },\n};\n`],
  ['a property', `export const a = {\n  named: function () {\n${body(79)}  },\n};\n`],
  ['many small ones in a closure', `function named() {\n${repeated('  const f = () => 0;', 79)}}\n`],
  ['an expression', `export const named = (a) =>\n${repeated('  a +', 79)}  a;\n`],
];

test.each(OF_EACH_KIND)('a function of 81 lines is too long, one of 80 is not: %s', (_, source) => {
  const long = said(measure([file('cli/a.ts', source)]));
  expect(long.isKept).toBe(false);
  expect(long.text).toMatch(/^longest function {2}81 lines: named, cli\/a\.ts:[12] \(at most 80\)$/m);
  expect(long.text).toMatch(/^too long: function 81 lines: named/m);
  const lines = source.split('\n');
  const shorter = [...lines.slice(0, 4), ...lines.slice(5)].join('\n');
  expect(said(measure([file('cli/a.ts', shorter)])).text).not.toMatch(/^too long/m);
});

test('a table outside of functions may be long, in a file of 300 lines but not of 301', () => {
  const table = (lines: number) => `export const table = [\n${repeated('  1,', lines - 2)}];\n`;
  const kept = said(measure([file('drift/a.ts', table(300)), file('drift/a.test.ts', table(400))]));
  expect(kept.isKept).toBe(true);
  expect(kept.text.trimEnd().split('\n')).toEqual([
    'pure lines        100.0 % of 300 code lines, cli/ aside (at least 60.0 %)',
    'longest function  none (at most 80)',
    'longest file      300 lines: drift/a.ts (at most 300); longest test 400 lines: drift/a.test.ts',
    'import cycles     0 (at most 0)',
  ]);
  const long = said(measure([file('drift/a.ts', table(301))]));
  expect([long.isKept, long.text]).toEqual([
    false,
    expect.stringContaining('too long: file 301 lines: drift/a.ts'),
  ]);
});

test('a cycle is one too many', () => {
  const { isKept, text } = said(measure([file('drift/a.ts', 'export {};\n')]), ['a.ts → b.ts → a.ts']);
  expect([isKept, text]).toEqual([false, expect.stringContaining('cycle: a.ts → b.ts → a.ts')]);
  expect(text).toMatch(/^import cycles {5}1 \(at most 0\)$/m);
});

test('the tree of a project is measured, its cycles found', () => {
  const tree = mkdtempSync(join(tmpdir(), 'bankchurn-figures-'));
  onTestFinished(() => rmSync(tree, { recursive: true, force: true }));
  symlinkSync(resolve('node_modules'), join(tree, 'node_modules'));
  for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
    copyFileSync(name, join(tree, name));
  mkdirSync(join(tree, 'drift'));
  writeFileSync(join(tree, 'drift/a.ts'), "import { b } from './b.ts';\nexport const a = () => b;\n");
  const print = () => {
    const args = ['--import', 'tsx', resolve('e2e/print-figures.ts')];
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: tree, encoding: 'utf8' });
    return [status, stdout] as const;
  };
  writeFileSync(join(tree, 'drift/b.ts'), 'export const b = 1;\n');
  expect(print()).toEqual([0, expect.stringContaining('100.0 % of 3 code lines')]);
  writeFileSync(join(tree, 'drift/b.ts'), "import { a } from './a.ts';\nexport const b = () => a;\n");
  expect(print()).toEqual([1, expect.stringMatching(/^cycle: drift\/a\.ts → drift\/b\.ts → drift\/a\.ts$/m)]);
});
