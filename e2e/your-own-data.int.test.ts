/** The commands of docs/your-own-data.md, read from the page and run as they stand there, on a CSV that nobody has seen. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, onTestFinished, test } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { programArguments } from '../cli/service-process.io.ts';
import type { ChurnScore } from '../schemas/generated.ts';
import { createRandom } from '../schemas/random.ts';

const ROWS = 600;

/** Customers of an invented gym: units in headers, no id, words for missing values, a leak. */
function gymCsv(): string {
  const random = createRandom(3);
  const rows = Array.from({ length: ROWS }, () => {
    const [visits, age] = [Math.floor(random.next() * 20), 18 + Math.floor(random.next() * 60)];
    const plan = ['Basic', 'Plus', 'Family'][random.int(3)]!;
    const left = random.next() < 1 / (1 + Math.exp(visits / 2 - 3 + (plan === 'Family' ? 1 : 0)));
    const fee = random.next() < 0.1 ? 'n/a' : (20 + random.next() * 60).toFixed(2);
    return [
      age,
      visits,
      plan,
      fee,
      random.next() < 0.5 ? 'Y' : 'N',
      left ? 'moved' : '',
      left ? 'Yes' : 'No',
    ];
  });
  const header = 'Age (years),Visits a month,Plan,Fee ($),Sauna,Reason,Churn';
  return [header, ...rows.map((cells) => cells.join()), ''].join('\n');
}

/** The commands of the page, each with the settings that were exported before it. */
function commandsOf(page: string): { readonly words: string[]; readonly exported: Record<string, string> }[] {
  const blocks = [...page.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block]) => block!.trim().split('\n'));
  const exported: Record<string, string> = {};
  return blocks.flatMap((line) => {
    const [, name, value] = /^export (\w+)=(.*)$/.exec(line) ?? [];
    if (name === undefined) return [{ words: line.split(' '), exported: { ...exported } }];
    exported[name] = value!;
    return [];
  });
}

/** Our program, from any folder: there tsx is not found by its name. */
const PROGRAM = programArguments().map((word) =>
  word === 'tsx' ? pathToFileURL(join(packageRoot(), 'node_modules/tsx/dist/loader.mjs')).href : word,
);

/** What a command of the page runs, as arguments of our program. */
function argumentsOf([program, ...rest]: readonly string[]): string[] {
  if (program === 'npx') {
    expect(rest[0]).toBe('bankchurn');
    return rest.slice(1);
  }
  expect(program).toBe('make');
  const recipe = execFileSync('make', ['-n', ...rest], { cwd: packageRoot(), encoding: 'utf8' });
  const [, line = ''] = /node bin\/bankchurn\.js (.*)/.exec(recipe) ?? [];
  return line
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/^"(.*)"$/, '$1'));
}

test('five commands lead from a CSV to scores', { timeout: 300_000 }, async () => {
  const page = readFileSync('docs/your-own-data.md', 'utf8');
  expect(page.split('\n').length).toBeLessThan(60);
  const commands = commandsOf(page);
  expect(commands.map(({ words }) => words.slice(0, 3).join(' '))).toEqual([
    'npx bankchurn init',
    'make train DATA=customers.csv',
    'make api-start',
    'npx bankchurn produce',
    'npx bankchurn consume',
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-own-data-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'customers.csv'), gymCsv());
  const { brokers, registryUrl } = inject('kafka');
  const site = {
    KAFKA_BROKERS: brokers,
    SCHEMA_REGISTRY_URL: registryUrl ?? '',
    TOPIC_PREFIX: `own${randomBytes(4).toString('hex')}.`,
    PORT: '0',
  };
  const optionsOf = (exported: Readonly<Record<string, string>>) => ({
    cwd: folder,
    env: { ...process.env, ...site, ...exported },
  });
  const run = (args: readonly string[], exported: Readonly<Record<string, string>>) =>
    promisify(execFile)(process.execPath, [...PROGRAM, ...args], optionsOf(exported));
  const [init, train, serve, produce, consume] = commands as [(typeof commands)[0], ...typeof commands];

  const written = await run(argumentsOf(init.words), init.exported);
  expect(written.stderr).toMatch(/warning: "Reason" is left out: likely a leak/);
  expect(written.stderr).toContain('read with this schema: 600 rows of 600');
  const trained = await run(argumentsOf(train!.words), train!.exported);
  expect(trained.stderr).toMatch(/released .* to .data\/customers\/champion/);

  const service = spawn(process.execPath, [...PROGRAM, ...argumentsOf(serve!.words)], {
    ...optionsOf(serve!.exported),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(service, 'exit');
  onTestFinished(async () => {
    service.kill('SIGTERM');
    await exited;
  });
  const listening = new Promise<void>((resolve) => {
    createInterface({ input: service.stdout }).on('line', (line) => {
      if (line.includes('"sidecar listens"')) resolve();
    });
  });
  await Promise.race([listening, exited]);
  expect(service.exitCode).toBeNull();

  const published = await run(argumentsOf(produce!.words), produce!.exported);
  expect(published.stderr).toMatch(/600/);
  const shown = await run(argumentsOf(consume!.words), consume!.exported);
  expect(shown.stdout.trim().split('\n')).toHaveLength(5);
  const all = await run(['consume', '--from-beginning', '--count', String(ROWS), '--format', 'jsonl'], consume!.exported); // prettier-ignore
  const scores = all.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ChurnScore);
  expect(new Set(scores.map(({ customerId }) => customerId)).size).toBe(ROWS);
  expect(new Set(scores.map(({ churnProbability }) => churnProbability)).size).toBeGreaterThan(50);
});
