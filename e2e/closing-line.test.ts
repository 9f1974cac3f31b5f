/** `make test` ends with its line and a true exit code, whatever goes wrong. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const CONFIG = `import { defineConfig } from 'vitest/config';
export default defineConfig({ test: { globalSetup: ['setup.ts'], maxWorkers: 1 } });\n`;
const SETUP = 'export function setup(): void {}\n';

interface Ended {
  readonly output: string;
  readonly code: number | null;
  readonly lastLine: string | undefined;
}

/** The suite's runner on a small project of its own. */
function runTests(files: Readonly<Record<string, string>>): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-closing-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const project = {
    'package.json': '{"type":"module"}',
    'vitest.config.ts': CONFIG,
    'setup.ts': SETUP,
    ...files,
  };
  for (const [name, text] of Object.entries(project)) writeFileSync(join(folder, name), text);
  return new Promise((done, reject) => {
    const args = ['--import', 'tsx', resolve('e2e/run-tests.ts')];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (data) => (output += String(data)));
    child.on('error', reject);
    child.on('close', (code) => done({ output, code, lastLine: /(?:^|\n)([^\n]*)\n$/.exec(output)?.[1] }));
  });
}

const test1 = "import { test } from 'vitest';\n";
const PASSING = `${test1}test('a', () => undefined);\n`;

test.each<[what: string, files: Record<string, string>, lastLine: string]>([
  ['all is well', { 'a.test.ts': `${PASSING}test.skip('b', () => undefined);\n` }, '1 passed, 0 failed, 1 skipped'],
  ['a test fails', { 'a.test.ts': `${PASSING}test('b', () => { throw new Error('b'); });\n` }, '1 passed, 1 failed, 0 skipped'],
  ['a file does not load', { 'a.test.ts': PASSING, 'b.test.ts': "import './none.ts';\n" }, '1 passed, 1 failed, 0 skipped'],
  ['a file has no tests', { 'a.test.ts': PASSING, 'b.test.ts': 'export {};\n' }, '1 passed, 1 failed, 0 skipped'],
  ['there are no tests', {}, '0 passed, 1 failed, 0 skipped'],
  ['a worker dies', { 'a.test.ts': `${test1}test('a', () => process.kill(process.pid, 'SIGKILL'));\n` }, '0 passed, 2 failed, 0 skipped'],
  ['a promise is rejected that nobody awaits', { 'a.test.ts': `${PASSING}void Promise.reject(new Error('stray'));\n` }, '1 passed, 1 failed, 0 skipped'],
  ['the setup fails', { 'a.test.ts': PASSING, 'setup.ts': "export function setup() { throw new Error('setup'); }\n" }, '0 passed, 1 failed, 0 skipped'],
  ['the setup ends the process', { 'a.test.ts': PASSING, 'setup.ts': 'export function setup() { process.exit(0); }\n' }, '0 passed, 1 failed, 0 skipped'],
  ['the teardown fails', { 'a.test.ts': PASSING, 'setup.ts': "export function teardown() { throw new Error('teardown'); }\n" }, '1 passed, 1 failed, 0 skipped'],
  ['the configuration is broken', { 'a.test.ts': PASSING, 'vitest.config.ts': 'no code' }, '0 passed, 1 failed, 0 skipped'],
])('%s', async (_, files, lastLine) => {
  const code = lastLine.includes(' 0 failed') ? 0 : 1;
  expect(await runTests(files)).toMatchObject({ code, lastLine });
}); // prettier-ignore

test('what failed is named above the last line: the test, the file that did not load', async () => {
  const { output } = await runTests({
    'a.test.ts': `${PASSING}test('b', () => { throw new Error('of b'); });\n`,
    'c.test.ts': "import './none.ts';\n",
  });
  const [named, lastLine] = [output.match(/^failed: .*$/gm), '1 passed, 2 failed, 0 skipped\n'];
  expect(named).toHaveLength(2);
  expect(named).toContain('failed: a.test.ts > b: of b');
  expect(named?.join()).toContain("failed: c.test.ts: Cannot find module './none.ts'");
  expect(output.endsWith(`${named!.join('\n')}\n${lastLine}`)).toBe(true);
});
