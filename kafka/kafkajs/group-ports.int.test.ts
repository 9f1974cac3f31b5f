/** Each port against a real broker: what the engines build on. */
import { expect, onTestFinished, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameAt, readHeader } from '../record-batch.ts';
import { framed, joinAlone, openSockets, scopeOf, setScene, write } from './group-ports.fixture.ts';
import { answering, API } from './requests/intercept.fixture.ts';

const TIMEOUT = { timeout: 60_000 };
const commit = (partition: number, offset: number, note = 'note') => ({ partition, offset, note });

test('two members share a group, and learn of each other’s writers', TIMEOUT, async () => {
  const { ports } = await setScene();
  const [a, b] = [await ports(), await ports()];
  const alone = await a.group.join('', 'wa');
  expect(alone).toMatchObject({ isLeader: true, members: [{ memberId: alone.memberId, writerId: 'wa' }] });
  await a.group.sync(alone, [{ memberId: alone.memberId, partitions: [0, 1, 2], goneWriters: ['wa'] }]);
  await a.group.heartbeat(alone);
  expect(await a.group.partitions()).toBe(3);

  const joining = b.group.join('', 'wb');
  await expect
    .poll(() => a.group.heartbeat(alone).catch((error: unknown) => error), { timeout: 5000 })
    .toMatchObject({ kind: 'rebalancing' });
  const [again, second] = await Promise.all([a.group.join(alone.memberId, 'wa'), joining]);
  expect(again.memberId).toBe(alone.memberId);
  expect(second).toMatchObject({ isLeader: false, members: [], generationId: again.generationId });
  expect(again.members.map(({ writerId }) => writerId).sort()).toEqual(['wa', 'wb']);
  const live = ['wa', 'wb'];
  const assignments = [
    { memberId: again.memberId, partitions: [0, 2], goneWriters: live },
    { memberId: second.memberId, partitions: [1], goneWriters: live },
  ];
  const [ofA, ofB] = await Promise.all([a.group.sync(again, assignments), b.group.sync(second, [])]);
  expect(ofA).toEqual({ partitions: [0, 2], goneWriters: live });
  expect(ofB).toEqual({ partitions: [1], goneWriters: live });

  await expect(a.group.heartbeat(alone)).rejects.toMatchObject({ kind: 'stale' });
  await b.group.leave(second.memberId);
  await expect(b.group.heartbeat(second)).rejects.toMatchObject({ kind: 'unknown-member' });
  await b.group.leave(second.memberId); // it has left already
});

test('requests go on while a join waits in the broker, and a leave ends the wait', TIMEOUT, async () => {
  const { ports } = await setScene();
  const [a, b] = [await ports(), await ports()];
  const alone = await joinAlone(a, 'wa');
  const waiting = b.group.join('', 'wb').then(
    () => 'joined',
    (error: unknown) => (error as { kind?: unknown }).kind,
  );
  await sleep(300); // a does not join again: b waits
  const begun = performance.now();
  await b.offsets.read([0], true);
  expect(await b.group.partitions()).toBe(3);
  await b.fetch.leaders(true);
  expect(performance.now() - begun).toBeLessThan(2000);
  await a.group.leave(alone.memberId);
  expect(await waiting).toBe('joined');
});

test('a join that is given an id and then interrupted goes on as that member: the group waits for no other', TIMEOUT, async () => {
  const { ports } = await setScene();
  const [a, b] = [await ports(), await ports()];
  const alone = await joinAlone(a, 'wa');
  let requests = 0;
  const second = (): Error | undefined => (++requests === 2 ? new Error('interrupted') : undefined);
  await expect(answering(API.joinGroup, second, () => b.group.join('', 'wb'))).rejects.toThrow('interrupted');
  const begun = performance.now();
  const joining = b.group.join('', 'wb');
  await expect.poll(() => a.group.heartbeat(alone).catch(() => 'rebalancing'), { timeout: 5000 }).toBe('rebalancing');
  const { members } = await a.group.join(alone.memberId, 'wa');
  await joining;
  expect([members.length, performance.now() - begun < 3000]).toEqual([2, true]);
}); // prettier-ignore

test('a member that joins again is the member it was', TIMEOUT, async () => {
  const { ports } = await setScene();
  const a = await ports();
  const first = await joinAlone(a, 'wa');
  const begun = performance.now();
  const again = await joinAlone(a, 'wa', first.memberId);
  expect([again.memberId, performance.now() - begun < 3000]).toEqual([first.memberId, true]);
});

