/** Record batches as producers write them, and as no producer would. */
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { compress as zstd } from '@mongodb-js/zstd';
import snappy from 'kafkajs-snappy';
import { compressFrame as lz4 } from 'lz4-napi';
import { CODECS, type Codec } from '../record-batch.ts';
import { encodeRecord, type RecordFields } from './patches/record-encoding.ts';

const require = createRequire(import.meta.url);
const crc32C = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number;

export type PackingCodec = Exclude<Codec, 'none'>;
export const PACKING_CODECS = CODECS.filter((codec) => codec !== 'none');

const { compress: snappyBlock } = (snappy as () => { compress(of: { buffer: Buffer }): Promise<Buffer> })();
/** The framing of Kafka's Java client: magic, two versions, blocks of 32 KiB with their sizes. */
async function xerial(bytes: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [Buffer.from('82534e4150505900' + '00000001'.repeat(2), 'hex')];
  for (let at = 0; at < bytes.length; at += 32_768) {
    const block = await snappyBlock({ buffer: bytes.subarray(at, at + 32_768) });
    const size = Buffer.alloc(4);
    size.writeUInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

export const PACK: Readonly<Record<Codec, (bytes: Buffer) => Promise<Buffer>>> = {
  none: (bytes) => Promise.resolve(bytes),
  gzip: (bytes) => Promise.resolve(gzipSync(bytes)),
  snappy: xerial,
  lz4: (bytes) => lz4(bytes),
  zstd: (bytes) => zstd(bytes),
};

/** Snappy without framing, as kafkajs and librdkafka write it. */
export const bareSnappy = (bytes: Buffer): Promise<Buffer> => snappyBlock({ buffer: bytes });

export interface BatchFields {
  readonly body: Buffer;
  readonly count: number;
  readonly codec?: Codec;
  readonly baseOffset?: number;
  readonly lastOffsetDelta?: number;
  readonly firstTimestampMs?: number;
  readonly maxTimestampMs?: number;
  readonly magic?: number;
  /** Attributes beside the codec. */
  readonly flags?: number;
  readonly producerId?: bigint;
}

/** A batch around a body as it is: a header with the right checksum, whatever the body holds. */
export function batchAround({ body, count, codec = 'none', ...more }: BatchFields): Buffer {
  const head = Buffer.alloc(61);
  head.writeBigInt64BE(BigInt(more.baseOffset ?? 0), 0);
  head.writeInt32BE(49 + body.length, 8);
  head.writeInt8(more.magic ?? 2, 16);
  head.writeInt16BE(CODECS.indexOf(codec) | (more.flags ?? 0), 21);
  head.writeInt32BE(more.lastOffsetDelta ?? count - 1, 23);
  head.writeBigInt64BE(BigInt(more.firstTimestampMs ?? 1000), 27);
  head.writeBigInt64BE(BigInt(more.maxTimestampMs ?? 2000), 35);
  head.writeBigInt64BE(more.producerId ?? -1n, 43);
  head.writeInt16BE(-1, 51);
  head.writeInt32BE(-1, 53);
  head.writeInt32BE(count, 57);
  const bytes = Buffer.concat([head, body]);
  bytes.writeInt32BE(crc32C(bytes.subarray(21)) | 0, 17);
  return bytes;
}

/** The bytes of records, offsets 0, 1, 2 … where none are given. */
export const bodyOf = (records: readonly RecordFields[]): Buffer =>
  Buffer.concat(records.map((fields, offsetDelta) => encodeRecord({ offsetDelta, ...fields })));

/** A batch of records. */
export async function batchOf(
  records: readonly RecordFields[],
  codec: Codec = 'none',
  more: Partial<BatchFields> = {},
): Promise<Buffer> {
  const body = await PACK[codec](bodyOf(records));
  return batchAround({ body, count: records.length, codec, ...more });
}

/** Zstandard, `blocks` times one byte repeated 128 KiB: 4 bytes each. No checksum, no content size. */
export function zstdBomb(blocks: number): Buffer {
  const block = (isLast: boolean): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUIntLE((131_072 << 3) | 2 | Number(isLast), 0, 3);
    return bytes;
  };
  const body = Array.from({ length: blocks }, (_, i) => block(i === blocks - 1));
  return Buffer.concat([Buffer.from('28b52ffd0050', 'hex'), ...body]);
}

/** One record whose value is 1 GiB of zeros, as 33 KB of Zstandard. */
export function zstdRecordBomb(): Buffer {
  const zeros = 8192 * 131_072;
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
  // Attributes, time, offset, no key; the last of the zeros counts the headers.
  const front = [0, 0, 0, 1, ...varint((zeros - 1) * 2)];
  const start = Buffer.from([...varint((front.length + zeros) * 2), ...front]);
  const block = (size: number, type: number, isLast: boolean, body: Buffer): Buffer => {
    const head = Buffer.alloc(3);
    head.writeUIntLE((size << 3) | (type << 1) | Number(isLast), 0, 3);
    return Buffer.concat([head, body]);
  };
  const repeated = Array.from({ length: 8192 }, (_, i) => block(131_072, 1, i === 8191, Buffer.alloc(1)));
  return Buffer.concat([
    Buffer.from('28b52ffd0050', 'hex'),
    block(start.length, 0, false, start),
    ...repeated,
  ]);
}

/** Records without key, value and headers. */
export const nulls = (count: number): RecordFields[] => Array.from({ length: count }, () => ({}));
