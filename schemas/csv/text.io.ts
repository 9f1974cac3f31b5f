/** Bytes of a file to lines of checked UTF-8, one block at a time: gzip, UTF-16 and line ends are told by the bytes. */
import { isUtf8 } from 'node:buffer';
import { pipeline, Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { fileError } from './errors.ts';

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Bytes of one line: a file without line ends is not held in memory. */
const MAX_LINE_BYTES = 1_000_000;
/** Bytes that a gzip file may unpack to. */
const MAX_UNPACKED_BYTES = 4 * 1024 ** 3;
/** First bytes of what is no text → what it is. */
const FORMATS: readonly (readonly [hex: string, what: string, advice: string])[] = [
  ['504b0304', 'a zip archive or an Excel workbook', 'unpack it, or save the sheet as CSV (UTF-8)'],
  ['d0cf11e0', 'an old Excel workbook', 'save the sheet as CSV (UTF-8)'],
  ['28b52ffd', 'compressed with zstd', 'unpack it (zstd -d) or use gzip'],
  ['425a68', 'compressed with bzip2', 'unpack it (bunzip2) or use gzip'],
  ['fd377a58', 'compressed with xz', 'unpack it (unxz) or use gzip'],
  ['04224d18', 'compressed with lz4', 'unpack it (lz4 -d) or use gzip'],
  ['50415231', 'a Parquet file', 'export it as CSV'],
  ['25504446', 'a PDF', 'export the table as CSV'],
];
const SNIFFED_BYTES = 8;
const [LF, CR] = [0x0a, 0x0d];

/** Whole lines, each ended by LF but perhaps the last. */
export interface TextBlock {
  readonly bytes: Buffer;
  /** Number of its first line, from 1. */
  readonly line: number;
  /** The first line of the file that is not blank. */
  readonly head: string;
}

/** Names a place in a line, from the text of the line before it and the first line of the file; for messages. */
export type PlaceInLine = (before: string, head: string) => string;

/**
 * Reads text in UTF-8 or UTF-16 (with a byte order mark), packed with gzip or not, with any line ends.
 *
 * @throws Error with the line of bytes that are not text and of lines beyond a megabyte, and for other formats.
 */
export async function* readText(input: Chunks, file: string, place: PlaceInLine): AsyncGenerator<TextBlock> {
  const source = toBuffers(input);
  try {
    let [head, bytes] = await peek(source);
    if (head[0] === 0x1f && head[1] === 0x8b) [head, bytes] = await peek(gunzip(bytes, file));
    const hex = head.toString('hex');
    const format = FORMATS.find(([start]) => hex.startsWith(start));
    if (format !== undefined) throw fileError(file, 'line 1', `the file is ${format[1]}: ${format[2]}`);
    const isLittle = hex.startsWith('fffe');
    const text = isLittle || hex.startsWith('feff') ? fromUtf16(bytes, file, isLittle) : bytes;
    yield* blocks(text, file, place);
  } finally {
    await source.return(undefined);
  }
}

/** The first bytes, and an iteration that still has them. */
async function peek(input: AsyncGenerator<Buffer>): Promise<[Buffer, AsyncGenerator<Buffer>]> {
  let head = Buffer.alloc(0);
  while (head.length < SNIFFED_BYTES) {
    const next = await input.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head;
    yield* input;
  }
  return [head, all()];
}

async function* toBuffers(input: Chunks): AsyncGenerator<Buffer> {
  for await (const chunk of input) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

async function* gunzip(packed: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
  const stream = createGunzip();
  pipeline(Readable.from(packed), stream, () => undefined); // the error comes out of the iteration
  let unpacked = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      unpacked += chunk.length;
      if (unpacked > MAX_UNPACKED_BYTES)
        throw fileError(
          file,
          'gzip',
          `more than ${String(MAX_UNPACKED_BYTES)} bytes unpacked: split the file`,
        );
      yield chunk;
    }
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? '';
    if (!code.startsWith('Z_')) throw cause;
    const what = code === 'Z_BUF_ERROR' ? 'the packed data end too early' : 'the packed data are damaged';
    throw fileError(file, 'gzip', `${what}: copy the file again, or unpack it (gunzip) and look`);
  }
}

async function* fromUtf16(
  input: AsyncIterable<Buffer>,
  file: string,
  isLittle: boolean,
): AsyncGenerator<Buffer> {
  const decoder = new StringDecoder('utf16le');
  let [line, bytes, odd] = [1, 0, Buffer.alloc(0)];
  const bad = (what: string, before: string): Error =>
    fileError(
      file,
      `line ${String(line + before.split('\n').length - 1)}`,
      `${what}: save the file as UTF-8`,
    );
  for await (const chunk of input) {
    bytes += chunk.length;
    let even = Buffer.concat([odd, chunk]);
    odd = even.subarray(even.length & ~1);
    even = even.subarray(0, even.length & ~1);
    const text = decoder.write(isLittle ? even : even.swap16());
    const lone = text.search(/\p{Surrogate}/u);
    if (lone >= 0) throw bad('half a character in UTF-16', text.slice(0, lone));
    line += text.split('\n').length - 1;
    yield Buffer.from(text);
  }
  if (odd.length > 0) throw bad(`an odd number of bytes (${String(bytes)}) is not UTF-16`, '');
  if (decoder.end() !== '') throw bad('half a character in UTF-16', '');
}

