import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BankChurnError } from '../schemas/errors.ts';
import { readRelease, writeRelease } from './store.io.ts';

const CHAMPION = 'models/champion';
const FILES = ['model.onnx', 'golden.json', 'manifest.json'];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'release-'));
  await cp(CHAMPION, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function faultOf(work: Promise<unknown>): Promise<BankChurnError> {
  try {
    await work;
  } catch (error) {
    return error as BankChurnError;
  }
  throw new Error('it was accepted');
}

/** Whether a changed digit leaves its number as it was: the 17th digit may. */
function isSameNumber(bytes: Buffer, damaged: Buffer, at: number): boolean {
  const numberAt = (text: string): string =>
    /[\d.]*$/.exec(text.slice(0, at))![0] + /^[\d.]*/.exec(text.slice(at))![0];
  const [before, after] = [numberAt(bytes.toString('latin1')), numberAt(damaged.toString('latin1'))];
  return before.length > 15 && before.length === after.length && Number(before) === Number(after);
}

describe('writeRelease and readRelease', () => {
  it('come round, byte for byte, and leave no other file', async () => {
    const copy = join(folder, 'a', 'copy');
    await writeRelease(copy, await readRelease(CHAMPION));
    expect(await readRelease(copy)).toEqual(await readRelease(CHAMPION));
    expect((await readdir(copy)).sort()).toEqual([...FILES].sort());
    for (const file of FILES) {
      expect(Buffer.compare(await readFile(join(copy, file)), await readFile(join(CHAMPION, file)))).toBe(0);
    }
  });

  it('replace a release', async () => {
    const release = await readRelease(CHAMPION);
    await writeRelease(folder, { ...release, manifest: { ...release.manifest, version: 'other' } });
    expect((await readRelease(folder)).manifest.version).toBe('other');
  });

  it.each(FILES)('say what to do where %s is not there', async (file) => {
    await rm(join(folder, file));
    const fault = await faultOf(readRelease(folder));
    expect(fault.code).toBe('MODEL_UNAVAILABLE');
    expect(fault.message).toContain(file);
    expect(fault.message).toContain('make train');
  });

  it.each(FILES)('refuse %s with any one byte changed', async (file) => {
    const path = join(folder, file);
    const whole = await readRelease(folder);
    const bytes = await readFile(path);
    const places = 150;
    for (let i = 0; i < places; i++) {
      const at = Math.floor((i * (bytes.length - 2)) / (places - 1)); // the last byte of the JSON files is a line end
      const damaged = Buffer.from(bytes);
      damaged[at] = damaged[at]! ^ (1 << (i % 8));
      await writeFile(path, damaged);
      if (file === 'manifest.json' && isSameNumber(bytes, damaged, at)) {
        expect(await readRelease(folder)).toEqual(whole);
        continue;
      }
      const fault = await faultOf(readRelease(folder));
      expect(fault.code).toBe('MODEL_CORRUPT');
      expect(fault.message).toContain(folder);
    }
  });

  it.each(FILES)('refuse %s cut short', async (file) => {
    const path = join(folder, file);
    await writeFile(path, (await readFile(path)).subarray(0, -20));
    const fault = await faultOf(readRelease(folder));
    expect([fault.code, fault.message.includes(file)]).toEqual(['MODEL_CORRUPT', true]);
  });

  it('refuse a threshold changed by hand', async () => {
    const path = join(folder, 'manifest.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/"threshold": 0\.\d/, '"threshold": 0.9'));
    expect((await faultOf(readRelease(folder))).message).toContain('manifest.json was changed');
  });

  it('refuse a file of another release', async () => {
    const release = await readRelease(CHAMPION);
    const golden = Buffer.concat([release.golden, Buffer.from(' ')]);
    const other = join(folder, 'other');
    await writeRelease(other, { ...release, golden });
    await cp(join(other, 'golden.json'), join(folder, 'golden.json'));
    expect((await faultOf(readRelease(folder))).message).toContain('golden.json has sha256');
  });
});
