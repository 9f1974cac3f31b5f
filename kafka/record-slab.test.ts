/** A fetch as columns: the same records as by way of objects, whatever lies in it, and none of an aborted transaction. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SourceRecord } from '../schemas/ports.ts';
import type { Records } from '../schemas/records.ts';
import type { AbortedTransaction } from './committed-batches.ts';
import { UNPACK_LIMITS, unpack } from './kafkajs/codecs.io.ts';
import { batchAround, batchOf, nulls } from './kafkajs/record-batches.fixture.ts';
import { keepCommitted, readMessages, toSourceRecord } from './kafkajs/read-messages.fixture.ts';
import type { RecordFields } from './kafkajs/patches/record-encoding.ts';
import { CODECS } from './record-batch.ts';
import { openBudget, type FetchBudget, type FetchLimits } from './record-set.ts';
import { readFetched } from './record-slab.ts';

interface Reading {
  readonly from?: number;
  readonly limits?: FetchLimits;
  readonly aborted?: readonly AbortedTransaction[];
  readonly budget?: FetchBudget;
}
const PLACE = 't/3';

const read = (
  set: Buffer,
  { from = 0, limits = UNPACK_LIMITS, aborted = [], budget = openBudget(limits) }: Reading = {},
) => readFetched(set, { place: PLACE, from, limits, budget, unpack, aborted });

/** By way of the objects that kafkajs's consumer takes, and where its next fetch would begin. */
async function readObjects(
  set: Buffer,
  { from = 0, limits = UNPACK_LIMITS, aborted = [], budget = openBudget(limits) }: Reading,
): Promise<{ records: SourceRecord[]; next: number }> {
  const messages = await readMessages(set, PLACE, from, limits, budget);
  const abortedTransactions = aborted.map(({ producerId, firstOffset }) => ({
    producerId: String(producerId),
    firstOffset: String(firstOffset),
  }));
  const records = keepCommitted({ messages, abortedTransactions })
    .filter(({ isControlRecord }) => !isControlRecord)
    .map(toSourceRecord);
  const last = messages[messages.length - 1];
  return { records, next: last === undefined ? from : Number(last.offset) + 1 };
}

const part = (bytes: Buffer, start: number, length: number): Buffer | null =>
  length < 0 ? null : bytes.subarray(start, start + length);

/** Text of a record, its bytes in hexadecimal: far faster to compare than objects are. */
const textOf = (record: SourceRecord, headerCount = countOf(record.headers)): string =>
  JSON.stringify({ ...record, headers: Object.entries(record.headers), headerCount }, (_, value: unknown) =>
    isBytes(value) ? Buffer.from(value.data).toString('hex') : value,
  );
const isBytes = (value: unknown): value is { data: number[] } =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer';
const countOf = (headers: SourceRecord['headers']): number =>
  Object.values(headers).reduce((sum, value) => sum + (Array.isArray(value) ? value.length : 1), 0);

/** The texts of all records, which columns, objects and slices must agree on. */
function textsOf(records: Records): string[] {
  const texts = Array.from({ length: records.length }, (_, i) => {
    const refused = records.refusedAt(i);
    const columns: SourceRecord = {
      offset: records.offsetAt(i),
      timestampMs: records.timestampAt(i),
      key: part(records.bytesAt(i), records.keyStart(i), records.keyLength(i)),
      value: part(records.bytesAt(i), records.valueStart(i), records.valueLength(i)),
      headers: records.at(i).headers,
      ...(refused === undefined ? {} : { refused }),
    };
    return textOf(columns, records.headerCount(i));
  });
  expect([...records].map((record) => textOf(record))).toEqual(texts);
  const middle = records.length >> 1;
  const halves = [records.slice(0, middle), records.slice(middle)];
  const ofHalf = (half: Records): string[] =>
    Array.from({ length: half.length }, (_, i) => textOf(half.at(i), half.headerCount(i)));
  expect(halves.flatMap(ofHalf)).toEqual(texts);
  return texts;
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
  fc.constant(Buffer.alloc(300, 'x')),
);
const record = fc.record({
  timestampDelta: fc.oneof(fc.nat(200), fc.integer({ min: -1_000_000, max: 2 ** 40 })),
  key: fc.option(bytes),
  value: fc.option(bytes),
  gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(300) }),
  headers: fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.dictionary(fc.string({ maxLength: 5 }), fc.oneof(bytes, fc.array(bytes, { minLength: 1, maxLength: 3 })), { maxKeys: 4 }) },
  ),
}); // prettier-ignore
const batch = fc.record({
  records: fc.array(record, { maxLength: 8 }),
  codec: fc.oneof({ weight: 3, arbitrary: fc.constant('none' as const) }, { weight: 2, arbitrary: fc.constantFrom(...CODECS) }), // prettier-ignore
  /** By log append time; of a transaction; markers: aborted or committed. */
  flags: fc.constantFrom(0, 8, 16, 16, 24),
  marker: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: fc.constantFrom(0, 1) }),
  producerId: fc.bigInt(1n, 3n),
  gap: fc.constantFrom(0, 0, 0, 5),
  tail: fc.constantFrom(0, 0, 3),
  isAborted: fc.boolean(),
}); // prettier-ignore
type BatchPlan = typeof batch extends fc.Arbitrary<infer B> ? B : never;

