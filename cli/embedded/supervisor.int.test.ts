import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from './lock.io.ts';
import { startSupervisor, type Supervisor } from './supervisor.io.ts';

describe('the supervisor', () => {
  let folder: string;
  let logFile: string;
  let supervisor: Supervisor;
  const node = (code: string): { command: string; args: string[]; logFile: string } => ({
    command: process.execPath,
    args: ['-e', code],
    logFile,
  });
  const waits = 'setInterval(() => {}, 1000); console.log("up")';
  const isUp = async (): Promise<void> => {
    while (!(await readFile(logFile, 'utf8').catch(() => '')).includes('up')) await sleep(20);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bankchurn-supervisor-'));
    logFile = join(folder, 'log');
    supervisor = startSupervisor(folder, true);
  });
  afterEach(async () => {
    await supervisor.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('runs a program, keeps its output and tells its exit code', async () => {
    const program = await supervisor.start(
      node('console.log("out"); console.error("err"); process.exitCode = 3'),
    );
    expect(await program.exited).toBe(3);
    expect(program.hasExited()).toBe(true);
    expect(await readFile(logFile, 'utf8')).toBe('out\nerr\n');
    await program.stop(); // of what has ended: nothing happens
  });

  it('tells that a command does not exist', async () => {
    await expect(supervisor.start({ command: 'no-such-command', args: [], logFile })).rejects.toThrow(
      /ENOENT/,
    );
  });

  it('ends a program politely, by force after 5 s, or at once', async () => {
    const polite = await supervisor.start(node(waits));
    await isUp();
    await polite.stop();
    expect(await polite.exited).toBe(143);
    const deaf = await supervisor.start(
      node(`process.on('SIGTERM', () => {}); ${waits.replace('up', 'deaf')}`),
    );
    while (!(await readFile(logFile, 'utf8')).includes('deaf')) await sleep(20);
    const begun = performance.now();
    await deaf.stop();
    expect(await deaf.exited).toBe(137);
    expect(performance.now() - begun).toBeGreaterThan(4500);
    const other = await supervisor.start(node(waits));
    await other.kill();
    expect(await other.exited).toBe(137);
  });

  it('ends everything and removes the folder when it is closed, and takes no more orders', async () => {
    const program = await supervisor.start(node(waits));
    await supervisor.close();
    expect(await program.exited).toBe(143);
    expect(existsSync(folder)).toBe(false);
    await expect(supervisor.start(node(waits))).rejects.toThrow(/supervisor/);
  });

  it('leaves no program behind when it is killed itself', async () => {
    const program = await supervisor.start(node(waits));
    const parent = execFileSync('ps', ['-o', 'ppid=', '-p', String(program.pid)], { encoding: 'utf8' });
    process.kill(Number(parent), 'SIGKILL');
    expect(await program.exited).toBe(137);
    await expect.poll(() => isAlive(program.pid), { timeout: 10_000 }).toBe(false); // init reaps it in its own time
  });
});
