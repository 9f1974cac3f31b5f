import { expect, onTestFinished, test } from 'vitest';
import type { Loop } from '../consumers/loop-ports.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { createMetrics } from './metrics.io.ts';
import { consumerEvents, createObserver, createSigns, type RoleView } from './role-view.ts';

/** A view with the lines that it wrote. */
function open(): { view: RoleView; lines: object[] } {
  const lines: object[] = [];
  const write = (details: object, message: string) => void lines.push({ ...details, message });
  const metrics = createMetrics();
  onTestFinished(() => metrics.close());
  const log = { info: write, warn: write, error: write };
  return { view: { topic: 't', metrics, log, onCommitted: () => undefined }, lines };
}

test('each batch given up is counted; one line in two seconds says why, and how many it speaks for', async () => {
  const { view, lines } = open();
  let nowMs = 0;
  const observer = createObserver(view, createSigns(), () => undefined, () => nowMs); // prettier-ignore
  const error = new BankChurnError('REGISTRY_UNAVAILABLE', 'away');
  for (nowMs of [0, 500, 1999, 2000]) observer.disarmed(4, error, 100);
  expect((await view.metrics.disarmed.get()).values[0]?.value).toBe(4);
  expect(lines).toEqual([
    expect.objectContaining({ topic: 't', partition: 4, code: 'REGISTRY_UNAVAILABLE', fault: 'away' }),
    expect.objectContaining({ passedOver: 2 }),
  ]);
  expect(lines[0]).not.toHaveProperty('passedOver');
});

test('a revoked partition has no lag left; a join, a loss and a sign of life are seen', async () => {
  const { view } = open();
  const signs = createSigns();
  let assigned: readonly number[] = [];
  const loop = {
    state: () => ({ assigned, ready: [] }),
    assigned: (now: readonly number[]) => (assigned = now),
  };
  const events = consumerEvents(view, signs, loop as unknown as Loop, () => undefined, () => 7); // prettier-ignore
  const lags = async () =>
    (await view.metrics.lagSeconds.get()).values.map(({ labels, value }) => [labels.partition, value]);
  events.assigned([0, 1]);
  events.lag(0, 10, 2500);
  events.lag(1, 10, 500);
  events.alive();
  expect(signs).toMatchObject({ joined: true, fault: undefined, lastAliveMs: 7 });
  expect(await lags()).toEqual([[0, 2.5], [1, 0.5]]); // prettier-ignore
  events.assigned([1]);
  expect(await lags()).toEqual([]);
  events.left();
  expect(signs.joined).toBe(false);
});
