/** `dvc.lock` says how the champion came about: it is in step, real DVC reproduces it, and data come by `dvc pull`. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../cli/context.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { pythonOf } from './environments/python.ts';

const python = pythonOf('tracking');
const data = [process.env['CHURN_CSV'], 'data/raw/Churn.csv'].find((path) => path && existsSync(path));

interface Entry {
  readonly path: string;
  readonly md5: string;
}
const DATA = 'data/raw/Churn.csv';
const md5 = (path: string): string => createHash('md5').update(readFileSync(path)).digest('hex');

test('dvc.lock is in step with what lies here, and names every file of the release: else `npm run generate`', () => {
  const lock = parse(readFileSync('dvc.lock', 'utf8')) as {
    stages: { train: { deps: Entry[]; outs: Entry[]; params: Record<string, object> } };
  };
  const { deps, outs, params } = lock.stages.train;
  const entries = [...deps, ...outs].filter(({ path }) => path !== DATA);
  expect(entries.length).toBeGreaterThan(10);
  expect(entries.map(({ path, md5: locked }) => [path, locked])).toEqual(
    entries.map(({ path }) => [path, md5(path)]),
  );
  const released = readdirSync('models/champion', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  expect(outs.map(({ path }) => path).sort()).toEqual([...released, 'models/metrics.json'].sort());
  expect(parse(readFileSync('configs/config.yaml', 'utf8'))).toMatchObject(params['configs/config.yaml']!);
  const tracked = parse(readFileSync(`${DATA}.dvc`, 'utf8')) as { outs: Entry[] };
  expect(tracked.outs[0]!.md5).toBe(deps.find(({ path }) => path === DATA)!.md5);
});

const LEFT_OUT = new Set(['node_modules', '.git', '.data', 'coverage']);

/** A copy of the tree, as if it were just cloned and installed, and DVC in it. */
async function createClone(): Promise<{ clone: string; dvc: (...args: string[]) => Promise<string> }> {
  const home = mkdtempSync(join(tmpdir(), 'bankchurn-dvc-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const clone = join(home, 'clone');
  const root = packageRoot();
  if (!existsSync(join(root, 'node_modules/.installed'))) throw new Error('run `make install` first');
  for (const name of readdirSync(root)) {
    if (LEFT_OUT.has(name)) continue;
    const isWanted = (path: string): boolean => !/\.dvc\/(tmp|cache)|data\/raw\/.*\.csv$/.test(path);
    const options = { recursive: true, preserveTimestamps: true, filter: isWanted };
    cpSync(join(root, name), join(clone, name), options);
  }
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) utimesSync(join(clone, name), 0, 0); // installed
  const env = {
    ...process.env,
    MLFLOW_TRACKING_URI: '',
    DVC_NO_ANALYTICS: '1',
    DVC_SITE_CACHE_DIR: join(home, 'site'),
    DVC_GLOBAL_CONFIG_DIR: join(home, 'global'),
    DVC_SYSTEM_CONFIG_DIR: join(home, 'system'),
  };
  const run = async (program: string, ...args: string[]): Promise<string> => {
    const options = { cwd: clone, env, timeout: 200_000 };
    const { stdout } = await promisify(execFile)(program, args, options).catch((error: unknown) => {
      const { stdout: out, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${[program, ...args].join(' ')}: ${out} ${stderr}`);
    });
    return stdout;
  };
  await run('git', 'init', '--quiet');
  return { clone, dvc: (...args) => run(python!, '-m', 'dvc', ...args) };
}

async function writeSimulated(path: string): Promise<void> {
  const header =
    'CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,HasCrCard,IsActiveMember,EstimatedSalary,Exited';
  const lines = [...simulateEvents(3000, 1, 'd-')].map(({ event: e, churned }) =>
    [e.creditScore, e.geography, e.gender, e.age, e.tenure, e.balance, e.numOfProducts]
      .concat([Number(e.hasCrCard), Number(e.isActiveMember), e.estimatedSalary, Number(churned)])
      .join(),
  );
  await writeFile(path, [header, ...lines, ''].join('\n'));
}

describe.skipIf(python === undefined)('with DVC', () => {
  it('pulls data from a remote, trains where something changed, and only there', async () => {
    const { clone, dvc } = await createClone();
    const file = join(clone, DATA);
    await writeSimulated(file);
    await dvc('add', DATA);
    await dvc('remote', 'add', '--local', '--default', 'bank', join(clone, '../store'));
    await dvc('push');
    const hash = md5(file);
    rmSync(file);
    rmSync(join(clone, '.dvc/cache'), { recursive: true });
    await expect(dvc('repro')).rejects.toThrow(/missing data 'source': data/);
    await dvc('pull');
    expect(md5(file)).toBe(hash);

    await dvc('repro');
    const lock = readFileSync(join(clone, 'dvc.lock'), 'utf8');
    expect(lock).toContain(`md5: ${hash}`);
    expect(lock).toContain(`md5: ${md5(join(clone, 'models/champion/model.onnx'))}`);
    expect(await dvc('status')).toContain('up to date');
    expect(await dvc('metrics', 'show')).toContain('models/metrics.json');
    expect(await dvc('repro')).toContain("Stage 'train' didn't change, skipping");
    appendFileSync(join(clone, 'training/boosting.ts'), '\n');
    expect(await dvc('status')).toMatch(/modified: +training\/boosting\.ts/);
  }, 300_000);

  it.skipIf(data === undefined)(
    'reproduces the lock from the bank’s set, byte for byte',
    async () => {
      const { clone, dvc } = await createClone();
      copyFileSync(data!, join(clone, DATA));
      expect(await dvc('repro')).toContain("Stage 'train' didn't change, skipping");
      await dvc('repro', '--force');
      expect(await dvc('status')).toContain('up to date');
      expect(readFileSync(join(clone, `${DATA}.dvc`))).toEqual(readFileSync(`${DATA}.dvc`));
      expect(readFileSync(join(clone, 'dvc.lock'), 'utf8')).toBe(readFileSync('dvc.lock', 'utf8'));
      expect(readFileSync(join(clone, 'models/metrics.json'))).toEqual(readFileSync('models/metrics.json'));
    },
    300_000,
  );
});
