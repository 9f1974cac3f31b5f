import './install.io.ts'; // before the library
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { libraryOf } from '../cluster.fixture.ts';

const require = createRequire(import.meta.url);
const QueueClass = require('kafkajs/src/network/requestQueue') as new (options: object) => {
  push(request: object): void;
  maybeThrottle(ms: number): void;
  fulfillRequest(answer: object): void;
  scheduleRequestTimeoutCheck(): void;
  destroy(): void;
};

function openQueue(more: object = {}) {
  const sent: number[] = [];
  const logger = { debug: () => undefined, warn: () => undefined };
  const queue = new QueueClass({ maxInFlightRequests: null, requestTimeout: 10_000, enforceRequestTimeout: true, clientId: 'test', broker: '-', logger, ...more }); // prettier-ignore
  onTestFinished(() => queue.destroy());
  const push = (correlationId: number): Promise<unknown> =>
    new Promise((resolve, reject) =>
      queue.push({
        entry: { correlationId, resolve, reject },
        expectResponse: true,
        sendRequest: () => sent.push(correlationId),
      }),
    );
  return { queue, sent, push };
}

test('a client at rest sets no timers, and none with a wait below zero', async () => {
  const admin = libraryOf(inject('kafka').brokers).admin();
  const set = vi.spyOn(globalThis, 'setTimeout');
  onTestFinished(() => set.mockRestore());
  await admin.connect();
  await admin.listTopics();
  const waits = set.mock.calls.map(([, ms]) => ms ?? 0);
  expect(waits.filter((ms) => !(ms >= 0))).toEqual([]);
  set.mockClear();
  await sleep(500);
  expect(set).not.toHaveBeenCalled();
  await admin.disconnect();
});

test('a throttled request goes when the time is over', async () => {
  const { queue, sent, push } = openQueue();
  queue.maybeThrottle(150);
  void push(1);
  void push(2);
  await sleep(100);
  expect(sent).toEqual([]);
  await expect.poll(() => sent, { timeout: 2000 }).toEqual([1, 2]);
});

test('a request beyond those in flight goes with the next answer', async () => {
  const { queue, sent, push } = openQueue({ maxInFlightRequests: 1 });
  const first = push(1);
  void push(2);
  expect(sent).toEqual([1]);
  queue.fulfillRequest({ correlationId: 1, payload: Buffer.alloc(0), size: 0 });
  await first;
  expect(sent).toEqual([1, 2]);
});

test('a request without an answer ends in its time', async () => {
  const { queue, push } = openQueue({ requestTimeout: 300 });
  queue.scheduleRequestTimeoutCheck();
  const begun = performance.now();
  await expect(push(1)).rejects.toThrow('timed out');
  expect(performance.now() - begun).toBeLessThan(1000);
});
