import { encodeOutputRecords, listOf } from '../schemas/record-frames.ts';
import { expect, test } from 'vitest';
import fc from 'fast-check';
import type {
  Batch,
  Decision,
  Delivery,
  Emission,
  Writer,
  Position,
  Reject,
  Role,
  SourceRecord,
  Transaction,
} from '../schemas/ports.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { lastOffset, recordsOf } from '../schemas/records.ts';
import type { Loop } from './loop-ports.ts';
import { createLoop } from './loop.ts';
import { encodeRecord } from '../kafka/kafkajs/patches/record-encoding.ts';
import { splitEmission } from './split-emission.ts';

/** A broker in memory with one partition: a log, an output, a committed offset, and one valid writer epoch. */
class Broker {
  readonly log: SourceRecord[];
  readonly output: number[] = [];
  committed: number | undefined;
  epoch = 0;
  /** How often all connections broke. */
  breaks = 0;
  /** Of how many commits the answer gets lost. */
  answersToLose = 0;
  constructor(records: number) {
    this.log = Array.from({ length: records }, (_, offset) => ({
      offset,
      timestampMs: 0,
      key: null,
      value: Buffer.from(String(offset)),
      headers: {},
    }));
  }
}

class Crash extends Error {}

/** Counts every call to the outside and dies at a given one, before or after it took effect. */
class Fuse {
  private calls = 0;
  private readonly at: number;
  private readonly after: boolean;
  constructor(at: number, after: boolean) {
    this.at = at;
    this.after = after;
  }
  async call<T>(effect: () => T): Promise<T> {
    await Promise.resolve();
    if (this.blown()) throw new Crash();
    this.calls += 1;
    if (this.calls === this.at && !this.after) throw new Crash();
    const result = effect();
    if (this.calls === this.at) throw new Crash();
    return result;
  }
  blown(): boolean {
    return this.calls >= this.at;
  }
}

function openWriter(broker: Broker, fuse: Fuse): Promise<Writer> {
  return fuse.call(() => {
    const epoch = ++broker.epoch;
    const { breaks } = broker;
    const valid = (): void => {
      if (epoch !== broker.epoch) throw new BankChurnError('TRANSACTION_FAILED', 'fenced');
    };
    const begin = (): Promise<Transaction> => {
      const pending: { values: number[]; next: number | undefined } = { values: [], next: undefined };
      return fuse.call(() => ({
        send: ({ records }: Emission) =>
          fuse.call(
            () => (valid(), pending.values.push(...listOf(records).map(({ value }) => Number(value)))),
          ),
        sendOffsets: (_: string, __: number, next: number) =>
          fuse.call(() => (valid(), void (pending.next = next))),
        commit: () =>
          fuse.call(() => {
            valid();
            broker.output.push(...pending.values);
            broker.committed = pending.next ?? broker.committed;
            if (broker.answersToLose > 0) {
              broker.answersToLose -= 1;
              throw new Error('the answer is lost');
            }
          }),
        abort: () => fuse.call(() => undefined),
      }));
    };
    const claim = (offset: number): Promise<void> =>
      fuse.call(() => (valid(), void (broker.committed = offset)));
    return { claim, begin, isSound: () => broker.breaks === breaks, close: () => Promise.resolve() };
  });
}

const copy = (batch: Batch): Decision => ({
  emit: [
    { topic: 'out', partition: 0, records: [...batch.records].map(({ value }) => ({ key: null, value })) },
  ],
  commit: lastOffset(batch.records) + 1,
  outcomes: new Map(),
});

/** A dead letter: minus its number, and minus one. */
const mark: Reject = ({ records: [record] }) => ({
  emit: [{ topic: 'out', partition: 0, records: [{ key: null, value: String(-1 - record!.offset) }] }],
  commit: record!.offset + 1,
  outcomes: new Map(),
});

interface Member {
  readonly loop: Loop;
  /** Where the consumer fetches next; undefined while paused. */
  fetchFrom: number | undefined;
}

function startMember(
  broker: Broker,
  fuse: Fuse,
  maxBatchRecords: number,
  role: Role = (batch) => fuse.call(() => copy(batch)),
  now: () => number = () => 0,
): Member {
  let position = 0;
  const source = {
    pause: () => void (member.fetchFrom = undefined),
    resume: () => void (member.fetchFrom = position),
    seek: (_: number, offset: number) => void (position = offset),
    position: (): Promise<Position> =>
      fuse.call(() => ({ committed: broker.committed, start: 0, low: 0, high: broker.log.length })),
  };
  const observer = {
    armed: () => undefined,
    committed: () => undefined,
    disarmed: () => undefined,
    rejected: () => undefined,
    fatal: () => undefined,
  };
  // A dead process sleeps for ever; the broker here is never late.
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => fuse.blown() || ms >= 1000 || setImmediate(resolve));
  const clock = { now, sleep };
  const ports = {
    source,
    openWriter: () => openWriter(broker, fuse),
    openRole: () => Promise.resolve(role),
    reject: mark,
    clock,
    observer,
  };
  const options = {
    topic: 'in',
    maxBatchRecords,
    maxSendBytes: 1e6,
    answerTimeoutMs: 1000,
    backOffMs: { first: 1, longest: 1 },
  };
  const member: Member = { loop: createLoop(ports, options), fetchFrom: undefined };
  return member;
}

