/** The bytes of a release as records of `churn-model-artifacts`, and back. */
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import type { OutputRecord } from '../schemas/ports.ts';
import { LIMITS } from './limits.ts';
import type { LoggedRelease } from './log.ts';
import { readManifest } from './log-manifests.ts';
import type { Release } from './manifest.ts';
import { sha256 } from './release-files.ts';

/** Bytes of one record at most. */
const CHUNK_BYTES = 512 * 1024;
/** Of a chunk besides its value: the sha256 and lengths. */
const KEY_BYTES = 128;

/**
 * ONNX bytes and golden rows behind each other, in chunks: the manifest's `sizeBytes` is where the rows begin.
 *
 * @param maxBytes of a record, as the topic takes it.
 */
export function artifactChunks({ manifest, onnx, golden }: Release, maxBytes: number): OutputRecord[] {
  const bytes = Buffer.concat([onnx, golden]);
  if (bytes.length > LIMITS.releaseBytes)
    throw new BankChurnError(
      'MODEL_CORRUPT',
      `release ${manifest.version} has ${String(bytes.length)} bytes, allowed are ${String(LIMITS.releaseBytes)}`,
    );
  const chunks: OutputRecord[] = [];
  const size = Math.max(1, Math.min(CHUNK_BYTES, maxBytes - KEY_BYTES));
  for (let from = 0; from < bytes.length; from += size) {
    chunks.push({ key: manifest.sha256, value: bytes.subarray(from, from + size) });
  }
  return chunks;
}

/** The release that the log names, of its chunks one after the other. Throws MODEL_CORRUPT if they are not what the log says. */
export function assembleRelease(logged: LoggedRelease, bytes: Buffer): Release {
  try {
    const manifest = readManifest(logged.manifest);
    if (typeof manifest === 'string') throw new Error(manifest);
    const onnx = bytes.subarray(0, manifest.sizeBytes);
    const golden = bytes.subarray(manifest.sizeBytes);
    if (manifest.version !== logged.version) throw new Error('the manifest is of another version');
    if (manifest.sha256 !== logged.sha256 || sha256(onnx) !== logged.sha256)
      throw new Error('the model bytes have another sha256');
    if (sha256(golden) !== manifest.goldenSha256) throw new Error('the golden rows have another sha256');
    return { manifest, onnx, golden };
  } catch (cause) {
    const fault = messageOf(cause).slice(0, 300);
    throw new BankChurnError('MODEL_CORRUPT', `release ${logged.version} in the log: ${fault}`, { cause });
  }
}