/** A record set, where its batches begin, and what a fetch would say of aborted transactions. */
async function build(plans: readonly BatchPlan[]) {
  const batches: Buffer[] = [];
  const aborted: AbortedTransaction[] = [];
  let baseOffset = 0;
  for (const { records, codec, flags, marker, producerId, gap, tail, isAborted } of plans) {
    baseOffset += gap;
    let delta = -1;
    const fields: RecordFields[] =
      marker === undefined
        ? records.map(({ gap: skipped, ...rest }) => ({ ...rest, offsetDelta: (delta += 1 + skipped) }))
        : [{ offsetDelta: (delta += 1), key: Buffer.from([0, 0, 0, marker]), value: Buffer.alloc(6) }];
    const lastOffsetDelta = Math.max(0, delta) + tail;
    const more = { baseOffset, lastOffsetDelta, flags: marker === undefined ? flags : 48, producerId };
    batches.push(await batchOf(fields, marker === undefined ? codec : 'none', more));
    if (isAborted && marker === undefined) aborted.unshift({ producerId, firstOffset: baseOffset });
    baseOffset += lastOffsetDelta + 1;
  }
  return { set: Buffer.concat(batches), aborted, end: baseOffset };
}
const plans = fc.array(batch, { minLength: 1, maxLength: 6 });
const limits = fc.oneof(
  fc.constant(UNPACK_LIMITS),
  fc.record({
    unpackedBytes: fc.constantFrom(100, 500, 2000),
    records: fc.integer({ min: 1, max: 30 }),
    headers: fc.integer({ min: 0, max: 4 }),
  }),
);
const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 });

function changed(set: Buffer, bytesToChange: readonly (readonly [number, number])[]): Buffer {
  const copy = Buffer.from(set);
  for (const [at, byte] of bytesToChange) copy[at % set.length] = byte;
  return copy;
}

test('from any offset, within any limits, whatever bytes change and wherever it is cut: the same as by way of objects', async () => {
  await fc.assert(
    fc.asyncProperty(plans, limits, changes, fc.nat(30), fc.nat(40), async (given, some, bytesToChange, from, cut) => {
      const { set: whole } = await build(given);
      const set = changed(whole, bytesToChange).subarray(0, cut > 20 ? whole.length : whole.length - cut);
      const budgets = [openBudget(some), openBudget(some)] as const;
      const objects = await readObjects(set, { from, limits: some, budget: budgets[0] });
      const { records, first, next } = await read(set, { from, limits: some, budget: budgets[1] });
      expect(textsOf(records)).toEqual(objects.records.map((one) => textOf(one)));
      expect([first, next]).toEqual([from, objects.next]);
      expect(budgets[1]).toEqual(budgets[0]);
    }),
    { numRuns: 3000 },
  );
}, 120_000); // prettier-ignore

test('aborted transactions are left out as by way of objects, and what is left out costs nothing', async () => {
  await fc.assert(
    fc.asyncProperty(plans, limits, fc.nat(30), async (given, some, from) => {
      const { set, aborted } = await build(given);
      const wide = await readObjects(set, { from, aborted });
      const all = await read(set, { from, aborted });
      expect(textsOf(all.records)).toEqual(wide.records.map((one) => textOf(one)));
      expect(all.next).toBe(wide.next);
      const narrow = await readObjects(set, { from, aborted, limits: some });
      const budget = openBudget(some);
      const { records, next } = await read(set, { from, aborted, limits: some, budget });
      expect(textsOf(records).slice(0, narrow.records.length)).toEqual(narrow.records.map((one) => textOf(one)));
      expect(next).toBeGreaterThanOrEqual(narrow.next);
    }),
    { numRuns: 1500 },
  );
}, 120_000); // prettier-ignore

test('aborted transactions in bytes that are not valid: as by way of objects, as far as both have read', async () => {
  await fc.assert(
    fc.asyncProperty(plans, changes, fc.uniqueArray(fc.bigInt(1n, 3n)), async (given, bytesToChange, producers) => {
      const set = changed((await build(given)).set, bytesToChange);
      // Of the whole log: where a batch begins is no longer sure.
      const aborted = producers.map((producerId) => ({ producerId, firstOffset: 0 }));
      const objects = await readObjects(set, { aborted });
      const { records, next } = await read(set, { aborted });
      expect(next).toBeGreaterThanOrEqual(objects.next);
      const texts = textsOf(records).filter((_, i) => records.offsetAt(i) < objects.next);
      expect(texts).toEqual(objects.records.map((one) => textOf(one)));
    }),
    { numRuns: 1500 },
  );
}, 120_000); // prettier-ignore

