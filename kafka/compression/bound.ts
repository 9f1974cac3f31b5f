import type { Codec } from '../record-batch.ts';
import { gzipClaim } from './gzip.ts';
import { lz4Size } from './lz4.ts';
import { snappySize } from './snappy.ts';
import { zstdBound } from './zstd.ts';

/**
 * What compressed bytes may unpack to, bytes, before they are unpacked: exactly that for snappy and lz4, at most that for zstd; for
 * gzip, what they claim.
 *
 * @throws BatchError where the bytes are not of that codec.
 */
export const UNPACKED_BOUND: Readonly<Record<Exclude<Codec, 'none'>, (bytes: Buffer) => number>> = {
  gzip: gzipClaim,
  snappy: snappySize,
  lz4: lz4Size,
  zstd: zstdBound,
};
