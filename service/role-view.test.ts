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

test('lag is that of the last look, as old as it is now, and a revoked partition has none; a join, a loss and a sign of life are seen', async () => {
  const { view } = open();
  const signs = createSigns();
  let assigned: readonly number[] = [];
  let nowMs = 7;
  const loop = {
    state: () => ({ assigned, ready: assigned.slice(1) }),
    assigned: (now: readonly number[]) => (assigned = now),
  };
  const events = consumerEvents(view, signs, loop as unknown as Loop, () => undefined, () => nowMs); // prettier-ignore
  const shown = async ({ lagRecords, lagSeconds }: RoleView['metrics']) =>
    (await Promise.all([lagRecords.get(), lagSeconds.get()])).map(({ values }) =>
      values.map(({ labels, value }) => [labels.partition, value]),
    );
  const lagOf = (partition: number) => ({ partition, records: partition + 10, ageMs: 500 });
  events.assigned([0, 1]);
  events.lag([lagOf(0)]);
  expect(signs.waitingRecords).toBeUndefined();
  events.lag([lagOf(0), lagOf(1)]);
  events.alive();
  expect(signs).toMatchObject({ joined: true, fault: undefined, lastAliveMs: 7, waitingRecords: 21 });
  expect(await shown(view.metrics)).toEqual([[[0, 10], [1, 11]], [[0, 0.5], [1, 0.5]]]); // prettier-ignore
  nowMs += 400;
  expect(await shown(view.metrics)).toEqual([[[0, 10], [1, 11]], [[0, 0.9], [1, 0.9]]]); // prettier-ignore
  expect((await view.metrics.partitionsUnready.get()).values).toEqual([{ labels: { topic: 't' }, value: 1 }]);
  events.assigned([1, 2]);
  expect(signs.waitingRecords).toBeUndefined();
  expect(await shown(view.metrics)).toEqual([[[1, 11]], [[1, 0.9]]]);
  events.left();
  expect(signs.joined).toBe(false);
});
