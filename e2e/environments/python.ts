/** Python of tests and benchmarks: one environment per requirements file. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../cli/context.ts';
import { cacheFolder, fillOnce, isComplete } from './cache.ts';

/** Requirements file of each, from the package. */
export const REQUIREMENTS = {
  /** ONNX Runtime, onnx.checker, shap. */
  parity: 'e2e/python/parity.txt',
  /** MLflow and DVC. */
  tracking: 'e2e/python/tracking.txt',
  /** CatBoost, LightGBM, shap. */
  bench: 'bench/python/requirements.txt',
} as const;
export type PythonEnvironment = keyof typeof REQUIREMENTS;

const INSTALL_MS = 15 * 60_000;
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

function folderOf(environment: PythonEnvironment): string {
  const requirements = readFileSync(join(packageRoot(), REQUIREMENTS[environment]));
  const hash = createHash('sha256').update(requirements).digest('hex').slice(0, 16);
  return cacheFolder(`python-${environment}-${hash}`);
}

/** The environment's interpreter; undefined where it was not made: what needs it is skipped. */
export function pythonOf(environment: PythonEnvironment): string | undefined {
  const folder = folderOf(environment);
  return isComplete(folder) ? join(folder, 'bin/python') : undefined;
}

/**
 * Makes an environment, unless it is there.
 *
 * @throws Error with the last words of `venv` or `pip`.
 */
export async function installPython(
  environment: PythonEnvironment,
  onProgress: (line: string) => void,
): Promise<void> {
  const folder = folderOf(environment);
  const requirements = REQUIREMENTS[environment];
  const options = { timeout: INSTALL_MS, maxBuffer: MAX_OUTPUT_BYTES, cwd: packageRoot() };
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check'];
  const fill = async (): Promise<void> => {
    onProgress(`installing ${requirements} with pip (a few minutes, once)`);
    const run = promisify(execFile);
    await run(process.env['PYTHON'] || 'python3', ['-m', 'venv', folder], options);
    await run(join(folder, 'bin/python'), [...pip, '--requirement', requirements], options);
  };
  await fillOnce(folder, fill, onProgress).catch((cause: unknown) => {
    const { stdout, stderr } = cause as { stdout?: string; stderr?: string };
    const words = [stdout, stderr, String(cause)].map((text) => text?.trim()).find(Boolean) ?? '';
    throw new Error(words.split('\n').slice(-5).join('\n'), { cause });
  });
}

/** Runs a script (path from the package) with JSON on its standard input and reads the JSON it prints. */
export async function runPython(
  python: string,
  script: string,
  input: unknown,
  timeoutMs: number,
): Promise<unknown> {
  const args = ['-B', '-W', 'ignore', join(packageRoot(), script)];
  const running = promisify(execFile)(python, args, { maxBuffer: MAX_OUTPUT_BYTES, timeout: timeoutMs });
  running.child.stdin!.on('error', () => undefined); // it ended early: its exit code and words tell more
  running.child.stdin!.end(JSON.stringify(input));
  return JSON.parse((await running).stdout);
}
