import { expect, test } from 'vitest';
import type { MarkerScope, NotedOffset } from './ports.ts';
import { createTakeover } from './takeover.ts';

/** Offsets with notes; partitions in `open` answer 'unstable' until one of the ids that may have them open is fenced. */
function createLab(
  notes: Record<number, NotedOffset>,
  open: Record<number, string | undefined> = {},
  live: string[] = [],
) {
  const log: string[] = [];
  let nowMs = 0;
  const fence = (id: string, { outputs, withOffsets }: MarkerScope): Promise<void> => {
    log.push(
      `fence ${id} ${outputs.map(({ topic, partition }) => `${topic}/${String(partition)}`).join()}${withOffsets ? '+' : ''}`,
    );
    for (const [partition, by] of Object.entries(open)) if (by === id) open[Number(partition)] = undefined;
    return Promise.resolve();
  };
  const takeOver = createTakeover({
    offsets: {
      read: (partitions, stable) => {
        if (!stable) log.push(`read ${partitions.join()}`);
        return Promise.resolve(
          new Map(
            partitions.map((p) => [
              p,
              stable && open[p] !== undefined ? ('unstable' as const) : (notes[p] ?? NONE),
            ]),
          ),
        );
      },
    },
    transactions: { fence },
    clock: { now: () => nowMs, sleep: (ms) => Promise.resolve(void (nowMs += ms)) },
    writer: 'me',
    liveWriters: () => ['me', ...live],
    idOf: (writer) => `g.w.${writer}`,
    formerId: (partition) => `g.in.${String(partition)}`,
    outputsOf: (partition) => [
      { topic: 'out', partition },
      { topic: 'counts', partition: 0 },
    ],
  });
  return { log, takeOver, now: () => nowMs, open };
}
const NONE: NotedOffset = { offset: undefined, note: '' };
const noted = (...writers: string[]): NotedOffset => ({ offset: 7, note: `writers=${writers.join()}` });

test('partitions of one moment are taken over together; writers that are gone are fenced once, with all their partitions', async () => {
  const { log, takeOver } = createLab(
    { 0: noted('gone'), 1: noted('gone'), 2: noted('alive', 'me'), 3: NONE },
    {},
    ['alive'],
  );
  expect(await Promise.all([0, 1, 2, 3].map(takeOver))).toEqual([[], [], ['alive'], []]);
  expect(log).toEqual(['read 0,1,2,3', 'fence g.w.gone out/0,counts/0,out/1+']);
});

test('every owner in a note that is gone is fenced, former ones too; our own name is not', async () => {
  const { log, takeOver } = createLab({ 0: noted('first', 'second', 'me') });
  expect(await takeOver(0)).toEqual([]);
  expect(log.slice(1)).toEqual(['fence g.w.first out/0,counts/0+', 'fence g.w.second out/0,counts/0+']);
});

test('an offset without a writer is of an older release, which had an id for each partition', async () => {
  const { log, takeOver } = createLab({ 4: { offset: 7, note: 'topic-id=abcdefghijklmnopqrstuv' } });
  await takeOver(4);
  expect(log.slice(1)).toEqual(['fence g.in.4 out/4,counts/0+']);
});

test('a live owner ends what it has open by itself, or is fenced after a while', async () => {
  const { log, takeOver, now } = createLab({ 0: noted('alive') }, { 0: 'g.w.alive' }, ['alive']);
  expect(await takeOver(0)).toEqual([]);
  expect(log.slice(1)).toEqual(['fence g.w.alive out/0,counts/0+', 'fence g.in.0 out/0,counts/0+']);
  expect(now()).toBeGreaterThan(3000);
});

test('what stays open after all fences fails the try', async () => {
  const { takeOver } = createLab({ 0: NONE }, { 0: 'somebody' });
  await expect(takeOver(0)).rejects.toThrow('a transaction on partition 0 stays open');
});