/** Cuts a stream into blocks of whole lines and checks each; blank lines at the beginning are left out. */
async function* blocks(
  input: AsyncIterable<Buffer>,
  file: string,
  place: PlaceInLine,
): AsyncGenerator<TextBlock> {
  let [line, head, isFirst] = [1, '', true];
  let [pending, size, hasEnd] = [[] as Buffer[], 0, false];
  const take = (lines: Buffer): TextBlock => {
    if (lines.length === 0) return { bytes: lines, line, head };
    const start = isFirst && lines.subarray(0, 3).toString('hex') === 'efbbbf' ? 3 : 0;
    isFirst = false;
    const bytes = withLineFeeds(lines.subarray(start));
    if (head === '') head = firstLine(bytes);
    const block = { bytes, line, head };
    line = checkText(bytes, file, line, (before) => place(before, head));
    return block;
  };
  for await (const chunk of input) {
    pending.push(chunk);
    size += chunk.length;
    hasEnd ||= chunk.includes(LF) || chunk.includes(CR);
    if (!hasEnd && size <= MAX_LINE_BYTES) continue; // joined once, not chunk by chunk
    const all = Buffer.concat(pending);
    const end = endOfLines(all);
    const block = take(all.subarray(0, end));
    if (block.head !== '') yield block;
    pending = [all.subarray(end)];
    size -= end;
    hasEnd = false;
    if (size > MAX_LINE_BYTES) throw tooLong(file, line);
  }
  const last = take(Buffer.concat(pending));
  if (last.head !== '') yield last;
}

/** The first line that is not blank. */
const firstLine = (bytes: Buffer): string => /\S[^\n]*/.exec(bytes.toString())?.[0] ?? '';

const tooLong = (file: string, line: number): Error =>
  fileError(
    file,
    `line ${String(line)}`,
    'a line of more than a megabyte: the file is no table, or its line ends are lost',
  );

/** Behind the last line end; a CR at the very end may be half of one. */
function endOfLines(bytes: Buffer): number {
  const lineFeed = bytes.lastIndexOf(LF) + 1;
  return lineFeed > 0 ? lineFeed : bytes.subarray(0, -1).lastIndexOf(CR) + 1;
}

/** CR LF and CR as LF. */
function withLineFeeds(block: Buffer): Buffer {
  if (!block.includes(CR)) return block;
  return Buffer.from(block.toString('latin1').replace(/\r\n?/g, '\n'), 'latin1');
}

/** Refuses what is not UTF-8 or no text. Returns the number of the line behind the block. */
function checkText(
  block: Buffer,
  file: string,
  firstLine: number,
  place: (before: string) => string,
): number {
  const isText = isUtf8(block) && !block.includes(0);
  let line = firstLine;
  for (let from = 0; from < block.length; line++) {
    const lineFeed = block.indexOf(LF, from);
    const end = lineFeed < 0 ? block.length : lineFeed;
    if (end - from > MAX_LINE_BYTES) throw tooLong(file, line);
    if (!isText) checkLine(block.subarray(from, end), file, line, place);
    from = end + 1;
  }
  return line;
}

function checkLine(bytes: Buffer, file: string, line: number, place: (before: string) => string): void {
  if (isUtf8(bytes) && !bytes.includes(0)) return;
  const before = readableStart(bytes);
  const bad = bytes[Buffer.byteLength(before)]!;
  const hex = bad.toString(16).toUpperCase().padStart(2, '0');
  throw fileError(
    file,
    `line ${String(line)}, ${place(before)}`,
    bad === 0
      ? 'a NUL byte (UTF-16 without a byte order mark, or a damaged file?): save the file as UTF-8'
      : `byte 0x${hex} is not UTF-8 (Windows-1252?): save the file as UTF-8, or convert it: iconv -f windows-1252 -t utf-8`,
  );
}

/** The text before the first NUL or byte that is not UTF-8. */
function readableStart(bytes: Buffer): string {
  const text = bytes.toString();
  for (const { index } of text.matchAll(/[\0\uFFFD]/g)) {
    const start = text.slice(0, index);
    const at = Buffer.byteLength(start);
    if (bytes.toString('hex', at, at + 3) !== 'efbfbd') return start; // else the sign itself, which is valid
  }
  return text;
}
