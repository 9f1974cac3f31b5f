import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, tryLock } from './lock.io.ts';

/** A supervisor whose parent was killed a moment ago may still be ending its programs. */
const ENDING_MS = 3000;

/**
 * Makes a data folder ours until the given process ends: nobody has to give it back. Kafka's own lock is no guard: a second broker on a busy folder
 * touches the metadata log before it asks for the lock, and after a few tries starts.
 *
 * @param owner process that lives as long as the programs that use the folder, with the folder's name among its arguments.
 * @throws Error where another living process has it.
 */
export async function ownFolder(root: string, owner: number): Promise<void> {
  await mkdir(root, { recursive: true });
  const path = join(root, 'owner');
  const deadline = performance.now() + ENDING_MS;
  for (;;) {
    if (await tryLock(path, owner)) return;
    const other = Number(await readFile(path, 'utf8').catch(() => ''));
    if (other > 0 && !(await uses(other, root))) await rm(path, { force: true });
    else if (performance.now() > deadline) {
      throw new Error(
        `the data folder ${root} is in use by another broker (process ${String(other)}): end that one, or choose another folder`,
      );
    }
    await sleep(100);
  }
}

/** Whether that process is alive and is one of ours: its id may have gone to another one. */
async function uses(pid: number, root: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const args = await readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => undefined); // Linux only
  return args === undefined || args.split('\0').includes(root);
}

/** Makes the folder of this start below the data folder; those of starts before are removed. */
export async function openRunFolder(root: string): Promise<string> {
  for (const name of await readdir(root)) {
    if (name.startsWith('run-')) await rm(join(root, name), { recursive: true, force: true });
  }
  return mkdtemp(join(root, 'run-'));
}
