import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { BankChurnError } from '../schemas/errors.ts';
import { goldenSchema, manifestSchema, type Release } from './manifest.ts';

/** Files of a release; the manifest is written last. */
const FILES = { onnx: 'model.onnx', golden: 'golden.json', manifest: 'manifest.json' } as const;
/** Largest file read, bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Reads a release from a folder; every checksum of the manifest is compared.
 *
 * @throws BankChurnError MODEL_UNAVAILABLE (a file is not there) or MODEL_CORRUPT (names the file and the fault).
 */
export async function readRelease(folder: string): Promise<Release> {
  const manifest = parseJson(
    folder,
    FILES.manifest,
    await readBounded(folder, FILES.manifest),
    manifestSchema,
  );
  const onnx = await readBounded(folder, FILES.onnx);
  const goldenBytes = await readBounded(folder, FILES.golden);
  compare(folder, FILES.onnx, sha256(onnx), manifest.sha256);
  compare(folder, FILES.golden, sha256(goldenBytes), manifest.goldenSha256);
  return { manifest, onnx, golden: parseJson(folder, FILES.golden, goldenBytes, goldenSchema) };
}

async function readBounded(folder: string, file: string): Promise<Buffer> {
  const path = join(folder, file);
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES)
      throw new BankChurnError(
        'MODEL_CORRUPT',
        `${path} has ${String(size)} bytes, allowed are ${String(MAX_BYTES)}`,
      );
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof BankChurnError) throw cause;
    const hint = 'train one (`make train`) or point MODEL_DIR to a folder that holds one';
    throw new BankChurnError(
      'MODEL_UNAVAILABLE',
      `no model: ${path} cannot be read (${String(cause)}): ${hint}`,
      { cause },
    );
  }
}

function parseJson<S extends z.ZodType>(folder: string, file: string, bytes: Buffer, schema: S): z.infer<S> {
  try {
    return schema.parse(JSON.parse(bytes.toString()));
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message.slice(0, 500) : String(cause);
    throw new BankChurnError('MODEL_CORRUPT', `${join(folder, file)} is not a valid ${file}: ${fault}`, {
      cause,
    });
  }
}

function compare(folder: string, file: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new BankChurnError(
    'MODEL_CORRUPT',
    `${join(folder, file)} has sha256 ${found}, the manifest says ${expected}`,
  );
}

/** The bytes of a golden set, as they are stored and hashed. */
export function goldenBytes(golden: Release['golden']): Buffer {
  return Buffer.from(JSON.stringify(golden) + '\n');
}

/** Writes a release; a reader sees the old one or the new one, and a checksum fault while it is half written. */
export async function writeRelease(folder: string, release: Release): Promise<void> {
  await mkdir(folder, { recursive: true });
  await replace(join(folder, FILES.onnx), release.onnx);
  await replace(join(folder, FILES.golden), goldenBytes(release.golden));
  await replace(
    join(folder, FILES.manifest),
    Buffer.from(JSON.stringify(release.manifest, undefined, 2) + '\n'),
  );
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.part`;
  await writeFile(part, bytes);
  await rename(part, path);
}
