/** What the consumer is handed of a record set: as the library's own decoder where that can, and never more than is allowed. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openBudget, type FetchLimits } from '../record-set.ts';
import { CODECS } from '../record-batch.ts';
import { UNPACK_LIMITS } from './codecs.io.ts';
import { readMessages } from './read-messages.fixture.ts';
import {
  batchAround,
  batchOf,
  bodyOf,
  nulls,
  PACK,
  zstdBomb,
  type PackingCodec,
} from './record-batches.fixture.ts';
import { encodeRecord, type RecordFields } from './patches/record-encoding.ts';

const require = createRequire(import.meta.url);

const read = (set: Buffer, from = 0, limits: Partial<FetchLimits> = {}) => {
  const all = { ...UNPACK_LIMITS, ...limits };
  return readMessages(set, 't/3', from, all, openBudget(all));
};
const offsets = (messages: readonly { offset: string }[]): number[] =>
  messages.map(({ offset }) => Number(offset));
const good = (text: string): RecordFields => ({ key: text, value: `{"id":"${text}"}`, headers: { h: 'v' } });

/** kafkajs's own decoder, with its codecs. */
async function libraryReads(batch: Buffer): Promise<object[]> {
  const { Codecs } = require('kafkajs/src/protocol/message/compression') as {
    Codecs: Record<number, unknown>;
  };
  Codecs[2] = require('kafkajs-snappy');
  Codecs[3] = () => ({ decompress: (require('lz4-napi') as { decompressFrame: unknown }).decompressFrame });
  Codecs[4] = () => ({ decompress: (require('@mongodb-js/zstd') as { decompress: unknown }).decompress });
  const decode = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
    of: object,
  ) => Promise<{ records: object[] }>;
  const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
  return (await decode(new Decoder(batch))).records;
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  fc.string({ maxLength: 60 }),
);
/** The library takes these names for what its objects inherit. */
const name = fc.string({ maxLength: 20, unit: 'binary' }).filter((text) => !(text in {}));
const record: fc.Arbitrary<RecordFields> = fc.record(
  {
    timestampDelta: fc.integer({ min: -1_000_000, max: 2_000_000_000 }),
    key: fc.option(bytes),
    value: fc.option(bytes),
    headers: fc.dictionary(name, fc.oneof(bytes, fc.array(bytes, { minLength: 1, maxLength: 3 })), {
      maxKeys: 6,
    }),
  },
  { requiredKeys: [] },
);
const frame = fc.record({
  codec: fc.constantFrom(...CODECS),
  baseOffset: fc.oneof(
    fc.nat(10),
    fc.maxSafeNat().map((n) => Math.floor(n / 2)),
  ),
  firstTimestampMs: fc.integer({ min: -1, max: 2 ** 42 }),
  maxTimestampMs: fc.integer({ min: 0, max: 2 ** 42 }),
  flags: fc.constantFrom(0, 8, 16, 16 + 32),
  producerId: fc.bigInt(-1n, 2n ** 62n),
});

test('every field as kafkajs’s own decoder reads it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), frame, async (records, { codec, ...more }) => {
      const batch = await batchOf(records, codec, more);
      const [ours, theirs] = [await read(batch), await libraryReads(batch)];
      for (const [i, message] of ours.entries()) {
        const { headers, batchContext, ...fields } = message;
        expect({ ...fields, headers: { ...headers } }).toEqual({ ...theirs[i], batchContext: undefined, headers: (theirs[i] as typeof message).headers });
        expect((theirs[i] as typeof message).batchContext).toMatchObject(batchContext);
      }
      expect(ours).toHaveLength(theirs.length);
    }),
    { numRuns: 1000 },
  );
}); // prettier-ignore

test('names that objects inherit, repeated names and null values of headers are kept', async () => {
  // Name and value in turn: kafkajs's encoder cannot write these.
  const varints = (...parts: (string | null)[]): Buffer =>
    Buffer.concat(parts.flatMap((part) => (part === null ? [Buffer.from([1])] : [Buffer.from([part.length * 2]), Buffer.from(part)])));
  const inner = Buffer.concat([
    Buffer.from([0, 0, 0, 1, 1, 7 * 2]),
    varints('__proto__', 'a', 'constructor', 'b', 'n', null, 'r', '1', 'r', null, 'r', '3', '', ''),
  ]);
  const [message] = await read(batchAround({ body: Buffer.concat([Buffer.from([inner.length * 2]), inner]), count: 1 }));
  expect(Object.entries(message!.headers)).toEqual([
    ['__proto__', Buffer.from('a')],
    ['constructor', Buffer.from('b')],
    ['n', null],
    ['r', [Buffer.from('1'), null, Buffer.from('3')]],
    ['', Buffer.alloc(0)],
  ]);
}); // prettier-ignore

