import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import { LIMITS } from './limits.ts';
import type { Release } from './manifest.ts';
import {
  corrupt,
  parseManifest,
  parseRelease,
  RELEASE_FILES,
  releaseFiles,
  type PathOf,
} from './release-files.ts';

/**
 * Reads a release from a folder. The sizes and checksums of all three files are compared; whether the model computes
 * what it should is proved where it is opened.
 *
 * @throws BankChurnError MODEL_UNAVAILABLE (a file is not there) or MODEL_CORRUPT (names the file and the fault).
 */
export async function readRelease(folder: string): Promise<Release> {
  const pathOf: PathOf = (file) => join(folder, file);
  const manifest = parseManifest(await readBounded(pathOf(RELEASE_FILES.manifest)), pathOf);
  const onnx = await readBounded(pathOf(RELEASE_FILES.onnx));
  const golden = await readBounded(pathOf(RELEASE_FILES.golden));
  return parseRelease(manifest, onnx, golden, pathOf);
}

async function readBounded(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > LIMITS.releaseBytes) {
      throw corrupt(path, `has ${String(size)} bytes, allowed are ${String(LIMITS.releaseBytes)}`);
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof BankChurnError) throw cause;
    const hint =
      'train one (`make train`; with another customer schema DATA=file.csv make train) or point MODEL_DIR to a folder that holds one';
    const fault = messageOf(cause);
    throw new BankChurnError('MODEL_UNAVAILABLE', `no model: ${path} cannot be read (${fault}): ${hint}`, {
      cause,
    });
  }
}

/** Writes a release; a reader sees the old one or the new one, and a checksum fault while it is half written. */
export async function writeRelease(folder: string, release: Release): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [file, bytes] of releaseFiles(release)) await replace(join(folder, file), bytes);
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.part`;
  try {
    await writeFile(part, bytes);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
