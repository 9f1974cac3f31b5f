import { link, readFile, rm, writeFile } from 'node:fs/promises';

const POLL_MS = 200;

/**
 * Waits for a lock file that holds its owner's process id; the lock of a process that is gone is taken over. Two waiters
 * may, rarely, both take over the same stale lock: what it guards must stay correct then, only done twice.
 *
 * @param onWait told once, with the owner's process id, when there is something to wait for.
 * @returns a function that releases it.
 */
export async function takeLock(path: string, onWait: (pid: number) => void): Promise<() => Promise<void>> {
  const mine = `${path}.${String(process.pid)}-${process.hrtime.bigint().toString(36)}`;
  await writeFile(mine, String(process.pid));
  try {
    for (let told = false; ;) {
      if (await tryLink(mine, path)) return () => rm(path, { force: true });
      const pid = Number(await readFile(path, 'utf8').catch(() => ''));
      if (pid > 0 && !isAlive(pid)) await rm(path, { force: true });
      else if (!told && pid > 0) {
        onWait(pid);
        told = true;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    await rm(mine, { force: true });
  }
}

/** A link and not a new file: so the lock never exists without its owner's id in it. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether a process of that id exists, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