test('a consumer of another protocol keeps us out, and says so', TIMEOUT, async () => {
  const { ports, settings, topic } = await setScene();
  const { libraryOf } = await import('./cluster.fixture.ts');
  const { inject } = await import('vitest');
  const consumer = libraryOf(inject('kafka').brokers).consumer({ groupId: settings.groupId });
  onTestFinished(() => consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topic });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({ eachMessage: () => Promise.resolve() });
  await joined;
  await expect((await ports()).group.join('', 'wa')).rejects.toMatchObject({ kind: 'incompatible' });
});

test('offsets and notes are committed by the present generation alone', TIMEOUT, async () => {
  const { ports } = await setScene();
  const a = await ports();
  expect([...(await a.offsets.read([0, 1, 2], true)).values()]).toEqual([
    { offset: undefined, note: '' },
    { offset: undefined, note: '' },
    { offset: undefined, note: '' },
  ]);
  const first = await joinAlone(a, 'wa');
  await a.offsets.commit(first, [commit(0, 5, 'writers=a'), commit(2, 2 ** 40)]);
  const read = await a.offsets.read([0, 1, 2], true);
  expect(read.get(0)).toEqual({ offset: 5, note: 'writers=a' });
  expect(read.get(1)).toEqual({ offset: undefined, note: '' });
  expect(read.get(2)).toEqual({ offset: 2 ** 40, note: 'note' });

  const second = await joinAlone(a, 'wa', first.memberId);
  expect(second.generationId).toBeGreaterThan(first.generationId);
  await expect(a.offsets.commit(first, [commit(0, 6)])).rejects.toMatchObject({ kind: 'stale' });
  const stranger = { ...second, memberId: 'nobody' };
  await expect(a.offsets.commit(stranger, [commit(0, 6)])).rejects.toMatchObject({ kind: 'unknown-member' });
  expect((await a.offsets.read([0], true)).get(0)).toEqual({ offset: 5, note: 'writers=a' });
});

test(
  'six partitions in one transaction, read back when it is committed and not before',
  TIMEOUT,
  async () => {
    const { ports, output, written, writer } = await setScene();
    const a = await ports();
    const of = await joinAlone(a, 'wa');
    const to = [0, 1, 2, 3, 4, 5].map((partition) => ({ topic: output, partition }));
    const producer = await a.transactions.open(writer('a'), scopeOf(to));
    const produced = await write(producer, { to, values: ['x', 'y'], of, offsets: [commit(0, 1)] });
    expect(produced).toEqual(to.map((partition) => ({ ...partition, baseOffset: 0, error: undefined })));
    expect(await written(4)).toEqual([]);
    await producer.end(true);
    for (const { partition } of to) await expect.poll(() => written(partition)).toEqual(['x', 'y']);
    await expect
      .poll(async () => (await a.offsets.read([0], true)).get(0))
      .toEqual({ offset: 1, note: 'note' });
    await write(producer, { to: [to[1]!], values: ['given up'] });
    await producer.end(false);
    await expect.poll(() => written(1)).toEqual(['x', 'y']);
    await producer.end(true); // nothing is open
  },
);

test(
  'numbers of records go on over many transactions, also after one that was given up',
  TIMEOUT,
  async () => {
    const { ports, output, written, writer } = await setScene();
    const { transactions } = await ports();
    const to = [0, 1].map((partition) => ({ topic: output, partition }));
    const producer = await transactions.open(writer('a'), scopeOf(to, false));
    const expected: string[] = [];
    for (let i = 0; i < 60; i++) {
      const values = Array.from({ length: (i % 3) + 1 }, (_, n) => `${String(i)}/${String(n)}`);
      for (const { error } of await write(producer, { to, values })) expect(error).toBeUndefined();
      await producer.end(i % 5 !== 4);
      if (i % 5 !== 4) expected.push(...values);
    }
    expect(producer.isSound()).toBe(true);
    for (const { partition } of to) await expect.poll(() => written(partition)).toEqual(expected);
  },
);

