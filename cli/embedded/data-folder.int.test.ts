import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRunFolder, ownFolder } from './data-folder.io.ts';

describe('a data folder', () => {
  let root: string;
  let owner: ChildProcess;
  const pid = (): number => Number(owner.pid);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'bankchurn-data-'));
    owner = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', root]);
    await once(owner, 'spawn');
  });
  afterEach(async () => {
    owner.kill('SIGKILL');
    await rm(root, { recursive: true, force: true });
  });

  it('is refused while its owner lives, and given when it is gone', async () => {
    await ownFolder(root, pid());
    await expect(ownFolder(root, process.pid)).rejects.toThrow(
      `${root} is in use by another broker (process ${String(pid())})`,
    );
    const next = ownFolder(root, process.pid); // waits for an owner that is just ending
    owner.kill('SIGKILL');
    await next;
    expect(await readFile(join(root, 'owner'), 'utf8')).toBe(String(process.pid));
    expect(await readdir(root)).toEqual(['owner']);
  });

  it.runIf(process.platform === 'linux')('is given when the process of that id is another one', async () => {
    await writeFile(join(root, 'owner'), String(process.ppid));
    await ownFolder(root, pid());
    expect(await readFile(join(root, 'owner'), 'utf8')).toBe(String(pid()));
  });

  it('keeps logs of the newest start only', async () => {
    await mkdir(join(root, 'kafka'));
    const first = await openRunFolder(root);
    const second = await openRunFolder(root);
    expect(second).not.toBe(first);
    expect((await readdir(root)).sort()).toEqual(['kafka', second.slice(root.length + 1)]);
  });
});
