/** Training gives the same bytes again, in another process and on the newer Node. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { programArguments } from '../cli/service-process.io.ts';
import { otherNode } from './environments/other-node.ts';

const newer = otherNode();
const data = [process.env['CHURN_CSV'], 'data/raw/Churn.csv'].find((path) => path && existsSync(path));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bankchurn-training-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Hashes of the files that `bankchurn train` writes, run by a Node. */
async function train(node: string, out: string, ...more: string[]): Promise<string[]> {
  const places = ['--out', join(folder, out), '--metrics', join(folder, out, 'metrics.json')];
  const options = { cwd: packageRoot(), timeout: 110_000, env: { ...process.env, MLFLOW_TRACKING_URI: '' } };
  await promisify(execFile)(node, [...programArguments(), 'train', ...more, ...places], options);
  const names = ['model.onnx', 'manifest.json', 'golden.json', 'metrics.json'];
  const hash = async (name: string): Promise<string> =>
    `${name} ${createHash('sha256')
      .update(await readFile(join(folder, out, name)))
      .digest('hex')}`;
  return Promise.all(names.map(hash));
}

describe.each([
  ['simulated customers', true, ['--simulated']],
  ['the bank’s set', data !== undefined, ['--data', data ?? '']],
])('training on %s', (what, isThere, more) => {
  it.skipIf(!isThere)(
    'gives the same bytes twice',
    async () => {
      const first = await train(process.execPath, `${what} 1`, ...more);
      expect(await train(process.execPath, `${what} 2`, ...more)).toEqual(first);
    },
    240_000,
  );

  it.skipIf(!isThere || newer === undefined)(
    'gives the same bytes on Node 24',
    async () => {
      const { stdout } = await promisify(execFile)(newer!, ['--version']);
      expect(stdout).toMatch(/^v24\./);
      const here = await train(process.execPath, `${what} 3`, ...more);
      expect(await train(newer!, `${what} 4`, ...more)).toEqual(here);
    },
    240_000,
  );
});
