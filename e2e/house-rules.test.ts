/** The rules of the house hold: each kind of violation, planted in a copy of the tree, fails the check of `make check`. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = process.cwd();
const LEFT_OUT = new Set(['node_modules', 'dist', '.git', '.data', 'coverage', 'data']);
let tree: string;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'bankchurn-house-'));
  for (const name of readdirSync(ROOT)) {
    if (!LEFT_OUT.has(name)) cpSync(join(ROOT, name), join(tree, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

function plant(files: readonly (readonly [file: string, source: string])[]): void {
  for (const [file, source] of files) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), source);
  }
}

interface Run {
  readonly status: number | null;
  readonly output: string;
}

function run(tool: string, args: readonly string[]): Run {
  const options = { cwd: tree, encoding: 'utf8', maxBuffer: 1e8 } as const;
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin', tool), [...args], options);
  return { status, output: stdout + stderr };
}

/** The very check of `make check`, as JSON. */
function cruise(): { errors: number; violations: { rule: { name: string }; from: string }[] } {
  const { output } = run('depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', '.']);
  const { summary } = JSON.parse(output) as {
    summary: { error: number; violations: { rule: { name: string }; from: string }[] };
  };
  return { errors: summary.error, violations: summary.violations };
}

const IMPORTS: [rule: string, file: string, source: string][] = [
  ['schemas-imports', 'schemas/planted-1.ts', "import '../drift/bins.ts';"],
  ['models-imports', 'models/planted.ts', "import '../scoring/score.ts';"],
  ['scoring-imports', 'scoring/planted.ts', "import '../training/train.ts';"],
  ['drift-imports', 'drift/planted.ts', "import '../service/health.ts';"],
  ['training-imports', 'training/planted.ts', "import '../consumers/loop.ts';"],
  ['kafka-imports', 'kafka/planted-1.ts', "import '../producers/simulator.ts';"],
  ['kafka-imports', 'kafka/kafkajs/planted-1.io.ts', "import '../../consumers/loop.ts';"],
  ['producers-imports', 'producers/planted.ts', "import '../models/manifest.ts';"],
  ['consumers-imports', 'consumers/planted-1.ts', "import '../cli/options.ts';"],
  ['consumers-imports', 'consumers/planted-6.io.ts', "import '../service/wiring.io.ts';"],
  ['service-imports', 'service/planted-1.io.ts', "import '../cli/options.ts';"],
  ['kafkajs-in-its-adapter', 'consumers/planted-2.io.ts', "import 'kafkajs';"],
  ['kafkajs-in-its-adapter', 'kafka/planted-2.ts', "import type { Kafka } from 'kafkajs';"],
  ['kafkajs-in-its-adapter', 'e2e/planted-1.ts', "import 'kafkajs';"],
  ['kafkajs-in-its-adapter', 'e2e/planted-2.test.ts', "await import('kafkajs/src/broker/index.js');"],
  ['adapter-behind-its-port', 'service/planted-2.io.ts', "import '../kafka/kafkajs/connect.io.ts';"],
  ['adapter-behind-its-port', 'cli/planted-2.ts', "import '../kafka/kafkajs/cluster.fixture.ts';"],
  ['adapter-behind-its-port', 'kafka/planted-3.io.ts', "import './kafkajs/connect.io.ts';"],
  ['registry-in-one-file', 'consumers/planted-3.io.ts', "import '@kafkajs/confluent-schema-registry';"],
  ['onnx-in-one-file', 'scoring/planted-2.io.ts', "import 'onnxruntime-node';"],
  ['pure-files-import-no-edge', 'consumers/planted-4.ts', "import '../service/wiring.io.ts';"],
  ['config-by-service-and-cli-only', 'consumers/planted-5.io.ts', "import '../config.ts';"],
  ['no-failpoints-in-production', 'cli/planted.ts', "import '../e2e/world.ts';"],
  ['no-dev-dependencies-in-production', 'kafka/kafkajs/planted-2.io.ts', "import 'lz4-napi';"],
  ['no-cycles', 'schemas/planted-2.ts', "import './planted-3.ts';"],
  ['no-orphans', 'schemas/planted-4.ts', 'export const alone = 1;'],
];

