import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { ROLES, type RoleName } from '../service/role-topics.ts';
import { packageRoot } from './context.ts';

/** A service (`bankchurn serve`) as a child process that ends with us. */
export interface ServiceProcess {
  readonly pid: number;
  /** Of the sidecar. */
  readonly port: number;
  /** Resolves with the exit code when it is gone, whoever ended it (null: by a signal). */
  readonly exited: Promise<number | null>;
  /** Last log lines. */
  tail(): string;
  /** SIGTERM. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<number | null>;
}

const START_TIMEOUT_MS = 30_000;
const TAIL_LINES = 15;

/**
 * How to run the program (ours, or that of another folder) as we were run: compiled, or from the sources. `BANKCHURN_COMPILED=1` asks for the
 * compiled one in any case, if there is one, which starts three times as fast: the whole test suite does.
 */
export function programArguments(root = packageRoot()): string[] {
  const isWanted = !import.meta.url.endsWith('.ts') || process.env['BANKCHURN_COMPILED'] === '1';
  const isCompiled = isWanted && existsSync(join(root, 'dist/cli/bankchurn.js'));
  return isCompiled ? [join(root, 'bin/bankchurn.js')] : ['--import', 'tsx', join(root, 'cli/bankchurn.ts')];
}

/**
 * Starts it (all roles, or those given; `more` are further options) and returns when its sidecar listens.
 *
 * @param onLine called for each line of its log.
 * @param root the folder of the program.
 * @param program how Node runs it.
 */
export async function startService(
  env: Readonly<Record<string, string>>,
  roles: readonly RoleName[] = ROLES,
  configFile?: string,
  more: readonly string[] = [],
  onLine: (line: string) => void = () => undefined,
  root = packageRoot(),
  program: readonly string[] = programArguments(root),
): Promise<ServiceProcess> {
  const config = configFile === undefined ? [] : ['--config', configFile];
  const command = ['serve', '--with-parent', '--roles', roles.join(','), ...config, ...more];
  const child = spawn(process.execPath, [...program, ...command], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: root,
  });
  const lines: string[] = [];
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  child.stdin.on('error', () => undefined);
  const listening = new Promise<number>((resolve) => {
    const keep = (line: string): void => {
      onLine(line);
      lines.push(line);
      if (lines.length > TAIL_LINES) lines.shift();
      const port = /"port":(\d+),"msg":"sidecar listens"/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    };
    createInterface({ input: child.stdout }).on('line', keep);
    createInterface({ input: child.stderr }).on('line', keep);
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), START_TIMEOUT_MS);
  });
  const port = await Promise.race([listening, exited.then(() => undefined), late]);
  clearTimeout(timer);
  if (port === undefined) {
    child.kill('SIGKILL');
    throw new Error(`the service did not start:\n  ${lines.join('\n  ')}`);
  }
  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return exited;
  };
  return {
    pid: child.pid ?? 0,
    port,
    exited,
    tail: () => lines.join('\n  '),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
