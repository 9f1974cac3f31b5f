import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureCache, isComplete, openCache, type Cache, type Fill } from './cache.io.ts';

const FILES: Record<string, string> = { 'kafka/a.jar': 'the broker', 'registry/lib/b.jar': 'the registry' };
const pins = Object.fromEntries(
  Object.entries(FILES).map(([path, text]) => [path, createHash('sha256').update(text).digest('hex')]),
);

describe('the cache of the embedded broker', () => {
  let base: string;
  let cache: Cache;
  let fills: number;
  const quiet = (): void => undefined;
  const fill: Fill = async (folder) => {
    fills++;
    for (const [path, text] of Object.entries(FILES)) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  };

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'bankchurn-cache-'));
    cache = { folder: join(base, 'bankchurn/embedded-x'), pins };
    fills = 0;
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  it('is filled once and leaves nothing else behind', async () => {
    expect(await isComplete(cache)).toBe(false);
    await ensureCache(cache, fill, quiet);
    await ensureCache(cache, fill, quiet);
    expect(fills).toBe(1);
    expect(await readdir(join(base, 'bankchurn'))).toEqual(['embedded-x']);
  });

  it('is filled once by two that start at the same time', async () => {
    await Promise.all([ensureCache(cache, fill, quiet), ensureCache(cache, fill, quiet)]);
    expect(fills).toBe(1);
  });

  it('notices a flipped byte, a missing and an additional file, and is filled again', async () => {
    const damages = [
      () => writeFile(join(cache.folder, 'kafka/a.jar'), 'the brokeR'),
      () => rm(join(cache.folder, 'registry/lib/b.jar')),
      () => writeFile(join(cache.folder, 'kafka/c.jar'), 'not ours'),
    ];
    await ensureCache(cache, fill, quiet);
    for (const damage of damages) {
      await damage();
      const lines: string[] = [];
      await ensureCache(cache, fill, (line) => lines.push(line));
      expect(lines).toEqual(['files of the embedded Kafka are damaged: fetching them again']);
      expect(await readFile(join(cache.folder, 'kafka/a.jar'), 'utf8')).toBe('the broker');
      expect(existsSync(join(cache.folder, 'kafka/c.jar'))).toBe(false);
    }
    expect(fills).toBe(1 + damages.length);
  });

  it('is not fetched again when it was only copied or touched', async () => {
    await ensureCache(cache, fill, quiet);
    await utimes(join(cache.folder, 'kafka/a.jar'), 1, 1);
    const copy: Cache = { folder: join(base, 'bankchurn/embedded-y'), pins };
    await cp(cache.folder, copy.folder, { recursive: true });
    expect(await isComplete(cache)).toBe(true);
    expect(await isComplete(copy)).toBe(true);
  });

  it('refuses what is not as pinned, names the file and installs nothing', async () => {
    const wrong: Fill = async (folder) => {
      await fill(folder);
      await writeFile(join(folder, 'kafka/a.jar'), 'something else');
    };
    await expect(ensureCache(cache, wrong, quiet)).rejects.toThrow(/kafka\/a\.jar has sha256 .*, pinned is/);
    expect(await readdir(join(base, 'bankchurn'))).toEqual([]);
  });

  it('takes over the lock and removes the half-filled folder of a process that is gone', async () => {
    const gone = '999999999';
    await mkdir(`${cache.folder}.part-${gone}`, { recursive: true });
    await writeFile(`${cache.folder}.lock`, gone);
    await ensureCache(cache, fill, quiet);
    expect(await readdir(join(base, 'bankchurn'))).toEqual(['embedded-x']);
  });

  it('takes over a lock that is too old to be true, though a process has its id', async () => {
    await mkdir(join(base, 'bankchurn'));
    await writeFile(`${cache.folder}.lock`, String(process.ppid));
    await utimes(`${cache.folder}.lock`, 1, 1);
    await ensureCache(cache, fill, quiet);
    expect(fills).toBe(1);
  });

  it('lies in the cache folder of the user, by the hash of the pins', async () => {
    const { folder } = await openCache({ XDG_CACHE_HOME: base });
    expect(folder.startsWith(join(base, 'bankchurn/embedded-'))).toBe(true);
  });
});