test('imports: the tree is clean, and each planted violation is an error under its rule', () => {
  expect(cruise()).toEqual({ errors: 0, violations: [] });
  plant(IMPORTS.map(([, file, source]) => [file, source]));
  plant([['schemas/planted-3.ts', "import './planted-2.ts';"]]); // the other half of the cycle
  const { errors, violations } = cruise();
  const found = violations.map(({ rule, from }) => `${rule.name} ${from}`);
  for (const [rule, file] of IMPORTS) expect(found).toContain(`${rule} ${file}`);
  expect(errors).toBeGreaterThanOrEqual(IMPORTS.length);
  expect(run('depcruise', ['--config', '.dependency-cruiser.cjs', 'schemas']).status).not.toBe(0);
});

interface Message {
  readonly ruleId: string;
  readonly message: string;
}

/** ESLint of `make check` over some files or folders. */
function lint(...paths: string[]): { status: number | null; messagesOf(file: string): readonly Message[] } {
  const { status, output } = run('eslint', ['--format', 'json', ...paths]);
  const results = JSON.parse(output) as { filePath: string; messages: readonly Message[] }[];
  return {
    status,
    messagesOf: (file) => results.find(({ filePath }) => filePath.endsWith(file))?.messages ?? [],
  };
}

const IMPURE: [what: string, source: string][] = [
  ['Date.now', 'export const planted = Date.now();'],
  ['Date.now', 'export const { now } = Date;'],
  ['new Date()', 'export const planted = new Date();'],
  ['Date()', 'export const planted = Date();'],
  ['Math.random', 'export const planted = [1].map(Math.random);'],
  ['a local format or time zone', 'export const planted = new Date(1).getHours();'],
  ['a local format or time zone', "export const planted = 'a'.localeCompare('b');"],
  ["'process'", 'export const planted = process.env;'],
  ["'globalThis'", 'export const planted = globalThis.process;'],
  ["'console'", "console.log('planted');"],
  ["'fetch'", "export const planted = fetch('http://localhost');"],
  ["'setTimeout'", 'setTimeout(() => undefined, 1);'],
  ["'performance'", 'export const planted = performance.now();'],
  ['import.meta', 'export const planted = import.meta.url;'],
  ['a dynamic import', "export const planted = await import('node:fs');"],
  ["'node:fs'", "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;"],
  ["'node:fs'", "export { readFileSync } from 'node:fs';"],
  ["'net'", "import { connect } from 'net';\nexport const planted = connect;"],
  ["'pino'", "import { pino } from 'pino';\nexport const planted = pino;"],
  ['createHash', "import { randomUUID } from 'node:crypto';\nexport const planted = randomUUID;"],
  ['createHash', "import * as crypto from 'node:crypto';\nexport const planted = crypto.randomUUID;"],
  [
    'store.io.ts',
    "import { readRelease } from '../models/store.io.ts';\nexport const planted = readRelease;",
  ],
];
const ALLOWED = [
  "import { createHash } from 'node:crypto';",
  "import type { Logger } from 'pino';",
  "import type { Metrics } from '../service/metrics.io.ts';",
  "export const planted = (log: Logger, metrics: Metrics, nowMs: number) => [log, metrics, createHash('sha256'), new Date(nowMs)];",
].join('\n');
const FORGOTTEN =
  "import type { Transaction } from '../schemas/ports.ts';\nexport function planted(t: Transaction): void {\n  t.commit();\n}\n";

test('purity: each impure thing in a pure file is an error that says what to do; a forgotten await is one too', () => {
  const files = IMPURE.map(([, source], i) => [`scoring/impure-${String(i)}.ts`, source] as const);
  plant([...files, ['scoring/forgotten.ts', FORGOTTEN], ['scoring/allowed.ts', ALLOWED]]);
  const { status, messagesOf } = lint('scoring');
  IMPURE.forEach(([what], i) => {
    const texts = messagesOf(`impure-${String(i)}.ts`).map(({ message }) => message);
    expect([
      what,
      texts.some((text) => text.includes(what) && text.includes('is pure: hand this in from an edge')),
    ]).toEqual([what, true]);
  });
  expect(messagesOf('forgotten.ts').map(({ ruleId }) => ruleId)).toContain(
    '@typescript-eslint/no-floating-promises',
  );
  expect(messagesOf('scoring/score.ts')).toEqual([]);
  expect(messagesOf('scoring/allowed.ts')).toEqual([]);
  expect(status).toBe(1);
});

const TAKE =
  "export const planted = createRequire(import.meta.url)('kafkajs/src/broker/index.js') as unknown;";
