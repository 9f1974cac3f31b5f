import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;
/** Older than any download may take: its owner's process id has gone to another process, as happens in containers. */
const ABANDONED_AFTER_MS = 20 * 60_000;

/**
 * Waits for a lock file that holds its owner's process id; the lock of a process that is gone, or one older than 20
 * minutes, is taken over. Two waiters may, rarely, both take over the same stale lock: what it guards must stay correct
 * then, only done twice.
 *
 * @param onWait told once, with the owner's process id, when there is something to wait for.
 * @returns a function that releases it.
 */
export async function takeLock(path: string, onWait: (pid: number) => void): Promise<() => Promise<void>> {
  for (let told = false; ;) {
    if (await tryLock(path, process.pid)) return () => rm(path, { force: true });
    const pid = Number(await readFile(path, 'utf8').catch(() => ''));
    const isStale = pid > 0 && (!isAlive(pid) || (await ageMs(path)) > ABANDONED_AFTER_MS);
    if (isStale) await rm(path, { force: true });
    else if (!told && pid > 0) {
      onWait(pid);
      told = true;
    }
    await sleep(POLL_MS);
  }
}

/**
 * Takes the lock file where nobody has it. A link and not a new file: so it never exists without its owner's id in it.
 *
 * @param owner process id to write into it.
 */
export async function tryLock(path: string, owner: number): Promise<boolean> {
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, String(owner));
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(mine, { force: true });
  }
}

async function ageMs(path: string): Promise<number> {
  const changed = await stat(path).catch(() => undefined);
  return changed === undefined ? 0 : Date.now() - changed.mtimeMs;
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
