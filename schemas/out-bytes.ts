/** Bytes that are written piece by piece, many millions a second: texts that are always the same, digits, ASCII. */

/** A buffer to write to, and the same memory by words. */
export interface Out {
  readonly bytes: Buffer;
  readonly view: DataView;
}

export function outOf(bytes: Buffer): Out {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/** A buffer that holds the first `used` bytes of another, and at least `free` more. */
export function withRoom(out: Out, used: number, free: number): Out {
  const { bytes } = out;
  if (bytes.length - used >= free) return out;
  const larger = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, used + free));
  bytes.copy(larger, 0, 0, used);
  return outOf(larger);
}

/** A piece that is always the same. */
export interface Piece {
  readonly bytes: Buffer;
  /** The bytes, four at a time; the last four may be some of those before, too. Empty: it is copied as a whole. */
  readonly words: Int32Array;
}

const WORD = 4;
/** Bytes from which a call into the buffer's own code is worth it. */
const LONG = 64;

export function pieceOf(...parts: readonly (Uint8Array | string)[]): Piece {
  const bytes = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  const { length } = bytes;
  const isShort = length >= WORD && length <= LONG;
  const at = (i: number): number => bytes.readInt32BE(Math.min(i * WORD, length - WORD));
  return {
    bytes,
    words: Int32Array.from({ length: isShort ? Math.ceil(length / WORD) : 0 }, (_, i) => at(i)),
  };
}

/** Writes a piece, and returns where it ends. */
export function put({ bytes, view }: Out, at: number, piece: Piece): number {
  const { words } = piece;
  const { length } = piece.bytes;
  if (words.length === 0) {
    bytes.set(piece.bytes, at);
    return at + length;
  }
  const last = at + length - WORD;
  let i = 0;
  for (let to = at; to < last; to += WORD) view.setInt32(to, words[i++]!);
  view.setInt32(last, words[words.length - 1]!);
  return at + length;
}

/** Copies some bytes, few as a rule. */
export function putBytes(
  out: Uint8Array,
  at: number,
  from: Uint8Array,
  start: number,
  length: number,
): number {
  for (let i = 0; i < length; i++) out[at + i] = from[start + i]!;
  return at + length;
}

/** Writes a text that is ASCII, and returns where it ends. */
export function putAscii(out: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}

const ZERO = 0x30;
/** A safe integer is at most this many times as large as a number of 32 bits. */
const HALF = 1e8;

/** Writes a safe integer in decimal digits, and returns where it ends. */
export function putInteger(out: Uint8Array, at: number, n: number): number {
  if (n >= 0 && n < HALF) return putSmall(out, at, n, 1);
  if (n < 0) {
    out[at] = 0x2d;
    return putInteger(out, at + 1, -n);
  }
  const high = Math.floor(n / HALF);
  return putSmall(out, putSmall(out, at, high, 1), n - high * HALF, 8);
}

/** At least `digits` digits of a number of 30 bits. */
function putSmall(out: Uint8Array, at: number, n: number, digits: number): number {
  let size = digits;
  for (let most = 10 ** digits; most <= n; most *= 10) size++;
  let rest = n;
  for (let to = at + size - 1; to >= at; to--) {
    const tenth = (rest / 10) | 0;
    out[to] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + size;
}
