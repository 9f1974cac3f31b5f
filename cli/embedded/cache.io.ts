import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pinFaults, type Pins } from './artifacts.ts';
import { isAlive, takeLock } from './lock.io.ts';

/** Written last: size and time of change of every file, so that damage is noticed without hashing 190 MiB at each start. */
const MARKER = 'complete.json';
/** Part of the folder's name: another version of this product, with another marker, must not take ours for damaged and remove it while a broker runs from it. */
const LAYOUT = 'layout 2\n';

/** Where verified files lie and what they must be. */
export interface Cache {
  /** Folder of this set of pins, absolute; it exists only when complete (or damaged since). */
  readonly folder: string;
  readonly pins: Pins;
}

/** Puts the files into an empty folder. */
export type Fill = (folder: string) => Promise<void>;

/** The cache of the pins that ship with the product, below the user's cache folder. */
export async function openCache(env: NodeJS.ProcessEnv): Promise<Cache> {
  const source = await readFile(pinsFile(), 'utf8');
  const base = join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'bankchurn');
  const hash = createHash('sha256').update(LAYOUT).update(source).digest('hex').slice(0, 16);
  return { folder: join(base, `embedded-${hash}`), pins: JSON.parse(source) as Pins };
}

/** Beside this file, or where the sources have it when this one is compiled into a folder of its own. */
function pinsFile(): string {
  const beside = join(import.meta.dirname, 'pins.json');
  if (existsSync(beside)) return beside;
  let folder = import.meta.dirname;
  while (folder !== dirname(folder) && !existsSync(join(folder, 'cli/embedded/pins.json')))
    folder = dirname(folder);
  return join(folder, 'cli/embedded/pins.json');
}

/**
 * Whether every file is there as pinned. Cheap (sizes and times of change) unless something was touched: then everything
 * is hashed again, and what is still as pinned is good.
 */
export async function isComplete(cache: Cache): Promise<boolean> {
  const marker = await readFile(join(cache.folder, MARKER), 'utf8').catch(() => undefined);
  if (marker === undefined) return false;
  if (marker === (await fingerprint(cache.folder))) return true;
  if (pinFaults(cache.pins, await hashes(cache.folder)).length > 0) return false;
  await writeMarker(cache.folder);
  return true;
}

/**
 * Fills the cache where it is missing or damaged. Safe to call from several processes at once: one fills, the others
 * wait, and what is visible is always whole.
 *
 * @throws Error naming each file that is not as pinned.
 */
export async function ensureCache(
  cache: Cache,
  fill: Fill,
  onProgress: (line: string) => void,
): Promise<void> {
  if (await isComplete(cache)) return;
  if (existsSync(cache.folder)) onProgress('files of the embedded Kafka are damaged: fetching them again');
  await mkdir(join(cache.folder, '..'), { recursive: true });
  const unlock = await takeLock(`${cache.folder}.lock`, (pid) => {
    onProgress(`waiting for process ${String(pid)}, which is downloading`);
  });
  try {
    if (await isComplete(cache)) return; // another process was quicker
    await removeAbandoned(cache.folder);
    await fillAndInstall(cache, fill);
  } finally {
    await unlock();
  }
}

async function fillAndInstall(cache: Cache, fill: Fill): Promise<void> {
  const part = `${cache.folder}.part-${String(process.pid)}`;
  try {
    await rm(part, { recursive: true, force: true });
    await mkdir(part);
    await fill(part);
    const faults = pinFaults(cache.pins, await hashes(part));
    if (faults.length > 0) throw new Error(`files are not what is pinned:\n  ${faults.join('\n  ')}`);
    await writeMarker(part);
    await rm(cache.folder, { recursive: true, force: true });
    await rename(part, cache.folder);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    if (!(await isComplete(cache))) throw error;
  }
}

/** Half-filled folders of processes that are gone. */
async function removeAbandoned(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.part-`;
  for (const name of await readdir(join(folder, '..'))) {
    if (!name.startsWith(prefix) || isAlive(Number(name.slice(prefix.length)))) continue;
    await rm(join(folder, '..', name), { recursive: true, force: true });
  }
}

async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return paths.filter((path) => path !== MARKER).sort();
}

async function hashes(folder: string): Promise<Pins> {
  const found: Record<string, string> = {};
  for (const path of await files(folder)) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(folder, path)), hash);
    found[path] = hash.digest('hex');
  }
  return found;
}

async function writeMarker(folder: string): Promise<void> {
  await writeFile(join(folder, MARKER), await fingerprint(folder));
}

/** Size in bytes and time of change in milliseconds of each file, as JSON. */
async function fingerprint(folder: string): Promise<string> {
  const stats = await Promise.all(
    (await files(folder)).map(async (path) => {
      const { size, mtimeMs } = await stat(join(folder, path));
      return [path, size, mtimeMs] as const;
    }),
  );
  return JSON.stringify(stats);
}
