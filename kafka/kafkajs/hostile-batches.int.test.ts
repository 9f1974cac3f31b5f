/** Batches that cost too much, written to a real broker between good ones: all good ones are read, by one consumer that goes on. */
import { lastOffset } from '../../schemas/records.ts';
import { randomBytes } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { settled } from '../../e2e/world.ts';
import type { SourceRecord } from '../../schemas/ports.ts';
import { createTopics } from '../topics.ts';
import { connectTo, READS_ONLY } from './cluster.fixture.ts';
import { produceBatch } from './raw-produce.fixture.ts';
import { UNPACK_LIMITS } from './codecs.io.ts';
import { batchAround, batchOf, bodyOf, nulls, PACK, zstdRecordBomb } from './record-batches.fixture.ts';

const MIB = 2 ** 20;

const headers = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${String(i)}`, 'v']));

/** What is refused, as the broker takes it, and what comes of it. */
async function hostile(): Promise<{ name: string; batch: Buffer; code: string; records: number }[]> {
  const big = bodyOf([{ value: Buffer.alloc(40 * MIB) }]);
  const packed = await Promise.all(
    (['gzip', 'snappy', 'lz4', 'zstd'] as const).map(async (codec) => ({
      name: codec,
      batch: batchAround({ body: await PACK[codec](big), count: 1, codec }),
      code: 'BATCH_TOO_LARGE',
      records: 1,
    })),
  );
  const bomb = batchAround({ body: zstdRecordBomb(), count: 1, codec: 'zstd' });
  expect(bomb.length).toBeLessThan(34_000);
  const many = await batchOf([{ value: 'many headers', headers: headers(20_000) }], 'gzip');
  return [
    { name: 'zstd bomb', batch: bomb, code: 'BATCH_TOO_LARGE', records: 1 },
    ...packed,
    { name: 'headers', batch: many, code: 'RECORD_TOO_LARGE', records: 1 },
  ];
}

test('batches that unpack to too much, 200,000 null records and thousands of headers between good records', { timeout: 120_000 }, async () => {
  const { brokers } = inject('kafka');
  const topic = `batches-${randomBytes(4).toString('hex')}`;
  const kafka = connectTo(brokers);
  const settings = { 'max.message.bytes': String(4 * MIB) };
  await createTopics(kafka, [{ name: topic, partitions: 1, replicationFactor: 1, settings }], { now: Date.now, sleep });

  let end = 0;
  const goods: number[] = [];
  const write = async (batch: Buffer, records: number): Promise<void> => {
    expect((await produceBatch(brokers, topic, 0, batch)).errorCode).toBe(0);
    end += records;
  };
  const writeGood = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) goods.push(end + i);
    await write(await batchOf(['a', 'b', 'c'].map((key) => ({ key, value: `{"good":"${key}"}` })), 'gzip'), 3);
  };
  await writeGood();
  const due: unknown[] = [];
  for (const { batch, code, records } of await hostile()) {
    due.push({ code, firstOffset: end, lastOffset: end + records - 1 });
    await write(batch, records);
    await writeGood();
  }
  await write(await batchOf(nulls(200_000), 'gzip'), 200_000);
  await writeGood();
  await write(await batchOf([{ value: 'headers', headers: headers(5000) }]), 1);
  await writeGood();

  let peak = 0;
  const baseline = process.memoryUsage().rss;
  const sampling = setInterval(() => void (peak = Math.max(peak, process.memoryUsage().rss)), 10);
  onTestFinished(() => clearInterval(sampling));
  const read: SourceRecord[] = [];
  const consumer = kafka.consumer({ ...READS_ONLY, topic, groupId: topic, sessionTimeoutMs: 10_000 });
  const crashes: Error[] = [];
  onTestFinished(() => consumer.stop());
  await consumer.start({
    assigned: () => {
      consumer.source.seek(0, 0);
      consumer.source.resume(0);
    },
    deliver: (_, records, delivery) => {
      expect(records.length).toBeLessThanOrEqual(UNPACK_LIMITS.records);
      // Null records are counted; what they were part of is not kept.
      read.push(...[...records].filter(({ offset, value }) => value !== null || offset % 1000 === 0));
      delivery.resolve(lastOffset(records));
      return Promise.resolve();
    },
    lag: () => undefined, alive: () => undefined, heard: () => undefined, left: () => undefined,
    failed: () => undefined,
    crashed: (error) => crashes.push(error),
  });
  await settled(() => read.at(-1)?.offset === end - 1 || crashes.length > 0, 'the last record', 30_000, 20);

  expect(crashes).toEqual([]);
  const found = read.filter(({ value, refused }) => refused === undefined && String(value).startsWith('{"good"'));
  expect(found.map(({ offset }) => offset)).toEqual(goods);
  expect(read.flatMap(({ refused }) => (refused === undefined ? [] : [{ ...refused, message: undefined }]))).toEqual(due);
  expect(read.filter(({ value }) => value === null)).toHaveLength(200);
  expect(Object.keys(read.find(({ value }) => String(value) === 'headers')!.headers)).toHaveLength(5000);
  // The largest batch that is allowed takes 16 MiB, and its records some more.
  expect((peak - baseline) / MIB).toBeLessThan(200);

  // A reader of ranges skips what is refused.
  const ranged: number[] = [];
  await kafka.readRanges(topic, [{ partition: 0, from: 0, to: goods[17]! + 1 }], (records) => {
    ranged.push(...records.map(({ offset }) => offset));
  });
  expect(ranged).toEqual(goods.slice(0, 18));
}); // prettier-ignore
