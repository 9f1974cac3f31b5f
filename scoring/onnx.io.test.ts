import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const SCORE = `
  import { readFileSync } from 'node:fs';
  import { createSession } from './scoring/onnx.io.ts';
  await createSession(readFileSync('models/champion/model.onnx'));
  // Its sender works in the background.
  await new Promise((resolve) => setTimeout(resolve, 500));
`;

test('loading a model tells nobody: ONNX Runtime’s telemetry is off, and leaves no files in the home folder', () => {
  const home = mkdtempSync(join(tmpdir(), 'bankchurn-home-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  // Where CI is set it is off by itself.
  const env = { ...process.env, HOME: home, TSX_DISABLE_CACHE: '1' } as NodeJS.ProcessEnv;
  for (const name of ['CI', 'XDG_CACHE_HOME', 'ORT_DISABLE_TELEMETRY']) Reflect.deleteProperty(env, name);
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', SCORE],
    { env, encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);
  expect(readdirSync(home)).toEqual([]);
});
