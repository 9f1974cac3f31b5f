/** The three files of a release: what is in them, and what is wrong with them. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import { manifestSchema, type Manifest, type Release } from './manifest.ts';

/** Names of the files of a release. */
export const RELEASE_FILES = {
  onnx: 'model.onnx',
  golden: 'golden.json',
  manifest: 'manifest.json',
} as const;

/** Where a file of the release lies, for errors. */
export type PathOf = (file: string) => string;

/** The manifest on disk carries a checksum of its other fields: a threshold that rotted is not served. */
const storedSchema = z.looseObject({ manifestSha256: z.string() });

/** In hexadecimal. */
export const sha256 = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');
const toText = (value: unknown): string => JSON.stringify(value, undefined, 2);

/** Reads the bytes of `manifest.json`. Throws MODEL_CORRUPT if it is none or was changed. */
export function parseManifest(bytes: Buffer, pathOf: PathOf): Manifest {
  const file = RELEASE_FILES.manifest;
  const { manifestSha256, ...rest } = parse(file, bytes, storedSchema, pathOf);
  const found = sha256(toText(rest));
  if (found !== manifestSha256)
    throw corrupt(pathOf(file), `was changed: its fields have sha256 ${found}, not ${manifestSha256}`);
  return parse(file, bytes, manifestSchema, pathOf);
}

/** The release of its manifest and the bytes of the other two files. Throws MODEL_CORRUPT if they are not what it says. */
export function parseRelease(manifest: Manifest, onnx: Buffer, golden: Buffer, pathOf: PathOf): Release {
  if (onnx.length !== manifest.sizeBytes) {
    const sizes = `${String(onnx.length)} bytes, the manifest says ${String(manifest.sizeBytes)}`;
    throw corrupt(pathOf(RELEASE_FILES.onnx), `has ${sizes}`);
  }
  compare(pathOf(RELEASE_FILES.onnx), sha256(onnx), manifest.sha256);
  compare(pathOf(RELEASE_FILES.golden), sha256(golden), manifest.goldenSha256);
  return { manifest, onnx, golden };
}

/** The files of a release in the order in which they are written: the manifest last. */
export function releaseFiles(release: Release): [file: string, bytes: Uint8Array][] {
  const { manifest, onnx, golden } = release;
  const stored = { ...manifest, manifestSha256: sha256(toText(manifest)) };
  return [
    [RELEASE_FILES.onnx, onnx],
    [RELEASE_FILES.golden, golden],
    [RELEASE_FILES.manifest, Buffer.from(`${toText(stored)}\n`)],
  ];
}

/** A file of a release that is not what it should be. */
export function corrupt(path: string, fault: string, cause?: unknown): BankChurnError {
  return new BankChurnError('MODEL_CORRUPT', `${path} ${fault}`, { cause });
}

function parse<S extends z.ZodType>(file: string, bytes: Buffer, schema: S, pathOf: PathOf): z.infer<S> {
  try {
    return schema.parse(JSON.parse(bytes.toString()));
  } catch (cause) {
    const fault = messageOf(cause).slice(0, 500);
    throw corrupt(pathOf(file), `is not a valid ${file}: ${fault}`, cause);
  }
}

function compare(path: string, found: string, expected: string): void {
  if (found !== expected) throw corrupt(path, `has sha256 ${found}, the manifest says ${expected}`);
}
