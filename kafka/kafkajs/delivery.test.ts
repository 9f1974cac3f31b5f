import type { EachBatchPayload } from 'kafkajs';
import { expect, test } from 'vitest';
import { createLagTracker } from '../lag.ts';
import type { ConsumerEvents } from '../port.ts';
import { deliver } from './delivery.ts';

const message = (offset: number) => ({
  offset: String(offset),
  timestamp: String(995 + offset),
  key: null,
  value: null,
});

/** A fetch of partition 0 from `fetchedOffset` on, that holds the records 5 to 7 and ends behind a marker, at 8. */
function payload(fetchedOffset: number, heartbeat = () => Promise.resolve()) {
  const resolved: string[] = [];
  const batch = {
    partition: 0,
    fetchedOffset: String(fetchedOffset),
    highWatermark: '10',
    messages: [5, 6, 7].map(message),
    lastOffset: () => '8',
  };
  const resolveOffset = (offset: string): void => void resolved.push(offset);
  return { given: { batch, heartbeat, resolveOffset } as unknown as EachBatchPayload, resolved };
}

test('the next fetch begins behind the last resolved record, and behind the batch after its last one; lag follows', async () => {
  const positions = new Map([[0, 5]]);
  const lag = createLagTracker();
  lag.assigned([0]);
  lag.located(0, 5);
  lag.ended(new Map([[0, 10]]), 0);
  const { given, resolved } = payload(5);
  const after: (number | undefined)[][] = [];
  const events: Pick<ConsumerEvents, 'deliver'> = {
    deliver: (_, records, { resolve }) => {
      for (const { offset } of records) {
        resolve(offset);
        const [{ records: waiting, ageMs } = {}] = lag.lags(1500);
        after.push([positions.get(0), waiting, ageMs]);
      }
      return Promise.resolve();
    },
  };
  await deliver(given, events, positions, lag);
  expect(resolved).toEqual(['5', '6', '7']);
  // The marker at 8 is fetched and does not count; of what is at 9 nobody knows more than that it is there since 0.
  expect(after).toEqual([[6, 3, 499], [7, 2, 498], [9, 1, 1500]]); // prettier-ignore
});

test('what was fetched from behind the present position, before a seek went back, is not handed on', async () => {
  const seen: number[] = [];
  const events = { deliver: (partition: number) => Promise.resolve(void seen.push(partition)) };
  await deliver(payload(5).given, events, new Map([[0, 4]]), createLagTracker());
  await deliver(payload(5).given, events, new Map(), createLagTracker());
  expect(seen).toEqual([]);
});

test('the error of a heartbeat comes back to the library as the very object that it threw', async () => {
  const error = Object.assign(new Error('rebalancing'), { name: 'KafkaJSProtocolError' });
  const { given } = payload(5, () => Promise.reject(error));
  const events: Pick<ConsumerEvents, 'deliver'> = { deliver: (_, __, { heartbeat }) => heartbeat() };
  await expect(deliver(given, events, new Map([[0, 5]]), createLagTracker())).rejects.toBe(error);
});