test('a batch that is too large is refused by itself; the producer goes on', TIMEOUT, async () => {
  const { ports, output, written, writer } = await setScene();
  const { transactions } = await ports();
  const to = [0, 1, 2].map((partition) => ({ topic: output, partition }));
  const producer = await transactions.open(writer('a'), scopeOf(to, false));
  await producer.addPartitions(to);
  const values = (partition: number): string[] => [partition === 1 ? 'x'.repeat(3000) : 'fits'];
  const send = () => producer.produce(to.map((of) => ({ ...of, records: framed(values(of.partition)) })));
  const [first, second, third] = await send();
  expect([first?.error, third?.error]).toEqual([undefined, undefined]);
  expect(second).toMatchObject({ ...to[1], baseOffset: -1, error: { code: 'OUTPUT_TOO_LARGE' } });
  await producer.end(false);
  expect(producer.isSound()).toBe(true);
  await write(producer, { to, values: ['again'] });
  await producer.end(true);
  for (const { partition } of to) await expect.poll(() => written(partition)).toEqual(['again']);
});

test('a stale member’s transaction commits no offsets, also under a fresh producer id', TIMEOUT, async () => {
  const { ports, output, writer } = await setScene();
  const [zombie, heir] = [await ports(), await ports()];
  const to = [{ topic: output, partition: 0 }];
  const old = await joinAlone(zombie, 'wz');
  const producer = await zombie.transactions.open(writer('z'), scopeOf(to));
  await zombie.group.leave(old.memberId);
  await joinAlone(heir, 'wh');
  const attempt = { to, values: ['late'], of: old, offsets: [commit(0, 9)] };
  await expect(write(producer, attempt)).rejects.toMatchObject({ kind: 'unknown-member' });
  expect(producer.isSound()).toBe(true);
  await producer.end(false);
  await heir.transactions.fence(writer('z'), scopeOf(to));
  await expect(write(producer, attempt)).rejects.toMatchObject({ code: 'WRITER_FENCED', kind: 'fenced' });
  expect(producer.isSound()).toBe(false);
  const fresh = await zombie.transactions.open(writer('fresh'), scopeOf(to));
  await expect(write(fresh, attempt)).rejects.toMatchObject({ kind: 'unknown-member' });
  expect((await heir.offsets.read([0], false)).get(0)).toEqual({ offset: undefined, note: '' });
});

test('a member of an earlier generation commits nothing in a transaction', TIMEOUT, async () => {
  const { ports, output, writer } = await setScene();
  const a = await ports();
  const to = [{ topic: output, partition: 0 }];
  const first = await joinAlone(a, 'wa');
  const producer = await a.transactions.open(writer('a'), scopeOf(to));
  const second = await joinAlone(a, 'wa', first.memberId);
  const attempt = { to, values: ['x'], offsets: [commit(0, 1)] };
  await expect(write(producer, { ...attempt, of: first })).rejects.toMatchObject({ kind: 'stale' });
  await producer.end(false);
  await write(producer, { ...attempt, of: second });
  await producer.end(true);
  await expect.poll(async () => (await a.offsets.read([0], true)).get(0)).toMatchObject({ offset: 1 });
});

test('an offset in an open transaction is unstable until its writer is fenced', TIMEOUT, async () => {
  const { ports, output, written, writer } = await setScene();
  const [a, b] = [await ports(), await ports()];
  const to = [{ topic: output, partition: 0 }];
  const of = await joinAlone(a, 'wa');
  await a.offsets.commit(of, [commit(0, 3, 'writers=a'), commit(1, 4)]);
  const producer = await a.transactions.open(writer('a'), scopeOf(to));
  await write(producer, { to, values: ['open'], of, offsets: [commit(0, 8)] });
  const stable = await b.offsets.read([0, 1], true);
  expect([stable.get(0), stable.get(1)]).toEqual(['unstable', { offset: 4, note: 'note' }]);
  expect((await b.offsets.read([0], false)).get(0)).toEqual({ offset: 3, note: 'writers=a' });
  const begun = performance.now();
  await b.transactions.fence(writer('a'), scopeOf(to));
  expect((await b.offsets.read([0], true)).get(0)).toEqual({ offset: 3, note: 'writers=a' });
  expect(performance.now() - begun).toBeLessThan(3000);
  expect(await written()).toEqual([]);
});

test('an id that Kafka does not know is not fenced: there is nothing to do', TIMEOUT, async () => {
  const { ports, output, writer } = await setScene();
  const { transactions } = await ports();
  await transactions.fence(writer('nobody'), scopeOf([{ topic: output, partition: 0 }]));
});

