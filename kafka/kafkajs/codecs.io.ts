/** The codecs that producers choose from, with a limit on what comes out. */
import { promisify } from 'node:util';
import { gunzip as gunzipWithCallback } from 'node:zlib';
import { decompress as unzstd } from '@mongodb-js/zstd';
import { BatchError, corrupt } from '../batch-error.ts';
import { gzipClaim } from '../compression/gzip.ts';
import { unpackLz4 } from '../compression/lz4.ts';
import { unpackSnappy } from '../compression/snappy.ts';
import type { Codec } from '../record-batch.ts';
import type { FetchLimits, Unpack } from '../record-set.ts';

/**
 * What reading one record set may cost. A batch of 1 MiB (Kafka's limit, packed) of our JSON events unpacks to 7 MiB.
 */
export const UNPACK_LIMITS: FetchLimits = {
  unpackedBytes: 16 * 1024 * 1024,
  records: 30_000,
  headers: 10_000,
};

const gunzip = promisify(gunzipWithCallback);
/** Smallest piece in which the inflater works, bytes. */
const INFLATE_BYTES = 16_384;

/** One piece where the claim is right, so that nothing is put together afterwards. */
const unpackGzip = (bytes: Buffer, maxBytes: number): Promise<Buffer> =>
  gunzip(bytes, {
    maxOutputLength: Math.max(maxBytes, 1),
    chunkSize: Math.max(Math.min(gzipClaim(bytes), maxBytes) + 1, INFLATE_BYTES),
  });

/** gzip alone has a limit of its own; of the others the walk knows the bound before it calls. */
const UNPACK: Readonly<Record<Exclude<Codec, 'none'>, (bytes: Buffer, maxBytes: number) => Promise<Buffer>>> =
  {
    gzip: unpackGzip,
    snappy: (bytes) => Promise.resolve(unpackSnappy(bytes)),
    lz4: (bytes) => Promise.resolve(unpackLz4(bytes)),
    zstd: (bytes) => unzstd(bytes),
  };

/** Unpacks the records of a batch. */
export const unpack: Unpack = async (codec, bytes, maxBytes) => {
  let whole: Buffer;
  try {
    whole = await UNPACK[codec](bytes, maxBytes);
  } catch (error) {
    if (error instanceof BatchError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(codec, bytes, maxBytes);
    throw corrupt(`${codec}: ${(error as Error).message}`);
  }
  if (whole.length > maxBytes) throw tooLarge(codec, bytes, maxBytes);
  return whole;
};

const tooLarge = (codec: Codec, bytes: Buffer, maxBytes: number): BatchError =>
  new BatchError(
    'BATCH_TOO_LARGE',
    `${String(bytes.length)} bytes of ${codec} unpack to more than ${String(maxBytes)}`,
  );
