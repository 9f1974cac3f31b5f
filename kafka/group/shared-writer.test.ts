import { expect, test } from 'vitest';
import { BankChurnError } from '../../schemas/errors.ts';
import type { OutputRecord, Transaction, Writer } from '../../schemas/ports.ts';
import { GroupRefusal, type Generation, type OffsetCommit, type ProduceBatch, type TransactionalProducer } from './ports.ts'; // prettier-ignore
import { createSharedWriter, type SharedWriter } from './shared-writer.ts';

/** A world in which every request is written down, and waits if it is told to. */
function createLab() {
  const log: string[] = [];
  const claimed: OffsetCommit[][] = [];
  const lab = {
    log,
    claimed,
    generation: { generationId: 1, memberId: 'm' } as Generation | undefined,
    inHand: 0,
    opened: 0,
    isBroken: false,
    /** What a request of this name does. */
    on: {} as Partial<Record<'produce' | 'offsets' | 'end' | 'claim', () => Promise<void> | void>>,
    tooLarge: new Set<number>(),
    sleepers: [] as (() => void)[],
  };
  const openProducer = (
    written: readonly { topic: string; partition: number }[],
  ): Promise<TransactionalProducer> => {
    lab.opened += 1;
    lab.isBroken = false;
    const name = `p${String(lab.opened)}`;
    log.push(
      `open ${name} [${written.map(({ topic, partition }) => `${topic}/${String(partition)}`).join()}]`,
    );
    const say = async (what: string, kind?: 'produce' | 'offsets' | 'end'): Promise<void> => {
      log.push(`${name} ${what}`);
      if (kind !== undefined) await lab.on[kind]?.();
    };
    return Promise.resolve({
      isSound: () => !lab.isBroken,
      addPartitions: (partitions) =>
        say(`add ${partitions.map(({ topic, partition }) => `${topic}/${String(partition)}`).join()}`),
      produce: async (batches: readonly ProduceBatch[]) => {
        await say(
          `produce ${batches.map((b) => `${b.topic}/${String(b.partition)}=${b.records.bytes.toString()}`).join()}`,
          'produce',
        );
        return batches.map(({ topic, partition }) => ({
          topic,
          partition,
          baseOffset: 0,
          error: lab.tooLarge.has(partition)
            ? new BankChurnError('OUTPUT_TOO_LARGE', 'too large')
            : undefined,
        }));
      },
      commitOffsets: ({ generationId }, offsets) =>
        say(
          `offsets@${String(generationId)} ${offsets.map((o) => `${String(o.partition)}:${String(o.offset)}(${o.note})`).join()}`,
          'offsets',
        ),
      end: (commits) => say(commits ? 'commit' : 'abort', 'end'),
      close: () => say('close'),
    });
  };
  const encode = (records: readonly OutputRecord[]) => ({
    bytes: Buffer.from(records.map(({ value }) => String(value)).join('+')),
    count: records.length,
  });
  const writer = createSharedWriter({
    openProducer,
    takeOver: (partition) => Promise.resolve(partition === 9 ? ['former'] : []),
    offsets: {
      commit: async (_, offsets) => {
        claimed.push([...offsets]);
        await lab.on.claim?.();
      },
    },
    onClaimInDoubt: ({ generationId }) => log.push(`claim in doubt @${String(generationId)}`),
    generation: () => lab.generation,
    inHand: () => lab.inHand,
    encode,
    sleep: () => new Promise((resolve) => lab.sleepers.push(resolve)),
    writer: 'me',
    lingerMs: 5,
  });
  return { ...lab, lab, writer };
}

async function transactionOf(writer: Writer, partition: number, value: string): Promise<Transaction> {
  const transaction = await writer.begin();
  await transaction.send({ topic: 'out', partition, records: [{ key: null, value }] });
  await transaction.send({ topic: 'counts', partition: 0, records: [{ key: null, value: `c${value}` }] });
  await transaction.sendOffsets('in', partition, 5, undefined);
  return transaction;
}
const write = async (writer: Writer, partition: number, value: string): Promise<void> =>
  (await transactionOf(writer, partition, value)).commit();
const open = (writer: SharedWriter, ...partitions: number[]): Promise<Writer[]> =>
  Promise.all(partitions.map((partition) => writer.openWriter('in', partition)));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('partitions that are ready together share one transaction; what comes while it is in flight shares the next', async () => {
  const { lab, log, writer } = createLab();
  const [a, b, c] = (await open(writer, 0, 1, 9)) as [Writer, Writer, Writer];
  let go = (): void => undefined;
  lab.on.end = () => new Promise((resolve) => (go = resolve));
  const first = write(a, 0, 'a');
  await turn();
  const others = Promise.all([write(b, 1, 'b'), write(c, 9, 'c')]);
  await turn();
  delete lab.on.end;
  go();
  await Promise.all([first, others]);
  expect(log).toEqual([
    'open p1 []',
    'p1 add out/0,counts/0',
    'p1 produce out/0=a,counts/0=ca',
    'p1 offsets@1 0:5(writers=me)',
    'p1 commit',
    'p1 add out/1,counts/0,out/9',
    'p1 produce out/1=b,counts/0=cb+cc,out/9=c',
    'p1 offsets@1 1:5(writers=me),9:5(writers=former,me)',
    'p1 commit',
  ]);
});

