/** What compressed bytes may unpack to, told from their headers: against the codecs themselves, and against bytes that lie. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compress } from '@mongodb-js/zstd';
import { UNPACKED_BOUND } from '../compression/bound.ts';
import { unpackLz4 } from '../compression/lz4.ts';
import { unpackSnappy } from '../compression/snappy.ts';
import { unpack } from './codecs.io.ts';
import { bareSnappy, PACK, PACKING_CODECS, zstdBomb } from './record-batches.fixture.ts';

const MIB = 1024 * 1024;

/** Noise, and stretches that repeat: stored, repeated and compressed blocks of each codec. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.string({ minLength: 1, maxLength: 40 }), fc.nat(20_000))
        .map(([text, times]) => Buffer.from(text.repeat(times))),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts));

test.each(PACKING_CODECS)('%s: unpacked as it was packed, and no more comes out than was foreseen', async (codec) => {
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      const packed = await PACK[codec](bytes);
      const bound = UNPACKED_BOUND[codec](packed);
      expect(bound).toBeGreaterThanOrEqual(bytes.length);
      if (codec !== 'zstd') expect(bound).toBe(bytes.length);
      expect((await unpack(codec, packed, bytes.length)).equals(bytes)).toBe(true);
    }),
    { numRuns: 200 },
  );
}); // prettier-ignore

test('snappy without framing, and every length of literal and copy', async () => {
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      expect(unpackSnappy(await bareSnappy(bytes)).equals(bytes)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('a bound of blocks is less than twice what text unpacks to, so that no honest batch is refused', async () => {
  const text = Buffer.from(Array.from({ length: 100_000 }, (_, i) => `{"customerId":"c${String((i * 7919) % 99_991)}","balance":${String((i * 31) % 977)}}`).join('\n'));
  for (const packed of [await compress(text, 1), await compress(text, 3), await compress(text, 19)]) expect(UNPACKED_BOUND.zstd(packed)).toBeLessThan(text.length * 2);
}); // prettier-ignore

test('38 KB of zstd that unpack to more than 1 GiB are seen before a byte is unpacked', () => {
  const bomb = zstdBomb(9500);
  expect(bomb.length).toBeLessThan(39_000);
  expect(UNPACKED_BOUND.zstd(bomb)).toBe(9500 * 131_072);
  // The frame claims 10 bytes: its blocks are counted all the same.
  const liar = Buffer.concat([bomb.subarray(0, 4), Buffer.from([0x80, 0x50, 10, 0, 0, 0]), bomb.subarray(6)]);
  expect(UNPACKED_BOUND.zstd(liar)).toBe(9500 * 131_072);
  // It claims 2^60 bytes: a decoder might believe that.
  const boaster = Buffer.concat([bomb.subarray(0, 4), Buffer.from([0xc0, 0x50, 0, 0, 0, 0, 0, 0, 0, 16]), zstdBomb(1).subarray(6)]);
  expect(UNPACKED_BOUND.zstd(boaster)).toBe(2 ** 60);
  // Frame after frame, with one to skip between.
  const skipped = Buffer.from('502a4d1803000000010203', 'hex');
  expect(UNPACKED_BOUND.zstd(Buffer.concat([zstdBomb(3), skipped, zstdBomb(4)]))).toBe(7 * 131_072);
}); // prettier-ignore

test('64 MiB of zeros, packed by each codec, do not come out where 32 are allowed', async () => {
  const zeros = Buffer.alloc(64 * MIB);
  for (const codec of PACKING_CODECS) {
    const packed = await PACK[codec](zeros);
    expect(UNPACKED_BOUND[codec](packed)).toBeGreaterThan(32 * MIB);
    await expect(unpack(codec, packed, 32 * MIB)).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
  }
});

test('gzip that claims little is stopped where the limit is', async () => {
  const packed = await PACK.gzip(Buffer.alloc(64 * MIB));
  packed.writeUInt32LE(100, packed.length - 4);
  expect(UNPACKED_BOUND.gzip(packed)).toBe(100);
  const before = process.memoryUsage().arrayBuffers;
  await expect(unpack('gzip', packed, MIB)).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MIB);
});

test.each(['', '00', 'ff'.repeat(40), '1f8b' + '00'.repeat(30), '04224d18', '28b52ffd', '28b52ffd0050', '28b52ffd0050070000'])(
  'bytes that are of no codec (%s): an error with a code',
  async (hex) => {
    for (const codec of PACKING_CODECS) {
      const bytes = Buffer.from(hex, 'hex');
      const tried = (async () => (UNPACKED_BOUND[codec](bytes), unpack(codec, bytes, MIB)))();
      // One byte 0 is a snappy block of no bytes.
      if (codec === 'snappy' && hex === '00') await expect(tried).resolves.toHaveLength(0);
      else await expect(tried).rejects.toMatchObject({ name: 'BatchError' });
    }
  },
); // prettier-ignore

test('a literal of snappy whose length is negative to kafkajs’s package, which then goes round for ever', () => {
  const bytes = Buffer.from([8, 0xfc, 0xf9, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  expect(() => unpackSnappy(bytes)).toThrow('a literal is too long');
});

test('a match of LZ4 before the beginning, and a block that ends within a sequence', () => {
  const frame = (...block: number[]): Buffer =>
    Buffer.from([4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0, block.length, 0, 0, 0, ...block, 0, 0, 0, 0]);
  // One literal, four bytes from one before, no literal more.
  expect(unpackLz4(frame(0x10, 97, 1, 0, 0)).toString()).toBe('aaaaa');
  expect(() => unpackLz4(frame(0x10, 97, 2, 0, 0))).toThrow('a match is out of bounds');
  expect(() => unpackLz4(frame(0x10, 97, 0, 0, 0))).toThrow('a match is out of bounds');
  for (const block of [[0x10], [0x10, 97, 1], [0x10, 97, 1, 0], [0x1f, 97, 1, 0, 255], [0xf0, 255, 255]])
    expect(() => unpackLz4(frame(...block))).toThrow('a block is cut');
});

test.each(PACKING_CODECS)('%s: any change of a byte gives bytes within the limit or an error with a code', async (codec) => {
  const bytes = Buffer.from('{"customerId":"c1","balance":17.5}\n'.repeat(300) + 'an end');
  const packed = await PACK[codec](bytes);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), async (changes) => {
      const changed = Buffer.from(packed);
      for (const [at, byte] of changes) changed[at] = byte;
      try {
        const bound = UNPACKED_BOUND[codec](changed);
        if (bound > MIB) return;
        const out = await unpack(codec, changed, MIB);
        expect(out.length).toBeLessThanOrEqual(codec === 'gzip' ? MIB : bound);
      } catch (error) {
        expect(error).toMatchObject({ name: 'BatchError' });
      }
    }),
    { numRuns: 3000 },
  );
}); // prettier-ignore
