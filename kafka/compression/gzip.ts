/** gzip (RFC 1952), as far as it says how much comes out. */
import { corrupt } from '../batch-error.ts';

/** Header, an empty block and trailer. */
const SMALLEST = 20;

/**
 * What the last member claims to unpack to (modulo 4 GiB), bytes. The inflater compares it at the end, so a claim that is wrong ends
 * in an error; until then only a limit on the inflater's output holds.
 *
 * @throws BatchError where the bytes are not gzip.
 */
export function gzipClaim(bytes: Buffer): number {
  if (bytes.length < SMALLEST || bytes.readUInt16BE(0) !== 0x1f8b)
    throw corrupt('gzip: these bytes are not gzip');
  return bytes.readUInt32LE(bytes.length - 4);
}