const untilArmed = async (member: Member): Promise<void> => {
  while (member.fetchFrom === undefined) await new Promise((resolve) => setImmediate(resolve));
};

/** Delivers what the member fetches, until all is committed or the fuse blows. */
async function drive(member: Member, broker: Broker, fuse: Fuse, fetchSize: number): Promise<void> {
  for (let turn = 0; turn < 500 && !fuse.blown(); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (member.fetchFrom === undefined) continue;
    const from = member.fetchFrom;
    const records = broker.log.slice(from, from + fetchSize);
    if (records.length === 0 && broker.committed === broker.log.length) return;
    const delivery: Delivery = {
      heartbeat: () => fuse.call(() => undefined),
      resolve: (offset) => void (member.fetchFrom = offset + 1),
    };
    await member.loop.deliver(0, recordsOf(records), delivery).catch(() => undefined);
  }
}

const everyOnce = (broker: Broker): number[] => broker.log.map(({ offset }) => offset);

test('a crash before or after any call to the outside, and a restart: every record once, in order', async () => {
  for (let at = 1; at <= 40; at++) {
    for (const after of [false, true]) {
      const broker = new Broker(10);
      for (const fuse of [new Fuse(at, after), new Fuse(Infinity, false)]) {
        const member = startMember(broker, fuse, 3);
        member.loop.assigned([0]);
        await drive(member, broker, fuse, 5);
      }
      expect([at, after, broker.output]).toEqual([at, after, everyOnce(broker)]);
    }
  }
});

test('a stalled owner that comes back after its partition moved writes nothing more', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 1, max: 5 }),
      async (stallAt, batchSize) => {
        const broker = new Broker(12);
        const never = new Fuse(Infinity, false);
        let release = (): void => undefined;
        const gate = new Promise<void>((resolve) => (release = resolve));
        let calls = 0;
        const stalling = {
          call: async <T>(effect: () => T): Promise<T> => (calls++ === stallAt && (await gate), effect()),
          blown: () => false,
        } as unknown as Fuse;
        const zombie = startMember(broker, stalling, batchSize);
        zombie.loop.assigned([0]);
        const haunting = drive(zombie, broker, stalling, 4);
        await new Promise((resolve) => setImmediate(resolve));
        const owner = startMember(broker, never, batchSize);
        owner.loop.assigned([0]);
        const working = drive(owner, broker, never, 4);
        release();
        await Promise.all([haunting, working]);
        expect(broker.output).toEqual(everyOnce(broker));
      },
    ),
    { numRuns: 60 },
  );
});

test('a fetch from before the assignment is dropped', async () => {
  const broker = new Broker(4);
  const fuse = new Fuse(Infinity, false);
  const member = startMember(broker, fuse, 10);
  const delivery: Delivery = { heartbeat: () => Promise.resolve(), resolve: () => undefined };
  await member.loop.deliver(0, recordsOf(broker.log), delivery);
  expect(broker.output).toEqual([]);
});