test.each(CODECS)('%s: a batch of 200,000 null records comes in parts, each record once', async (codec) => {
  const batch = await batchOf(nulls(200_000), codec, { baseOffset: 7 });
  let next = 7;
  for (let parts = 0; next < 200_007; parts++) {
    const some = await read(batch, next);
    expect(some.length).toBeLessThanOrEqual(UNPACK_LIMITS.records);
    expect(Number(some[0]!.offset)).toBe(next);
    next += some.length;
    expect(Number(some.at(-1)!.offset)).toBe(next - 1);
    expect(parts).toBeLessThan(7);
  }
});

test('read from any offset and in parts of any size: what is behind it, in order', async () => {
  const set = Buffer.concat([
    await batchOf([good('a'), good('b'), good('c')], 'gzip', { baseOffset: 10 }),
    await batchOf([good('d')], 'none', { baseOffset: 13 }),
    await batchOf([good('e'), good('f')], 'zstd', { baseOffset: 14 }),
  ]);
  const all = [10, 11, 12, 13, 14, 15];
  for (let from = 0; from <= 16; from++)
    for (const records of [1, 2, 3, 100]) {
      const found = offsets(await read(set, from, { records }));
      const due = all.filter((offset) => offset >= from);
      expect(found).toEqual(due.slice(0, found.length));
      expect(found.length).toBeGreaterThanOrEqual(Math.min(1, due.length));
      if (records === 100) expect(found).toEqual(due);
    }
});

/** A body that unpacks to more than 16 MiB. */
const BOMBS: Readonly<Record<PackingCodec, () => Promise<Buffer>>> = {
  gzip: () => PACK.gzip(Buffer.alloc(40 * 2 ** 20)),
  snappy: () => PACK.snappy(Buffer.alloc(40 * 2 ** 20)),
  lz4: () => PACK.lz4(Buffer.alloc(40 * 2 ** 20)),
  zstd: () => Promise.resolve(zstdBomb(9500)),
};

test.each(Object.entries(BOMBS))('%s that unpacks to too much: one refusal for the batch, its neighbours are read', async (codec, bomb) => {
  const body = await bomb();
  const bad = batchAround({ body, count: 5, baseOffset: 2, codec: codec as PackingCodec, flags: 16, producerId: 77n });
  const set = Buffer.concat([await batchOf([good('a'), good('b')], 'gzip'), bad, await batchOf([good('c')], 'gzip', { baseOffset: 7 })]);
  const messages = await read(set);
  expect(offsets(messages)).toEqual([0, 1, 6, 7]);
  expect(messages[2]!.value!.equals(bad)).toBe(true);
  expect(messages[2]).toMatchObject({
    timestamp: '2000',
    isControlRecord: false,
    batchContext: { producerId: '77', inTransaction: true },
    refused: { code: 'BATCH_TOO_LARGE', firstOffset: 2, lastOffset: 6 },
  });
  expect(messages[2]!.refused!.message).toMatch(new RegExp(`^batch 2–6 of t/3: ${String(body.length)} bytes of ${codec} may unpack to \\d+, allowed are 16777216$`));
  expect(messages.filter(({ refused }) => refused === undefined)).toHaveLength(3);
}); // prettier-ignore

test('gzip whose claim is small: stopped where the limit is, and the fetch ends there', async () => {
  const body = await BOMBS.gzip();
  body.writeUInt32LE(9, body.length - 4);
  const bad = batchAround({ body, count: 1, codec: 'gzip' });
  const set = Buffer.concat([bad, await batchOf([good('a')], 'gzip', { baseOffset: 1 })]);
  const messages = await read(set);
  expect(messages.map(({ refused }) => refused?.code)).toEqual(['BATCH_TOO_LARGE']);
  expect(offsets(await read(set, 1))).toEqual([1]);
});

