/** LZ4's frame format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), as far as it says how much comes out. */
import { corrupt } from '../batch-error.ts';

const FRAME = 0x184d2204;
/** By the code in the frame's header, bytes. */
const BLOCK_BYTES: Readonly<Record<number, number>> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 };
/** No byte of a block brings more bytes than this. */
const EXPANSION = 255;

/**
 * The most that the first frame may unpack to, bytes (the decoder reads no other): stored blocks count what they hold, others the
 * most that they may. What a frame claims to hold is not believed, except where it claims more.
 *
 * @throws BatchError where the bytes are no frame.
 */
export function lz4Bound(bytes: Buffer): number {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== FRAME) throw corrupt('lz4: these bytes are not a frame');
  const flags = bytes[4]!;
  const blockBytes = BLOCK_BYTES[(bytes[5]! >> 4) & 7];
  if (flags >> 6 !== 1 || blockBytes === undefined)
    throw corrupt('lz4: the header of the frame is not valid');
  const hasContentSize = (flags & 8) !== 0;
  const checksumBytes = (flags & 16) === 0 ? 0 : 4;
  let at = 7 + (hasContentSize ? 8 : 0) + ((flags & 1) === 0 ? 0 : 4);
  if (at > bytes.length) throw corrupt('lz4: the frame ends within its header');
  let bound = 0;
  while (at + 4 <= bytes.length) {
    const header = bytes.readUInt32LE(at);
    const size = header & 0x7fffffff;
    if (size === 0) break;
    bound += header > 0x7fffffff ? size : Math.min(blockBytes, size * EXPANSION);
    at += 4 + size + checksumBytes;
  }
  if (at > bytes.length) throw corrupt('lz4: the frame is cut');
  return Math.max(bound, hasContentSize ? Number(bytes.readBigUInt64LE(6)) : 0);
}