test('a role that takes long keeps its membership, and gives up when the batch is no longer its own', async () => {
  for (const change of ['stop', 'move', 'group'] as const) {
    const broker = new Broker(4);
    const never = new Fuse(Infinity, false);
    let beats = 0;
    let givenUp = false;
    const slow: Role = async (batch, keepAlive) => {
      try {
        for (let i = 0; i < 20; i++) await keepAlive();
      } catch (error) {
        givenUp = true;
        throw error;
      }
      return copy(batch);
    };
    const member = startMember(broker, never, 10, slow);
    member.loop.assigned([0]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const heartbeat = (): Promise<void> => {
      beats += 1;
      if (beats === 5 && change === 'stop') member.loop.stop();
      if (beats === 5 && change === 'move') member.loop.assigned([]);
      return beats >= 5 && change === 'group' ? Promise.reject(new Error('gone')) : Promise.resolve();
    };
    const delivered = member.loop.deliver(0, recordsOf(broker.log), { heartbeat, resolve: () => undefined });
    await (change === 'group' ? expect(delivered).rejects.toThrow('gone') : delivered);
    expect([change, givenUp, beats >= 5, broker.output]).toEqual([change, true, true, []]);
  }
});

test('a writer whose connection broke is opened again: at rest with the next heartbeat, else before the next batch', async () => {
  const broker = new Broker(4);
  const member = startMember(broker, new Fuse(Infinity, false), 10);
  const delivery: Delivery = { heartbeat: () => Promise.resolve(), resolve: () => undefined };
  const armed = async (): Promise<number> => {
    await untilArmed(member);
    return broker.epoch;
  };
  member.loop.assigned([0]);
  const first = await armed();
  member.loop.beat();
  expect(await armed()).toBe(first);

  broker.breaks += 1;
  member.loop.beat();
  expect(member.fetchFrom).toBeUndefined();
  expect(await armed()).toBe(first + 1);

  broker.breaks += 1;
  await member.loop.deliver(0, recordsOf(broker.log), delivery);
  expect([await armed(), broker.output]).toEqual([first + 2, []]);
  await member.loop.deliver(0, recordsOf(broker.log), delivery);
  expect(broker.output).toEqual(everyOnce(broker));
});

test('while a partition’s batches fail it does not count as ready, also when it is armed for another try', async () => {
  const broker = new Broker(4);
  const never = new Fuse(Infinity, false);
  let isAway = true;
  const role: Role = (batch) =>
    isAway
      ? Promise.reject(new BankChurnError('REGISTRY_UNAVAILABLE', 'the registry is away'))
      : Promise.resolve(copy(batch));
  let now = 0;
  const member = startMember(broker, never, 10, role, () => now);
  const delivery: Delivery = { heartbeat: () => Promise.resolve(), resolve: () => undefined };
  member.loop.assigned([0]);
  await untilArmed(member);
  expect(member.loop.state().ready).toEqual([0]);
  for (let tries = 0; tries < 3; tries++) {
    await member.loop.deliver(0, recordsOf(broker.log), delivery);
    expect(member.loop.state().ready).toEqual([]);
    await untilArmed(member);
    expect(member.loop.state().ready).toEqual([]);
    now += 60_000; // the other partitions' batches hold up the fetch that brings this one's again
    expect(member.loop.state().ready).toEqual([]);
  }
  isAway = false;
  await member.loop.deliver(0, recordsOf(broker.log), delivery);
  expect([member.loop.state().ready, broker.output]).toEqual([[0], everyOnce(broker)]);
});

test('a batch that was committed, its answer lost, is not waited for: the partition is ready when it has been quiet', async () => {
  const broker = new Broker(4);
  let now = 0;
  const member = startMember(broker, new Fuse(Infinity, false), 10, undefined, () => now);
  const delivery: Delivery = { heartbeat: () => Promise.resolve(), resolve: () => undefined };
  member.loop.assigned([0]);
  await untilArmed(member);
  broker.answersToLose = 1;
  await member.loop.deliver(0, recordsOf(broker.log), delivery);
  await untilArmed(member);
  expect([broker.committed, member.loop.state().ready]).toEqual([4, []]);
  now += 60_000;
  expect(member.loop.state().ready).toEqual([0]);
});

test('sends stay below the limits, and nothing is lost in the splitting', () => {
  const header = fc.array(
    fc.uint8Array({ maxLength: 90 }).map((bytes) => Buffer.from(bytes)),
    { minLength: 1, maxLength: 3 },
  );
  const record = fc.record({
    key: fc.option(fc.string({ maxLength: 50 })),
    value: fc.option(
      fc.oneof(
        fc.string({ maxLength: 600, unit: 'binary' }),
        fc.nat(5000).map((size) => Buffer.alloc(size)),
      ),
    ),
    headers: fc.dictionary(fc.string({ maxLength: 20 }), header, { maxKeys: 4 }),
  });
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 60 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 300, max: 9000 }),
      (records, maxRecords, maxBytes) => {
        const parts = [...splitEmission({ topic: 't', partition: 0, records }, maxRecords, maxBytes)].map((part) => listOf(part.records)); // prettier-ignore
        expect(parts.flat()).toEqual(records);
        const encoded = encodeOutputRecords(records);
        const split = [
          ...splitEmission({ topic: 't', partition: 0, records: encoded }, maxRecords, maxBytes),
        ];
        const again = encodeOutputRecords(split.flatMap((part) => listOf(part.records)));
        expect(Buffer.compare(again.bytes, encoded.bytes)).toBe(0);
        const isSmall = encoded.count <= maxRecords && encoded.bytes.length <= maxBytes;
        if (isSmall) expect(split[0]!.records).toBe(encoded);
        for (const part of parts) {
          const bytes = part.reduce((sum, one) => sum + encodeRecord(one).length, 0);
          expect(part.length <= maxRecords && (part.length === 1 || bytes <= maxBytes)).toBe(true);
        }
      },
    ),
  );
});

test('a record that makes the role throw is rejected alone, and its neighbours are processed, in order', async () => {
  for (const bad of [new Set([0]), new Set([7]), new Set([19]), new Set([3, 4, 5]), new Set([0, 9, 19])]) {
    const broker = new Broker(20);
    const role: Role = (batch) => {
      if ([...batch.records].some(({ offset }) => bad.has(offset))) throw new TypeError('of undefined');
      return Promise.resolve(copy(batch));
    };
    const never = new Fuse(Infinity, false);
    const member = startMember(broker, never, 8, role);
    member.loop.assigned([0]);
    await drive(member, broker, never, 20);
    const wanted = everyOnce(broker).map((offset) => (bad.has(offset) ? -1 - offset : offset));
    expect(broker.output).toEqual(wanted);
  }
});
