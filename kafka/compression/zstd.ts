/** Zstandard's frame format (RFC 8878), as far as it says how much comes out: nothing is unpacked. */
import { corrupt } from '../batch-error.ts';

const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
/** A compressed block holds at most this many bytes. */
const BLOCK_BYTES = 131_072;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];

/**
 * The most that frames may unpack to, bytes. Stored and repeated blocks count what they hold, compressed ones the most that a
 * block may: what a frame claims to hold is not believed, except where it claims more.
 *
 * @throws BatchError where the bytes are no frames.
 */
export function zstdBound(bytes: Buffer): number {
  let bound = 0;
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 8) throw corrupt('zstd: a frame ends within its header');
    const magic = bytes.readUInt32LE(at);
    if ((magic & ~15) >>> 0 === SKIPPABLE) {
      at += 8 + bytes.readUInt32LE(at + 4);
    } else {
      const frame = readFrame(bytes, at, magic);
      bound += frame.bound;
      at = frame.end;
    }
  }
  if (at > bytes.length) throw corrupt('zstd: a frame is cut');
  return bound;
}

function readFrame(bytes: Buffer, start: number, magic: number): { bound: number; end: number } {
  if (magic !== FRAME) throw corrupt('zstd: these bytes are not a frame');
  const descriptor = bytes[start + 4]!;
  const isSingleSegment = (descriptor & 32) !== 0;
  const windowAt = start + 5;
  const contentAt = windowAt + (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]!;
  const contentBytes = descriptor >= 64 ? 2 ** (descriptor >> 6) : isSingleSegment ? 1 : 0;
  if (contentAt + contentBytes > bytes.length) throw corrupt('zstd: a frame ends within its header');
  const content = readContentSize(bytes, contentAt, contentBytes);
  const window = isSingleSegment ? content : windowSize(bytes[windowAt]!);
  const blocks = readBlocks(bytes, contentAt + contentBytes, Math.min(BLOCK_BYTES, window));
  const checksumBytes = (descriptor & 4) === 0 ? 0 : 4;
  return { bound: Math.max(content, blocks.bound), end: blocks.end + checksumBytes };
}

function readContentSize(bytes: Buffer, at: number, size: number): number {
  if (size === 0) return 0;
  if (size === 1) return bytes[at]!;
  if (size === 2) return bytes.readUInt16LE(at) + 256;
  return size === 4 ? bytes.readUInt32LE(at) : Number(bytes.readBigUInt64LE(at));
}

const windowSize = (descriptor: number): number => 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);

function readBlocks(bytes: Buffer, start: number, blockBytes: number): { bound: number; end: number } {
  let bound = 0;
  for (let at = start; at + 3 <= bytes.length;) {
    const header = bytes.readUIntLE(at, 3);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === 3) throw corrupt('zstd: a block has no type');
    bound += type === 2 ? blockBytes : size;
    at += 3 + (type === 1 ? 1 : size);
    if ((header & 1) === 1) return { bound, end: at };
  }
  throw corrupt('zstd: a frame is cut');
}