const REQUIRED: [file: string, source: string][] = [
  ['service/required-1.io.ts', `import { createRequire } from 'node:module';\n${TAKE}`],
  ['e2e/required-2.test.ts', `import { createRequire } from 'module';\n${TAKE}`],
  [
    'kafka/required-3.io.ts',
    `import { createRequire as take } from 'node:module';\nexport const planted = take;`,
  ],
  ['bench/required-4.ts', "import module from 'node:module';\nexport const planted = module.createRequire;"],
  [
    'cli/required-5.ts',
    "import * as module from 'node:module';\nexport const planted = module.createRequire;",
  ],
  ['cli/required-6.ts', "export const planted = (await import('node:module')).createRequire;"],
  ['cli/required-7.ts', "export const planted = process.getBuiltinModule('node:module');"],
  ['schemas/required-8.ts', `import { createRequire } from 'node:module';\n${TAKE}`],
];

test('createRequire: an error in every file outside of kafka/kafkajs/, tests included', () => {
  const adapter = 'kafka/kafkajs/required-9.io.ts';
  plant([...REQUIRED, [adapter, `import { createRequire } from 'node:module';\n${TAKE}`]]);
  const { messagesOf } = lint(...REQUIRED.map(([file]) => file), adapter);
  const isSaid = (file: string): boolean =>
    messagesOf(file).some(({ message }) => message.includes('kafkajs is known to kafka/kafkajs/ alone'));
  for (const [file] of REQUIRED) expect([file, isSaid(file)]).toEqual([file, true]);
  expect(messagesOf(adapter)).toEqual([]);
});

const NAMED: readonly string[] = [
  "export const planted = 'creditScore';",
  '/** As NumOfProducts of the bank. */\nexport const planted = 1;',
  'export const planted = (row: Record<string, number>) => row.age;',
  'export const planted = { tenure: 1 };',
];

test('a customer’s input by name is an error in code, and none in tests and in the bank’s own simulator', () => {
  const files = NAMED.map((source, i) => [`scoring/named-${String(i)}.ts`, source] as const);
  plant([...files, ['scoring/named.test.ts', NAMED[0]!], ['scoring/unnamed.ts', 'export const ageMs = 1; // of old age\n']]); // prettier-ignore
  const { messagesOf } = lint('scoring', 'producers');
  const isFound = (file: string): boolean =>
    messagesOf(file).some(({ ruleId }) => ruleId === 'house/no-input-names');
  for (const [file] of files) expect([file, isFound(file)]).toEqual([file, true]);
  for (const file of ['scoring/named.test.ts', 'scoring/unnamed.ts', 'producers/simulator.ts'])
    expect([file, isFound(file)]).toEqual([file, false]);
});

test('format, types, dead code: each is noticed', () => {
  writeFileSync(join(tree, 'drift/ugly.ts'), 'export const  ugly = {a:1}');
  expect(run('prettier', ['--check', 'drift/ugly.ts']).status).toBe(1);
  expect(run('prettier', ['--check', 'drift/bins.ts']).status).toBe(0);

  plant([
    ['drift/mistyped.ts', 'export const first: string = [1][0];'],
    ['planted.json', '{ "extends": "./tsconfig.json", "include": [], "files": ["drift/mistyped.ts"] }'],
  ]);
  expect(run('tsc', ['--noEmit', '-p', 'planted.json']).output).toContain('drift/mistyped.ts(1,14)');

  writeFileSync(join(tree, 'drift/bins.ts'), 'export const nobodyUses = 1;', { flag: 'a' });
  const { status, output } = run('knip', []);
  expect([status, output]).toEqual([
    1,
    expect.stringMatching(/Unused files[\s\S]*Unused exports[\s\S]*nobodyUses/),
  ]);
});

test('`make check` runs these very tools over everything', () => {
  const recipe = /^check:.*\n((?:\t.*\n)+)/m.exec(readFileSync('Makefile', 'utf8'))?.[1] ?? '';
  const lines = recipe.split('\n').map((line) => line.trim().replace('node_modules/.bin/', ''));
  expect(lines).toEqual(
    expect.arrayContaining([
      'prettier --check --log-level warn .',
      'tsc --noEmit',
      'eslint .',
      'depcruise --config .dependency-cruiser.cjs --output-type err-long .',
      'knip',
      '@node --import tsx e2e/print-figures.ts',
    ]),
  );
});