test('a fetch brings committed records as they lie in the log', TIMEOUT, async () => {
  const { ports, output, settings, writer } = await setScene();
  const { transactions, fetch } = await ports({ topic: output, groupId: settings.groupId });
  const to = [0, 1].map((partition) => ({ topic: output, partition }));
  const producer = await transactions.open(writer('a'), scopeOf(to, false));
  await write(producer, { to, values: ['given up'] });
  await producer.end(false);
  await write(producer, { to, values: ['a', 'b', 'c'] });
  await producer.end(true);
  const leaders = await fetch.leaders(false);
  expect([...leaders.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  const from = [0, 1, 2].map((partition) => ({ partition, offset: 0, maxBytes: 100_000 }));
  const fetched = await fetch.fetch(leaders.get(0)!, from, 100);
  const [first, , empty] = [...fetched].sort((x, y) => x.partition - y.partition);
  expect(first).toMatchObject({ partition: 0, error: undefined, highWatermark: 6, lastStableOffset: 6 });
  expect(first?.aborted).toEqual([{ producerId: expect.any(BigInt) as bigint, firstOffset: 0 }]);
  const given = readHeader(frameAt(first!.set, 0)!);
  expect(given).toMatchObject({ isTransactional: true, recordCount: 1, baseSequence: 0 });
  expect(given.producerId).toBe(first?.aborted[0]?.producerId);
  expect(empty).toMatchObject({ partition: 2, error: undefined, highWatermark: 0, set: Buffer.alloc(0) });
  const beyond = await fetch.fetch(leaders.get(0)!, [{ partition: 0, offset: 99, maxBytes: 1000 }], 100);
  expect(beyond).toMatchObject([{ partition: 0, error: 'out-of-range', code: 1 }]);
  const nowhere = await fetch.fetch(leaders.get(0)!, [{ partition: 99, offset: 0, maxBytes: 1000 }], 100);
  expect(nowhere).toMatchObject([{ partition: 99, error: 'not-leader', code: 3 }]);
});

test('a fetch that waits in the broker holds up nothing else', TIMEOUT, async () => {
  const { ports } = await setScene();
  const { fetch, offsets, group } = await ports();
  const leaders = await fetch.leaders(false);
  const waiting = fetch.fetch(leaders.get(0)!, [{ partition: 0, offset: 0, maxBytes: 1000 }], 3000);
  await sleep(100);
  const begun = performance.now();
  await Promise.all([offsets.read([0], true), group.partitions(), fetch.leaders(true)]);
  expect(performance.now() - begun).toBeLessThan(1500);
  expect(await waiting).toHaveLength(1);
});

test('one broker takes four sockets: general, membership, fetches, a producer', TIMEOUT, async () => {
  const { ports, output, writer } = await setScene();
  const before = new Set(openSockets());
  const a = await ports();
  const of = await joinAlone(a, 'wa');
  const to = [0, 1, 2, 3, 4, 5].map((partition) => ({ topic: output, partition }));
  const producer = await a.transactions.open(writer('a'), scopeOf(to));
  await write(producer, { to, values: ['x'], of, offsets: [commit(0, 1)] });
  await producer.end(true);
  await a.transactions.fence(writer('b'), scopeOf(to));
  const leaders = await a.fetch.leaders(false);
  await a.fetch.fetch(leaders.get(0)!, [{ partition: 0, offset: 0, maxBytes: 1000 }], 10);
  expect(openSockets().filter((socket) => !before.has(socket))).toHaveLength(4);
  await a.close();
  await expect.poll(() => openSockets().filter((socket) => !before.has(socket))).toHaveLength(0);
});

test('at-least-once: records and offsets, with no transaction', TIMEOUT, async () => {
  const { ports, output, written } = await setScene();
  const a = await ports();
  const of = await joinAlone(a, 'wa');
  const producer = await a.transactions.openPlain();
  const to = [0, 1].map((partition) => ({ topic: output, partition }));
  await write(producer, { to, values: ['a'], of, offsets: [commit(0, 7)] });
  await producer.end(true);
  await expect.poll(() => written(1)).toEqual(['a']);
  expect((await a.offsets.read([0], true)).get(0)).toMatchObject({ offset: 7 });
  await expect(
    producer.commitOffsets({ ...of, generationId: of.generationId - 1 }, [commit(0, 8)]),
  ).rejects.toMatchObject({ kind: 'stale' });
});