test('batches that cost too much together come one fetch after the other; partitions share what a fetch may cost', async () => {
  const big = await batchOf([{ value: Buffer.alloc(10 * 2 ** 20) }], 'zstd');
  const set = Buffer.concat([0, 1, 2].map((baseOffset) => (big.writeBigInt64BE(BigInt(baseOffset), 0), Buffer.from(big))));
  for (const from of [0, 1, 2]) expect(offsets(await read(set, from))).toEqual([from]);
  const budget = openBudget(UNPACK_LIMITS);
  expect(await readMessages(set, 't/0', 0, UNPACK_LIMITS, budget)).toHaveLength(1);
  expect(await readMessages(set, 't/1', 0, UNPACK_LIMITS, budget)).toHaveLength(0);
}); // prettier-ignore

test('5,000 headers are read in milliseconds; a record with more than 10,000 is refused without them, its neighbours are read', async () => {
  const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${String(i)}`, 'v']));
  const batch = await batchOf([good('a'), { value: 'many', headers: headers(5000) }, { key: 'k', value: 'too many', headers: headers(10_001) }, good('b')]);
  const begun = performance.now();
  const messages = await read(batch);
  expect(performance.now() - begun).toBeLessThan(200);
  expect(Object.keys(messages[1]!.headers)).toHaveLength(5000);
  expect(messages.map(({ refused }) => refused?.code)).toEqual([undefined, undefined, 'RECORD_TOO_LARGE', undefined]);
  expect(messages[2]).toMatchObject({ key: Buffer.from('k'), value: Buffer.from('too many'), offset: '2', refused: { firstOffset: 2, lastOffset: 2 } });
  // Headers count as much as records against what a fetch may bring.
  expect(offsets(await read(batch, 0, { records: 5000 }))).toEqual([0, 1]);
}); // prettier-ignore

test('a record that is not valid: those before it are read, the rest of the batch is one refusal', async () => {
  const body = bodyOf([good('a'), good('b'), good('c')]);
  const second = encodeRecord({ offsetDelta: 0, ...good('a') }).length;
  body[second] = 126; // length 63, more than there is
  const set = Buffer.concat([batchAround({ body, count: 3, baseOffset: 5 }), await batchOf([good('d')], 'none', { baseOffset: 8 })]);
  const messages = await read(set);
  expect(messages.map(({ offset, refused }) => [offset, refused?.code, refused?.firstOffset])).toEqual([['5', undefined, undefined], ['7', 'BATCH_CORRUPT', 6], ['8', undefined, undefined]]);
}); // prettier-ignore

test('a record whose length is not what its parts take: refused, with and without headers', async () => {
  for (const fields of [good('a'), { value: 'a' }]) {
    const body = bodyOf([fields, {}]);
    body[0]! += 2; // one byte more, which is the next record's first
    const messages = await read(batchAround({ body, count: 2 }));
    expect(messages.map(({ offset, refused }) => [offset, refused?.code, refused?.firstOffset])).toEqual([
      ['1', 'BATCH_CORRUPT', 0],
    ]);
  }
});

test.each([
  ['format 1', { magic: 1 }, 'BATCH_UNSUPPORTED', 4],
  ['a format to come', { magic: 3 }, 'BATCH_UNSUPPORTED', 4],
  ['an unknown codec', { flags: 5 }, 'BATCH_UNSUPPORTED', 6],
  ['a negative count', { count: -1, lastOffsetDelta: 2 }, 'BATCH_CORRUPT', 6],
  ['offsets that go back', { lastOffsetDelta: -3 }, 'BATCH_CORRUPT', 4],
  ['more records than its offsets', { lastOffsetDelta: 0 }, 'BATCH_CORRUPT', 4],
  ['a count of two thousand million', { count: 2 ** 31 - 1, lastOffsetDelta: 2 }, 'BATCH_CORRUPT', 6],
  ['bytes that are not gzip', { codec: 'gzip' }, 'BATCH_CORRUPT', 6],
] as const)('%s: refused with %s, and reading goes on behind it', async (_, fields, code, lastOffset) => {
  const bad = batchAround({ body: bodyOf(nulls(3)), count: 3, baseOffset: 4, ...fields });
  const messages = await read(Buffer.concat([bad, await batchOf([good('a')], 'none', { baseOffset: 9 })]));
  const refused = messages.find((message) => message.refused !== undefined);
  expect(refused).toMatchObject({ offset: String(lastOffset), refused: { code } });
  expect(messages.at(-1)).toMatchObject({ offset: '9' });
  expect(messages.at(-1)!.refused).toBeUndefined();
});

test('a length or offset that cannot be: what is left of the fetch is one refusal at the next offset', async () => {
  for (const [at, byte] of [[8, 0x80], [0, 0x80], [0, 0x7f]] as const) {
    const bad = await batchOf([good('a')], 'none', { baseOffset: 1 });
    bad[at] = byte;
    const messages = await read(Buffer.concat([await batchOf([good('a')]), bad]));
    expect(messages.map(({ offset, refused }) => [offset, refused?.code])).toEqual([['0', undefined], ['1', 'BATCH_CORRUPT']]);
  }
}); // prettier-ignore

test('a refusal names the offsets from the one that was asked for; beyond exact numbers there are none', async () => {
  const bad = batchAround({ body: Buffer.from('no gzip'), count: 5, baseOffset: 4, codec: 'gzip' });
  expect((await read(bad, 6)).map(({ refused }) => [refused?.firstOffset, refused?.lastOffset])).toEqual([
    [6, 8],
  ]);
  const last = await batchOf([good('a')], 'none', { baseOffset: Number.MAX_SAFE_INTEGER });
  expect(await read(last, 6)).toMatchObject([{ offset: '6', refused: { code: 'BATCH_CORRUPT' } }]);
});

test('a fetch that is cut anywhere brings what is whole, and no refusal', async () => {
  const parts = [await batchOf([good('a'), good('b')]), await batchOf([good('c')], 'lz4', { baseOffset: 2 })];
  const set = Buffer.concat(parts);
  for (let cut = 0; cut <= set.length; cut++) {
    const whole = cut < parts[0]!.length ? [] : cut < set.length ? [0, 1] : [0, 1, 2];
    expect(offsets(await read(set.subarray(0, cut)))).toEqual(whole);
  }
});

test('what compaction has removed is a marker at the last offset, so that a fetch of nothing else moves on', async () => {
  const empty = batchAround({ body: Buffer.alloc(0), count: 0, lastOffsetDelta: 4, baseOffset: 10 });
  expect(await read(empty, 10)).toMatchObject([{ offset: '14', isControlRecord: true, key: null }]);
  const thinned = await batchOf([{ value: 'a' }, { value: 'b', offsetDelta: 3 }], 'none', { lastOffsetDelta: 6, baseOffset: 10 });
  expect(offsets(await read(thinned, 10))).toEqual([10, 13, 16]);
  expect(await read(thinned, 14)).toMatchObject([{ offset: '16', isControlRecord: true }]);
  expect(await read(thinned, 17)).toEqual([]);
}); // prettier-ignore

test('whatever bytes change: messages in the order of their offsets, what is refused has a code, and it takes no time', async () => {
  const sets = await Promise.all(
    CODECS.map(async (codec) => Buffer.concat([await batchOf([good('a'), good('b')], codec), await batchOf(Array.from({ length: 30 }, (_, i) => good(String(i))), codec, { baseOffset: 2 })])),
  );
  let slowest = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...sets), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }), fc.nat(40), async (set, changes, from) => {
      const changed = Buffer.from(set);
      for (const [at, byte] of changes) changed[at % set.length] = byte;
      const begun = performance.now();
      const found = await read(changed, from);
      slowest = Math.max(slowest, performance.now() - begun);
      for (const [i, { offset, refused }] of found.entries()) {
        expect(Number(offset)).toBeGreaterThanOrEqual(i === 0 ? from : Number(found[i - 1]!.offset) + 1);
        if (refused !== undefined) expect(refused.code).toMatch(/^(BATCH_(TOO_LARGE|CORRUPT|UNSUPPORTED)|RECORD_TOO_LARGE)$/);
      }
    }),
    { numRuns: 10_000 },
  );
  expect(slowest).toBeLessThan(250); // 16 MiB of a repeated byte take a part of it
}); // prettier-ignore
