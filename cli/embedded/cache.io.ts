import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { KAFKA_VERSION, pinFaults, renderPom, type Pins } from './artifacts.ts';

const run = promisify(execFile);
/** Written last: sizes of all files, so that a damaged cache is noticed without hashing 190 MiB at each start. */
const MARKER = 'complete.json';
const DOWNLOAD_TIMEOUT_MS = 540_000;
const PROGRESS_EVERY_MS = 5000;

const pinsFile = (): string => {
  const beside = fileURLToPath(new URL('pins.json', import.meta.url));
  return existsSync(beside) ? beside : join(import.meta.dirname, '../../../cli/embedded/pins.json'); // compiled: dist/cli/embedded
};

/** The user's cache folder of this product. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bankchurn');
}

/**
 * The folder with `kafka/` and `registry/`; downloads and verifies it where it is missing or damaged. Safe to call from
 * several processes at once.
 */
export async function ensureArtifacts(
  onProgress: (line: string) => void,
  cache = cacheFolder(),
): Promise<string> {
  const source = await readFile(pinsFile(), 'utf8');
  const pins = JSON.parse(source) as Pins;
  const folder = join(cache, `embedded-${createHash('sha256').update(source).digest('hex').slice(0, 16)}`);
  if (await isComplete(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const unlock = await lock(`${folder}.lock`, onProgress);
  try {
    if (await isComplete(folder)) return folder; // another process was quicker
    await rm(folder, { recursive: true, force: true });
    await download(folder, pins, onProgress);
    return folder;
  } finally {
    await unlock();
  }
}

async function isComplete(folder: string): Promise<boolean> {
  try {
    const sizes = JSON.parse(await readFile(join(folder, MARKER), 'utf8')) as Record<string, number>;
    for (const [path, size] of Object.entries(sizes))
      if ((await stat(join(folder, path))).size !== size) return false;
    return Object.keys(sizes).length > 0;
  } catch {
    return false;
  }
}

/** A lock folder holding the owner's pid; the lock of a process that is gone is taken over. */
async function lock(path: string, onProgress: (line: string) => void): Promise<() => Promise<void>> {
  for (let told = false; ; told = true) {
    try {
      await mkdir(path);
      await writeFile(join(path, 'pid'), String(process.pid));
      return () => rm(path, { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const pid = Number(await readFile(join(path, 'pid'), 'utf8').catch(() => '0'));
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (pid > 0 ? !isAlive(pid) : age > 10_000) await rm(path, { recursive: true, force: true });
    else if (!told) onProgress(`waiting for process ${String(pid)}, which is downloading`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function download(folder: string, pins: Pins, onProgress: (line: string) => void): Promise<void> {
  const work = await mkdtemp(`${folder}.part-`);
  const begun = Date.now();
  const what = `downloading Apache Kafka ${KAFKA_VERSION} and the schema registry (190 MiB, once)`;
  onProgress(what);
  const timer = setInterval(() => {
    onProgress(`${what}: ${String(Math.round((Date.now() - begun) / 1000))} s`);
  }, PROGRESS_EVERY_MS);
  try {
    const pom = join(work, 'pom.xml');
    await writeFile(pom, renderPom(work));
    await run('mvn', ['-B', '-q', '-ntp', '-f', pom, 'process-resources'], {
      cwd: work,
      timeout: DOWNLOAD_TIMEOUT_MS,
      maxBuffer: 1e7,
    });
    await rm(pom);
    await rm(join(work, 'target'), { recursive: true, force: true }); // Maven's own markers
    const faults = pinFaults(pins, await hashes(work));
    if (faults.length > 0)
      throw new Error(`what was downloaded is not what is pinned:\n  ${faults.join('\n  ')}`);
    await writeFile(join(work, MARKER), JSON.stringify(await sizes(work)));
    await rename(work, folder);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    const { stdout = '', message } = error as { stdout?: string; message: string };
    const lines = `${message}\n${stdout}`.trim().split('\n').slice(0, 12).join('\n  ');
    throw new Error(`the embedded Kafka could not be fetched with mvn:\n  ${lines}`, { cause: error });
  } finally {
    clearInterval(timer);
  }
}

async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
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

async function sizes(folder: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const path of await files(folder)) found[path] = (await stat(join(folder, path))).size;
  return found;
}