test('a transaction waits a little for partitions that are still being decided about', async () => {
  const { lab, log, writer } = createLab();
  const [a, b] = (await open(writer, 0, 1)) as [Writer, Writer];
  lab.inHand = 4;
  const first = write(a, 0, 'a');
  await turn();
  expect(log).toEqual(['open p1 []']);
  await Promise.all([first, write(b, 1, 'b')]); // half of them
  expect(log.filter((line) => line.endsWith('commit'))).toHaveLength(1);
  const alone = write(a, 0, 'a');
  await turn();
  lab.sleepers.forEach((wake) => wake());
  await alone;
});

test('claims of one moment are one commit, in our name', async () => {
  const { lab, writer } = createLab();
  const [a, b] = (await open(writer, 0, 9)) as [Writer, Writer];
  await Promise.all([a.claim(3, 'x'.repeat(22)), b.claim(4, undefined)]);
  expect(lab.claimed).toEqual([
    [
      { partition: 0, offset: 3, note: `topic-id=${'x'.repeat(22)};writers=me` },
      { partition: 9, offset: 4, note: 'writers=former,me' },
    ],
  ]);
});

test('a claim of which nobody knows what became ends the membership: it could be performed later', async () => {
  const { lab, log, writer } = createLab();
  const [a] = (await open(writer, 0)) as [Writer];
  lab.on.claim = () => Promise.reject(new Error('the connection broke'));
  await expect(a.claim(3, undefined)).rejects.toThrow('broke');
  expect(log.at(-1)).toBe('claim in doubt @1');
  lab.on.claim = () => Promise.reject(new GroupRefusal('stale', 'ILLEGAL_GENERATION'));
  await expect(a.claim(3, undefined)).rejects.toMatchObject({ code: 'TRANSACTION_FAILED' });
  lab.on.claim = () => new Promise(() => undefined);
  void a.claim(3, undefined);
  await turn();
  await expect(open(writer, 0)).rejects.toThrow('over');
  expect(log.filter((line) => line.startsWith('claim'))).toHaveLength(2);
});

test('what a former generation has ready is not committed, neither in its name nor in the new one’s', async () => {
  const { lab, log, writer } = createLab();
  const [a] = (await open(writer, 0)) as [Writer];
  const transaction = await transactionOf(a, 0, 'a');
  lab.generation = { generationId: 2, memberId: 'm' };
  await expect(transaction.commit()).rejects.toThrow('over');
  const [b] = (await open(writer, 1)) as [Writer];
  let go = (): void => undefined;
  lab.on.end = () => new Promise((resolve) => (go = resolve));
  const first = write(b, 1, 'b');
  await turn();
  const [c] = (await open(writer, 2)) as [Writer];
  const late = expect(write(c, 2, 'c')).rejects.toThrow('over');
  await turn();
  lab.generation = { generationId: 3, memberId: 'm' };
  go();
  await Promise.all([first, late]);
  expect(log.filter((line) => line.includes('produce'))).toEqual(['p1 produce out/1=b,counts/0=cb']);
});

