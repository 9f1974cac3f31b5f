/** Python of tests and benchmarks: one environment per requirements file, in the user's cache. `make python` makes them. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../cli/context.ts';
import { takeLock } from '../../cli/embedded/lock.io.ts';

/** Requirements file of each environment, from the package. */
export const REQUIREMENTS = {
  /** ONNX Runtime, onnx.checker, shap. */
  parity: 'e2e/python/parity.txt',
  /** MLflow and DVC. */
  tracking: 'e2e/python/tracking.txt',
  /** CatBoost, LightGBM, shap. */
  bench: 'bench/python/requirements.txt',
} as const;
export type Environment = keyof typeof REQUIREMENTS;

/** Written last. */
const MARKER = 'complete';
const INSTALL_MS = 15 * 60_000;
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

function folderOf(environment: Environment): string {
  const requirements = readFileSync(join(packageRoot(), REQUIREMENTS[environment]));
  const hash = createHash('sha256').update(requirements).digest('hex').slice(0, 16);
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'bankchurn', `python-${environment}-${hash}`);
}

/** The environment's interpreter; undefined where it was not made: what needs it is skipped. */
export function pythonOf(environment: Environment): string | undefined {
  const folder = folderOf(environment);
  const python = join(folder, 'bin/python');
  return existsSync(join(folder, MARKER)) && existsSync(python) ? python : undefined;
}

/**
 * Makes an environment, unless it is there. Safe to call from several processes at once.
 *
 * @throws Error with the last words of `venv` or `pip`.
 */
export async function makeEnvironment(
  environment: Environment,
  onProgress: (line: string) => void,
): Promise<void> {
  if (pythonOf(environment) !== undefined) return;
  const folder = folderOf(environment);
  await mkdir(dirname(folder), { recursive: true });
  const unlock = await takeLock(`${folder}.lock`, (pid) => {
    onProgress(`waiting for process ${String(pid)}, which is installing`);
  });
  try {
    if (pythonOf(environment) !== undefined) return;
    onProgress(`installing ${REQUIREMENTS[environment]} with pip (a few minutes, once)`);
    await rm(folder, { recursive: true, force: true });
    await install(folder, join(packageRoot(), REQUIREMENTS[environment]));
  } finally {
    await unlock();
  }
}

async function install(folder: string, requirements: string): Promise<void> {
  const options = { timeout: INSTALL_MS, maxBuffer: MAX_OUTPUT_BYTES };
  const run = promisify(execFile);
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check'];
  try {
    await run(process.env['PYTHON'] || 'python3', ['-m', 'venv', folder], options);
    await run(join(folder, 'bin/python'), [...pip, '--requirement', requirements], options);
    await writeFile(join(folder, MARKER), '');
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    const { stdout, stderr } = cause as { stdout?: string; stderr?: string };
    const words = [stdout, stderr, String(cause)].map((text) => text?.trim()).find(Boolean) ?? '';
    throw new Error(words.split('\n').slice(-5).join('\n'), { cause });
  }
}

/** Runs a script (path from the package) with JSON on its standard input and reads the JSON it prints. */
export function runPython(python: string, script: string, input: unknown, timeoutMs = 120_000): unknown {
  const stdout = execFileSync(python, [join(packageRoot(), script)], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
    timeout: timeoutMs,
  });
  return JSON.parse(stdout);
}
