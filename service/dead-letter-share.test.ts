import { expect, onTestFinished, test } from 'vitest';
import { createLetterWatch, createShare } from './dead-letter-share.ts';
import type { Concerns } from './health-state.ts';
import { createMetrics } from './metrics.io.ts';

/** A watch with a limit of half, and what it says. */
function watch() {
  const metrics = createMetrics();
  onTestFinished(() => metrics.close());
  const lines: string[] = [];
  const log = {
    info: (_: object, words: string) => void lines.push(`INFO ${words}`),
    warn: () => undefined,
    error: (_: object, words: string) => void lines.push(`ERROR ${words}`),
  };
  const concerns: Concerns = { deadLetterShare: undefined, warnings: [] };
  const take = createLetterWatch({ metrics, log }, 0.5, concerns);
  return {
    ...{ lines, concerns },
    take: (scored: number, letters: number, ignored = 0) =>
      take({ outcomes: new Map([['scored', scored], ['RECORD_INVALID', letters], ['ignored', ignored]]) }), // prettier-ignore
    gauge: async () => (await metrics.deadLetterShare.get()).values[0]?.value,
  };
}

test('the share is of the newest batches that have the window together', () => {
  const add = createShare(100);
  expect(add({ events: 60, letters: 60 })).toEqual({ events: 60, letters: 60 });
  expect(add({ events: 60, letters: 0 })).toEqual({ events: 120, letters: 60 });
  expect(add({ events: 40, letters: 0 })).toEqual({ events: 100, letters: 0 });
  expect(add({ events: 1000, letters: 500 })).toEqual({ events: 1000, letters: 500 });
  for (let i = 0; i < 10_000; i++) add({ events: 1, letters: 0 });
  expect(add({ events: 0, letters: 0 })).toEqual({ events: 100, letters: 0 });
});

test('one line when the limit is crossed, one when the share is back; few events are no evidence', async () => {
  const { take, lines, concerns, gauge } = watch();
  take(0, 99);
  expect([lines, concerns.deadLetterShare, await gauge()]).toEqual([[], undefined, undefined]);
  take(1, 0);
  expect([lines.length, concerns.deadLetterShare, await gauge()]).toEqual([1, 0.99, 0.99]);
  take(0, 900);
  expect(lines).toEqual([expect.stringContaining('ERROR many events are dead letters')]);
  take(500, 0, 10_000);
  expect([lines.length, await gauge()]).toEqual([1, 900 / 1400]);
  take(500, 0);
  expect([lines.length, concerns.deadLetterShare, await gauge()]).toEqual([2, undefined, 0]);
  expect(lines[1]).toContain('INFO the share of dead letters is back');
});

test('a share that moves about the limit makes no line a batch; half is not above half', () => {
  const { take, lines } = watch();
  take(500, 500);
  expect(lines).toEqual([]);
  for (let i = 0; i < 20; i++) take(490, 510);
  for (let i = 0; i < 20; i++) take(i % 2 === 0 ? 510 : 490, i % 2 === 0 ? 490 : 510);
  expect(lines).toHaveLength(1);
});