/** What producers do in turn: each its next batch, or the end of its transaction. */
const turns = fc.array(
  fc.record({ producer: fc.nat(3), records: fc.integer({ min: 1, max: 3 }), act: fc.constantFrom('write', 'write', 'commit', 'abort') }),
  { minLength: 1, maxLength: 25 },
); // prettier-ignore

test('interleaved producers, fetches from every offset: exactly the committed records, each once', async () => {
  await fc.assert(
    fc.asyncProperty(turns, async (given) => {
      const batches: Buffer[] = [];
      const aborted: (AbortedTransaction & { end: number })[] = [];
      const open = new Map<number, { first: number; offsets: number[] }>();
      const committed: number[] = [];
      let end = 0;
      const write = async (records: RecordFields[], flags: number, producer: number): Promise<void> => {
        batches.push(await batchOf(records, 'none', { flags, producerId: BigInt(producer), baseOffset: end }));
        end += records.length;
      };
      const finish = async (producer: number, commits: boolean): Promise<void> => {
        const { first, offsets } = open.get(producer)!;
        open.delete(producer);
        if (commits) committed.push(...offsets);
        else aborted.push({ producerId: BigInt(producer), firstOffset: first, end });
        await write([{ key: Buffer.from([0, 0, 0, Number(commits)]), value: Buffer.alloc(6) }], 48, producer);
      };
      for (const { producer, records, act } of given) {
        if (act !== 'write') {
          if (open.has(producer)) await finish(producer, act === 'commit');
          continue;
        }
        const { first, offsets } = open.get(producer) ?? { first: end, offsets: [] };
        const more = Array.from({ length: records }, (_, i) => end + i);
        open.set(producer, { first, offsets: [...offsets, ...more] });
        // A key like that of a marker.
        await write(nulls(records).map(() => ({ key: Buffer.alloc(4) })), 16, producer);
      }
      for (const producer of [...open.keys()]) await finish(producer, producer % 2 === 0);
      committed.sort((a, b) => a - b);
      const set = Buffer.concat(batches);
      for (let from = 0; from <= end; from++) {
        const found = await read(set, { from, aborted: aborted.filter((one) => one.end >= from) });
        const offsets = Array.from({ length: found.records.length }, (_, i) => found.records.offsetAt(i));
        expect([offsets, found.next]).toEqual([committed.filter((offset) => offset >= from), end]);
      }
    }),
    { numRuns: 300 },
  );
}, 120_000); // prettier-ignore

test.each(CODECS)('%s: 200,000 null records come in parts, each record once', async (codec) => {
  const set = await batchOf(nulls(200_000), codec, { baseOffset: 7 });
  let next = 7;
  for (let parts = 0; next < 200_007; parts++) {
    const some = await read(set, { from: next });
    expect([some.records.offsetAt(0), some.first]).toEqual([next, next]);
    expect(some.next - next).toBe(some.records.length);
    next = some.next;
    expect(parts).toBeLessThan(7);
  }
});

test('partitions share what a fetch may cost; one that gets nothing stays where it is', async () => {
  const set = await batchOf([{ value: Buffer.alloc(10 * 2 ** 20) }], 'zstd', { baseOffset: 4 });
  const budget = openBudget(UNPACK_LIMITS);
  const first = await read(set, { from: 3, budget });
  const second = await read(set, { from: 3, budget });
  expect([first.records.length, first.next, second.records.length, second.next]).toEqual([1, 5, 0, 3]);
  expect((await read(Buffer.alloc(0), { from: 9 })).next).toBe(9);
});

test('a record that is refused for its headers keeps its key and value, and has none; a null header comes as an empty one', async () => {
  const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`h${String(i)}`, 'v']));
  const set = await batchOf([{ key: 'k', value: 'too many', headers: many }, { value: 'b' }], 'gzip');
  const { records } = await read(set);
  expect(records.at(0)).toMatchObject({ key: Buffer.from('k'), value: Buffer.from('too many'), refused: { code: 'RECORD_TOO_LARGE' } }); // prettier-ignore
  expect([records.headerCount(0), Object.keys(records.at(0).headers), records.refusedAt(1)]).toEqual([
    0,
    [],
    undefined,
  ]);
  const inner = Buffer.from([0, 0, 0, 1, 1, 2, 2, 0x6e, 1]); // one header, n, of no value
  const body = Buffer.concat([Buffer.from([inner.length * 2]), inner]);
  const { records: odd } = await read(batchAround({ body, count: 1 }));
  expect([odd.headerCount(0), odd.at(0).headers['n']]).toEqual([1, Buffer.alloc(0)]);
});
