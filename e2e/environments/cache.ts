import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { takeLock } from '../../cli/embedded/lock.io.ts';

/** Written last. */
const MARKER = 'complete';

/** A folder in the user's cache. */
export function cacheFolder(name: string): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'bankchurn', name);
}

/** Whether a folder was filled to its end. */
export const isComplete = (folder: string): boolean => existsSync(join(folder, MARKER));

/**
 * Fills a folder, unless it is complete. Safe to call from several processes at once.
 *
 * @throws what `fill` throws; the folder is removed then.
 */
export async function fillOnce(
  folder: string,
  fill: () => Promise<void>,
  onProgress: (line: string) => void,
): Promise<void> {
  if (isComplete(folder)) return;
  await mkdir(dirname(folder), { recursive: true });
  const unlock = await takeLock(`${folder}.lock`, (pid) => {
    onProgress(`waiting for process ${String(pid)}, which is installing`);
  });
  try {
    if (isComplete(folder)) return;
    await rm(folder, { recursive: true, force: true });
    await fill();
    await writeFile(join(folder, MARKER), '');
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    await unlock();
  }
}
