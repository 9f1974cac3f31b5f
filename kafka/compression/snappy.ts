/**
 * Snappy (https://github.com/google/snappy/blob/main/format_description.txt), bare or in the framing of Kafka's own client
 * (xerial): how much comes out, and the unpacking itself. The package of kafkajs reads a negative length as a way back and goes
 * round for ever.
 */
import { corrupt } from '../batch-error.ts';
import { copyBytes, repeatBytes } from './copy.ts';

const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
/** Magic and two version numbers. */
const XERIAL_HEADER_BYTES = 16;

interface Block {
  /** Where its elements begin and end. */
  readonly at: number;
  readonly end: number;
  /** What it unpacks to, bytes: no more is accepted. */
  readonly size: number;
}

/** What the blocks unpack to, bytes. @throws BatchError where the framing is not valid. */
export const snappySize = (bytes: Buffer): number =>
  findBlocks(bytes).reduce((total, { size }) => total + size, 0);

/** Unpacks; look at {@link snappySize} before. @throws BatchError where the bytes are not valid. */
export function unpackSnappy(bytes: Buffer): Buffer {
  const blocks = findBlocks(bytes);
  const out = Buffer.allocUnsafe(blocks.reduce((total, { size }) => total + size, 0));
  let to = 0;
  for (const block of blocks) {
    unpackBlock(bytes, block, out, to);
    to += block.size;
  }
  return out;
}

function findBlocks(bytes: Buffer): Block[] {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return [blockAt(bytes, 0, bytes.length)];
  const blocks: Block[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length;) {
    const end = at + 4 <= bytes.length ? at + 4 + bytes.readUInt32BE(at) : Infinity;
    if (end > bytes.length) throw corrupt('snappy: a block is cut');
    blocks.push(blockAt(bytes, at + 4, end));
    at = end;
  }
  return blocks;
}

function blockAt(bytes: Buffer, start: number, end: number): Block {
  let size = 0;
  let at = start;
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    if (at >= end) break;
    const byte = bytes[at++]!;
    size += (byte & 127) * scale;
    if (byte < 128) return { at, end, size };
  }
  throw corrupt('snappy: a block does not say its size');
}

/** Unpacks one block to `out[to]` and on, and fills its size exactly. */
function unpackBlock(bytes: Buffer, { at: start, end, size }: Block, out: Buffer, to: number): void {
  const limit = to + size;
  let at = start;
  let next = to;
  while (at < end) {
    const tag = bytes[at++]!;
    const kind = tag & 3;
    if (kind === 0) {
      const extra = Math.max(0, (tag >> 2) - 59);
      if (at + extra > end) throw corrupt('snappy: a literal is cut');
      const length = 1 + (extra === 0 ? tag >> 2 : bytes.readUIntLE(at, extra));
      at += extra;
      if (length > end - at || length > limit - next) throw corrupt('snappy: a literal is too long');
      copyBytes(bytes, at, out, next, length);
      at += length;
      next += length;
    } else {
      const width = kind === 3 ? 4 : kind;
      if (at + width > end) throw corrupt('snappy: a copy is cut');
      const length = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
      const distance = kind === 1 ? ((tag >> 5) << 8) | bytes[at]! : bytes.readUIntLE(at, width);
      at += width;
      if (distance === 0 || distance > next - to || length > limit - next)
        throw corrupt('snappy: a copy is out of bounds');
      repeatBytes(out, distance, next, length);
      next += length;
    }
  }
  if (next !== limit) throw corrupt('snappy: a block is shorter than it says');
}