test('a partition whose outputs are too large is refused alone; the others are written by a new producer', async () => {
  const { lab, log, writer } = createLab();
  const [a, b] = (await open(writer, 0, 1)) as [Writer, Writer];
  lab.inHand = 4;
  lab.tooLarge.add(1);
  const results = await Promise.allSettled([write(a, 0, 'a'), write(b, 1, 'b')]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(log.slice(3)).toEqual([
    'p1 abort',
    'p1 close',
    'open p2 [out/0,counts/0,out/1]',
    'p2 add out/0,counts/0',
    'p2 produce out/0=a,counts/0=ca',
    'p2 offsets@1 0:5(writers=me)',
    'p2 commit',
  ]);
  expect(a.isSound()).toBe(true);
});

test('a batch of several partitions that is too large says nothing about any: each writes its own', async () => {
  const { lab, log, writer } = createLab();
  const [a, b] = (await open(writer, 1, 2)) as [Writer, Writer];
  lab.inHand = 4;
  lab.tooLarge.add(0);
  lab.on.end = () => {
    lab.tooLarge.clear();
  };
  await Promise.all([write(a, 1, 'a'), write(b, 2, 'b')]);
  expect(log.filter((line) => /produce|end|abort|commit/.test(line))).toEqual([
    'p1 produce out/1=a,counts/0=ca+cb,out/2=b',
    'p1 abort',
    'p2 produce out/1=a,counts/0=ca,out/2=b',
    'p2 produce counts/0=cb',
    'p2 commit',
  ]);
});

test('what was written is decided though no partition is left', async () => {
  const { lab, log, writer } = createLab();
  const [a] = (await open(writer, 0)) as [Writer];
  await writer.settle();
  lab.on.end = () => Promise.reject(new Error('no answer'));
  await expect(write(a, 0, 'a')).rejects.toThrow('no answer');
  lab.generation = { generationId: 2, memberId: 'm' };
  await writer.settle();
  await writer.settle();
  expect(log.filter((line) => line.startsWith('open'))).toEqual(['open p1 []', 'open p2 [out/0,counts/0]']);
});

test('a commit whose answer is lost ends all sessions; the producer is opened again over what it has written', async () => {
  const { lab, log, writer } = createLab();
  const [a, b] = (await open(writer, 0, 1)) as [Writer, Writer];
  lab.on.end = () => Promise.reject(new Error('no answer'));
  await expect(write(a, 0, 'a')).rejects.toThrow('no answer');
  expect([a.isSound(), b.isSound()]).toEqual([false, false]);
  delete lab.on.end;
  await expect(write(b, 1, 'b')).rejects.toThrow('over');
  const [again] = (await open(writer, 0)) as [Writer];
  await write(again, 0, 'a');
  expect(log.filter((line) => line.startsWith('open'))).toEqual(['open p1 []', 'open p2 [out/0,counts/0]']);
});

test('the group refuses the offsets: aborted, and nothing is in doubt', async () => {
  const { lab, log, writer } = createLab();
  const [a] = (await open(writer, 0)) as [Writer];
  lab.on.offsets = () => Promise.reject(new GroupRefusal('stale', 'ILLEGAL_GENERATION'));
  await expect(write(a, 0, 'a')).rejects.toMatchObject({ code: 'TRANSACTION_FAILED' });
  expect([log.at(-1), a.isSound()]).toEqual(['p1 abort', true]);
});

test('a broken connection ends all sessions, and nothing more is written over it', async () => {
  const { lab, log, writer } = createLab();
  const [a] = (await open(writer, 0)) as [Writer];
  await write(a, 0, 'a');
  lab.isBroken = true;
  expect(a.isSound()).toBe(false);
  const { length } = log;
  await expect(write(a, 0, 'b')).rejects.toThrow('over');
  expect(log.slice(length).filter((line) => line.includes('produce'))).toEqual([]);
});

test('what the loop has given up is not committed behind its back', async () => {
  const { lab, log, writer } = createLab();
  const [a] = (await open(writer, 0)) as [Writer];
  lab.inHand = 4;
  const waits = expect(write(a, 0, 'a')).rejects.toThrow('given up');
  await turn();
  const [b] = (await open(writer, 0)) as [Writer];
  await waits;
  lab.inHand = 0;
  let fail: (error: Error) => void = () => undefined;
  lab.on.produce = () => new Promise((_, reject) => (fail = reject));
  const hangs = expect(write(b, 0, 'b')).rejects.toThrow('closed');
  await turn();
  await open(writer, 0);
  fail(new Error('closed'));
  await hangs;
  expect(log.filter((line) => line.endsWith('commit'))).toEqual([]);
  expect(b.isSound()).toBe(false);
});

test('a session that the loop has given up commits nothing, however late it is', async () => {
  const { log, writer } = createLab();
  const [a] = (await open(writer, 0)) as [Writer];
  const late = await transactionOf(a, 0, 'late');
  const [b] = (await open(writer, 0)) as [Writer];
  await expect(late.commit()).rejects.toThrow('over');
  await write(b, 0, 'b');
  const last = await transactionOf(b, 0, 'last');
  await b.close();
  await expect(last.commit()).rejects.toThrow('over');
  expect(log.filter((line) => line.includes('produce'))).toEqual(['p1 produce out/0=b,counts/0=cb']);
});

test('before the group is joined again what is in flight ends, and what waits is refused', async () => {
  const { lab, log, writer } = createLab();
  const [a, b] = (await open(writer, 0, 1)) as [Writer, Writer];
  let go = (): void => undefined;
  lab.on.end = () => new Promise((resolve) => (go = resolve));
  const first = write(a, 0, 'a');
  await turn();
  const second = expect(write(b, 1, 'b')).rejects.toThrow('over');
  await turn();
  const quiet = writer.quiesce();
  go();
  await Promise.all([first, second, quiet]);
  expect(log.at(-1)).toBe('p1 commit');
});
