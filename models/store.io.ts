import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import { goldenText } from './golden.ts';
import { goldenSchema, manifestSchema, type Manifest, type Release } from './manifest.ts';

/** Files of a release; the manifest is written last. */
const FILES = { onnx: 'model.onnx', golden: 'golden.json', manifest: 'manifest.json' } as const;
/** Largest file read, bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The manifest on disk carries a checksum of its other fields: a threshold that rotted is not served. */
const storedSchema = z.looseObject({ manifestSha256: z.string() });

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const toText = (value: unknown): string => JSON.stringify(value, undefined, 2);

/**
 * Reads a release from a folder. The sizes and checksums of all three files are compared; whether the model computes
 * what it should is proved where it is opened.
 *
 * @throws BankChurnError MODEL_UNAVAILABLE (a file is not there) or MODEL_CORRUPT (names the file and the fault).
 */
export async function readRelease(folder: string): Promise<Release> {
  const manifest = parseManifest(folder, await readBounded(folder, FILES.manifest));
  const onnx = await readBounded(folder, FILES.onnx);
  const golden = await readBounded(folder, FILES.golden);
  if (onnx.length !== manifest.sizeBytes) {
    const sizes = `${String(onnx.length)} bytes, the manifest says ${String(manifest.sizeBytes)}`;
    throw corrupt(folder, FILES.onnx, `has ${sizes}`);
  }
  compare(folder, FILES.onnx, sha256(onnx), manifest.sha256);
  compare(folder, FILES.golden, sha256(golden), manifest.goldenSha256);
  return { manifest, onnx, golden: parse(folder, FILES.golden, golden, goldenSchema) };
}

async function readBounded(folder: string, file: string): Promise<Buffer> {
  const path = join(folder, file);
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) {
      throw corrupt(folder, file, `has ${String(size)} bytes, allowed are ${String(MAX_BYTES)}`);
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof BankChurnError) throw cause;
    const hint = 'train one (`make train`) or point MODEL_DIR to a folder that holds one';
    const fault = messageOf(cause);
    throw new BankChurnError('MODEL_UNAVAILABLE', `no model: ${path} cannot be read (${fault}): ${hint}`, {
      cause,
    });
  }
}

function parseManifest(folder: string, bytes: Buffer): Manifest {
  const { manifestSha256, ...rest } = parse(folder, FILES.manifest, bytes, storedSchema);
  const found = sha256(toText(rest));
  if (found !== manifestSha256) {
    throw corrupt(
      folder,
      FILES.manifest,
      `was changed: its fields have sha256 ${found}, not ${manifestSha256}`,
    );
  }
  return parse(folder, FILES.manifest, bytes, manifestSchema);
}

function parse<S extends z.ZodType>(folder: string, file: string, bytes: Buffer, schema: S): z.infer<S> {
  try {
    return schema.parse(JSON.parse(bytes.toString()));
  } catch (cause) {
    const fault = messageOf(cause).slice(0, 500);
    throw corrupt(folder, file, `is not a valid ${file}: ${fault}`, cause);
  }
}

function compare(folder: string, file: string, found: string, expected: string): void {
  if (found === expected) return;
  throw corrupt(folder, file, `has sha256 ${found}, the manifest says ${expected}`);
}

function corrupt(folder: string, file: string, fault: string, cause?: unknown): BankChurnError {
  return new BankChurnError('MODEL_CORRUPT', `${join(folder, file)} ${fault}`, { cause });
}

/** Writes a release; a reader sees the old one or the new one, and a checksum fault while it is half written. */
export async function writeRelease(folder: string, release: Release): Promise<void> {
  const { manifest, onnx, golden } = release;
  await mkdir(folder, { recursive: true });
  await replace(join(folder, FILES.onnx), onnx);
  await replace(join(folder, FILES.golden), Buffer.from(goldenText(golden)));
  const stored = { ...manifest, manifestSha256: sha256(toText(manifest)) };
  await replace(join(folder, FILES.manifest), Buffer.from(`${toText(stored)}\n`));
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
