import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadModel } from '../scoring/load-model.io.ts';
import { openModel } from '../scoring/model.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { readRelease, writeRelease } from './store.io.ts';

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bankchurn-store-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('read(write(release)) = release', async () => {
  const release = await readRelease('models/champion');
  const folder = await temporary();
  await writeRelease(folder, release);
  expect(await readRelease(folder)).toEqual(release);
});

test('a missing file is "unavailable" and says what to do', async () => {
  await expect(loadModel(await temporary())).rejects.toMatchObject({
    code: 'MODEL_UNAVAILABLE',
    message: expect.stringContaining('make train') as string,
  });
});

test.each(['model.onnx', 'golden.json', 'manifest.json'])(
  'one flipped byte in %s is refused',
  async (file) => {
    const folder = await temporary();
    await cp('models/champion', folder, { recursive: true });
    const bytes = await readFile(join(folder, file));
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await writeFile(join(folder, file), bytes);
    await expect(loadModel(folder)).rejects.toMatchObject({ code: 'MODEL_CORRUPT' });
  },
);

test('golden rows that do not come out, unknown features and another width are refused', async () => {
  const release = await readRelease('models/champion');
  const { manifest, golden } = release;
  const outputs = golden.outputs.map((row, i) => (i === 5 ? row.map((value) => value + 1e-3) : row));
  await expect(openModel({ ...release, golden: { ...golden, outputs } }, createSession)).rejects.toThrow(
    /golden row 5/,
  );
  const renamed = manifest.features.map((feature, i) =>
    i === 0 ? { ...feature, name: 'shoeSize' } : feature,
  );
  await expect(
    openModel({ ...release, manifest: { ...manifest, features: renamed } }, createSession),
  ).rejects.toThrow(/shoeSize/);
  const fewer = manifest.features.slice(1);
  await expect(
    openModel({ ...release, manifest: { ...manifest, features: fewer } }, createSession),
  ).rejects.toThrow(/columns/);
});
