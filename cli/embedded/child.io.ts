import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/**
 * Runs between us and a JVM. It holds our end of a pipe on stdin: when that closes, however we ended (SIGKILL too), it
 * ends the JVM and removes its folder. In a process group of its own, so that Ctrl-C reaches us and not the JVM.
 */
const SUPERVISOR = `
const { spawn } = require('node:child_process');
const { openSync, rmSync, rmdirSync } = require('node:fs');
const { dirname } = require('node:path');
const [log, remove, command, ...args] = process.argv.slice(1);
const out = openSync(log, 'a');
const child = spawn(command, args, { stdio: ['ignore', out, out] });
let ending = false;
const end = () => {
  if (ending) return;
  ending = true;
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), 5000);
};
child.on('error', (error) => { process.stderr.write(String(error)); process.exit(127); });
child.on('exit', (code, signal) => {
  if (ending && remove !== '') {
    try { rmSync(remove, { recursive: true, force: true }); rmdirSync(dirname(remove)); } catch {}
  }
  process.exit(signal === null ? code : 1);
});
process.stdin.on('end', end).on('close', end).on('error', end).resume();
process.on('SIGTERM', end).on('SIGINT', () => {});
process.stdout.write(child.pid + '\\n');
`;

/** A JVM that ends with us. */
export interface Child {
  readonly pid: number;
  /** Resolves when the JVM is gone, whoever ended it. */
  readonly exited: Promise<void>;
  hasExited(): boolean;
  /** SIGTERM, after 5 s SIGKILL; removes its folder where that was asked for. */
  stop(): Promise<void>;
  /** SIGKILL of the JVM; its folder stays. */
  kill(): Promise<void>;
}

/**
 * Starts a command under the supervisor.
 *
 * @param logFile its stdout and stderr are appended there.
 * @param remove folder to remove when it was ended by us or with us; '' = none.
 */
export async function startChild(
  command: string,
  args: readonly string[],
  logFile: string,
  remove: string,
): Promise<Child> {
  const supervisor = spawn(process.execPath, ['-e', SUPERVISOR, logFile, remove, command, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  let gone = false;
  const exited = once(supervisor, 'exit').then(() => {
    gone = true;
  });
  supervisor.stdin.on('error', () => undefined);
  const lines = createInterface({ input: supervisor.stdout });
  const pid = await Promise.race([once(lines, 'line').then(([line]) => Number(line)), exited.then(() => 0)]);
  lines.close();
  if (pid === 0) throw new Error(`${command} could not be started: ${await tail(logFile)}`);
  return {
    pid,
    exited,
    hasExited: () => gone,
    stop: () => {
      supervisor.stdin.end();
      return exited;
    },
    kill: () => {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
      return exited;
    },
  };
}

/** Last lines of a log file. */
export async function tail(logFile: string, lines = 20): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '(no log)');
  return text.trimEnd().split('\n').slice(-lines).join('\n  ');
}
