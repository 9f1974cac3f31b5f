/**
 * LZ4 in its frame format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), one frame, as Kafka's clients write it: how
 * much comes out, and the unpacking itself. The native package keeps up to 2 GiB of freed memory after a few large batches.
 * Checksums are not compared: the batch has one of its own.
 */
import { corrupt } from '../batch-error.ts';
import { copyBytes, repeatBytes } from './copy.ts';

const FRAME = 0x184d2204;
const SHORTEST_MATCH = 4;

interface Block {
  readonly at: number;
  readonly end: number;
  readonly isStored: boolean;
}

/** What the frame unpacks to, bytes: all lengths are added up. @throws BatchError where the frame is not valid. */
export const lz4Size = (bytes: Buffer): number => sizeOf(bytes, findBlocks(bytes));

/** Unpacks; look at {@link lz4Size} before. @throws BatchError where the frame is not valid. */
export function unpackLz4(bytes: Buffer): Buffer {
  const blocks = findBlocks(bytes);
  const out = Buffer.allocUnsafe(sizeOf(bytes, blocks));
  let to = 0;
  for (const { at, end, isStored } of blocks) {
    if (isStored) to += bytes.copy(out, to, at, end);
    else to = unpackBlock(bytes, at, end, out, to);
  }
  return out;
}

function findBlocks(bytes: Buffer): Block[] {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== FRAME) throw corrupt('lz4: these bytes are not a frame');
  const flags = bytes[4]!;
  if (flags >> 6 !== 1) throw corrupt('lz4: the version of the frame is not known');
  const checksumBytes = (flags & 16) === 0 ? 0 : 4;
  let at = 7 + ((flags & 8) === 0 ? 0 : 8) + ((flags & 1) === 0 ? 0 : 4);
  const blocks: Block[] = [];
  while (at + 4 <= bytes.length) {
    const header = bytes.readUInt32LE(at);
    if (header === 0) return blocks;
    const end = at + 4 + (header & 0x7fffffff);
    if (end > bytes.length) break;
    blocks.push({ at: at + 4, end, isStored: header > 0x7fffffff });
    at = end + checksumBytes;
  }
  throw corrupt('lz4: the frame is cut');
}

function sizeOf(bytes: Buffer, blocks: readonly Block[]): number {
  let size = 0;
  for (const { at, end, isStored } of blocks) size += isStored ? end - at : blockSize(bytes, at, end);
  return size;
}

/** A length of the token: 15 goes on in the bytes that follow, until one is not 255. */
function longLength(bytes: Buffer, at: number): number {
  let length = 15;
  let byte: number | undefined;
  do {
    byte = bytes[at++];
    length += byte ?? 0;
  } while (byte === 255);
  return length;
}

/** Bytes that a long length takes beside the token. */
const longLengthBytes = (length: number): number => Math.floor((length - 15) / 255) + 1;

function blockSize(bytes: Buffer, start: number, end: number): number {
  let size = 0;
  let at = start;
  while (at < end) {
    const token = bytes[at++]!;
    let literals = token >> 4;
    if (literals === 15) {
      literals = longLength(bytes, at);
      at += longLengthBytes(literals);
    }
    at += literals;
    size += literals;
    if (at === end) return size;
    at += 2;
    let match = token & 15;
    if (match === 15) {
      match = longLength(bytes, at);
      at += longLengthBytes(match);
    }
    size += match + SHORTEST_MATCH;
  }
  throw corrupt('lz4: a block is cut');
}

/** {@link blockSize} has seen that all of it lies within the block, and `out` has room. @returns the place behind. */
function unpackBlock(bytes: Buffer, start: number, end: number, out: Buffer, to: number): number {
  let at = start;
  let next = to;
  for (;;) {
    const token = bytes[at++]!;
    let literals = token >> 4;
    if (literals === 15) {
      literals = longLength(bytes, at);
      at += longLengthBytes(literals);
    }
    copyBytes(bytes, at, out, next, literals);
    at += literals;
    next += literals;
    if (at === end) return next;
    const distance = bytes[at]! | (bytes[at + 1]! << 8);
    if (distance === 0 || distance > next) throw corrupt('lz4: a match is out of bounds');
    at += 2;
    let match = token & 15;
    if (match === 15) {
      match = longLength(bytes, at);
      at += longLengthBytes(match);
    }
    match += SHORTEST_MATCH;
    repeatBytes(out, distance, next, match);
    next += match;
  }
}
