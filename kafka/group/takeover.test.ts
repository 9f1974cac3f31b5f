import { expect, test } from 'vitest';
import type { MarkerScope, NotedOffset } from './ports.ts';
import { createTakeover, fenceGone } from './takeover.ts';

const NONE: NotedOffset = { offset: undefined, note: '' };
const noted = (...writers: string[]): NotedOffset => ({ offset: 7, note: `writers=${writers.join()}` });

/** Offsets with notes; partitions in `open` are unstable until that time. */
function createLab(notes: readonly NotedOffset[], open: Record<number, number> = {}) {
  const log: string[] = [];
  let nowMs = 0;
  const offsets = {
    read: (partitions: readonly number[], stable: boolean) =>
      Promise.resolve(
        new Map(
          partitions.map((p) => [
            p,
            stable && (open[p] ?? 0) > nowMs ? ('unstable' as const) : (notes[p] ?? NONE),
          ]),
        ),
      ),
  };
  const fence = (id: string, { outputs, withOffsets }: MarkerScope): Promise<void> => {
    const where = outputs.map(({ topic, partition }) => `${topic}/${String(partition)}`).join();
    return Promise.resolve(void log.push(`${id} ${where}${withOffsets ? '+' : ''}`));
  };
  const fencePorts = {
    offsets,
    transactions: { fence },
    idOf: (writer: string) => `g.w.${writer}`,
    formerId: (partition: number) => `g.in.${String(partition)}`,
    outputsOf: (partition: number) => [
      { topic: 'out', partition },
      { topic: 'counts', partition: 0 },
    ],
  };
  const clock = { now: () => nowMs, sleep: (ms: number) => Promise.resolve(void (nowMs += ms)) };
  return { log, fencePorts, clock, offsets };
}

test('the leader fences each writer that is gone, once, with all its partitions; members are left alone', async () => {
  const { log, fencePorts } = createLab([noted('gone'), noted('gone'), noted('alive', 'me')]);
  expect(await fenceGone(fencePorts, ['alive', 'me'], 3)).toEqual(['gone']);
  expect(log).toEqual(['g.w.gone out/0,counts/0,out/1+']);
});

test('every owner in a note that is gone is fenced, former ones too', async () => {
  const { log, fencePorts } = createLab([noted('first', 'second', 'me')]);
  expect(await fenceGone(fencePorts, ['me'], 1)).toEqual(['first', 'second']);
  expect(log).toEqual(['g.w.first out/0,counts/0+', 'g.w.second out/0,counts/0+']);
});

test('a partition without a writer may be of an older release, which had an id for each partition', async () => {
  const { log, fencePorts } = createLab([{ offset: 7, note: 'topic-id=abcdefghijklmnopqrstuv' }, NONE]);
  expect(await fenceGone(fencePorts, ['me'], 2)).toEqual([]);
  expect(log).toEqual(['g.in.0 out/0,counts/0+', 'g.in.1 out/1,counts/0+']);
});

test('partitions of one moment are taken over together, when all are stable; owners that are alive stay in the note', async () => {
  const { offsets, clock } = createLab([noted('alive', 'gone', 'me'), NONE], { 1: 300 });
  const takeOver = createTakeover({ offsets, clock, writer: 'me', goneWriters: () => ['gone'] });
  expect(await Promise.all([0, 1].map(takeOver))).toEqual([['alive'], []]);
  expect(clock.now()).toBeGreaterThanOrEqual(300);
});

test('what stays open fails the try', async () => {
  const { offsets, clock } = createLab([NONE], { 0: Infinity });
  const takeOver = createTakeover({ offsets, clock, writer: 'me', goneWriters: () => [] });
  await expect(takeOver(0)).rejects.toThrow('a transaction on partition 0 stays open');
});
