/** The recovery order of old runbooks: `dvc pull; make train;` serve. Where the pull fails, no simulated model is served. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { readRelease } from '../models/store.io.ts';
import { createWorld } from './world.ts';

const LEFT_OUT = new Set(['node_modules', '.git', '.data', '.dvc', 'dist', 'coverage', 'data']);

/** The tree as it is cloned, without the bank's data, and a `dvc` that fails. Returns how to run a line of shell in it. */
function createClone(): { clone: string; sh: (line: string) => SpawnSyncReturns<string> } {
  const home = mkdtempSync(join(tmpdir(), 'bankchurn-recovery-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const clone = join(home, 'clone');
  const isWanted = (path: string): boolean => !LEFT_OUT.has(path.slice(packageRoot().length + 1));
  cpSync(packageRoot(), clone, { recursive: true, filter: isWanted });
  mkdirSync(join(clone, 'data/raw'), { recursive: true });
  symlinkSync(join(packageRoot(), 'node_modules'), join(clone, 'node_modules'));
  const make =
    'make -o node_modules/.installed -o dist/.built BANKCHURN="node --import tsx cli/bankchurn.ts"';
  const tools = `dvc() { echo 'dvc: no remote' >&2; return 255; }; make() { command ${make} "$@"; }; `;
  const env = { ...process.env, MLFLOW_TRACKING_URI: '', SIMULATED: '', DATA: '' };
  return {
    clone,
    sh: (line) =>
      spawnSync('sh', ['-c', tools + line], { cwd: clone, encoding: 'utf8', env, timeout: 60_000 }),
  };
}

test(
  'dvc pull fails, make train says what to do, and the champion is served',
  { timeout: 120_000 },
  async () => {
    const { clone, sh } = createClone();
    const onnx = (folder: string): Buffer => readFileSync(join(folder, 'models/champion/model.onnx'));
    const { status, stderr } = sh('dvc pull; make train');
    expect(status).not.toBe(0);
    expect(stderr).toMatch(
      /dvc: no remote\n.*there is no data\/raw\/Churn\.csv.*dvc pull.*DATA=.*SIMULATED=1/s,
    );
    expect(onnx(clone).equals(onnx(packageRoot()))).toBe(true);

    const world = await createWorld({ registry: false });
    const service = await world.start({ MODEL_DIR: join(clone, 'models/champion') });
    const { version, sha256 } = (await readRelease(join(packageRoot(), 'models/champion'))).manifest;
    await vi.waitFor(
      async () => {
        const health = await fetch(`http://127.0.0.1:${String(service.port)}/health`);
        expect(await health.json()).toMatchObject({ model_version: version, model_sha256: sha256 });
      },
      { timeout: 60_000, interval: 500 },
    );
  },
);

test(
  'a model of simulated customers is made on request, apart from what is served',
  { timeout: 120_000 },
  async () => {
    const { clone, sh } = createClone();
    const before = readFileSync(join(clone, 'models/metrics.json'), 'utf8');
    const { status, stderr } = sh('SIMULATED=1 make train');
    expect([status, stderr]).toEqual([0, expect.stringContaining('released simulated-') as string]);
    const release = await readRelease(join(clone, '.data/simulated/champion'));
    expect(release.manifest.training.dataset.name).toBe('simulated');
    expect(existsSync(join(clone, '.data/simulated/metrics.json'))).toBe(true);
    expect(readFileSync(join(clone, 'models/metrics.json'), 'utf8')).toBe(before);
    const inPlace = sh('node --import tsx cli/bankchurn.ts train --simulated --out models/champion');
    expect([inPlace.status, inPlace.stderr]).toEqual([1, expect.stringContaining('is served') as string]);
    expect((await readRelease(join(clone, 'models/champion'))).manifest.training.dataset.name).not.toBe(
      'simulated',
    );
  },
);
