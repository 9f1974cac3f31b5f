import type { EachBatchPayload } from 'kafkajs';
import { expect, test } from 'vitest';
import type { ConsumerEvents } from '../port.ts';
import { deliver } from './delivery.ts';

const message = (offset: number) => ({ offset: String(offset), timestamp: '1000', key: null, value: null });

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

test('the next fetch begins behind the last resolved record, and behind the batch after its last one', async () => {
  const lags: number[][] = [];
  const positions = new Map([[0, 5]]);
  const { given, resolved } = payload(5);
  const after: (number | undefined)[] = [];
  const events: Pick<ConsumerEvents, 'deliver' | 'lag'> = {
    deliver: (_, records, { resolve }) => {
      for (const { offset } of records) {
        resolve(offset);
        after.push(positions.get(0));
      }
      return Promise.resolve();
    },
    lag: (...lag) => lags.push(lag),
  };
  await deliver(given, events, positions, () => 1500);
  expect(resolved).toEqual(['5', '6', '7']);
  expect(after).toEqual([6, 7, 9]);
  expect(lags).toEqual([[0, 4, 500], [0, 3, 500], [0, 2, 500]]); // prettier-ignore
});

test('what was fetched from behind the present position, before a seek went back, is not handed on', async () => {
  const seen: number[] = [];
  const events = {
    deliver: (partition: number) => Promise.resolve(void seen.push(partition)),
    lag: () => undefined,
  };
  await deliver(payload(5).given, events, new Map([[0, 4]]), () => 0);
  await deliver(payload(5).given, events, new Map(), () => 0);
  expect(seen).toEqual([]);
});

test('the error of a heartbeat comes back to the library as the very object that it threw', async () => {
  const error = Object.assign(new Error('rebalancing'), { name: 'KafkaJSProtocolError' });
  const { given } = payload(5, () => Promise.reject(error));
  const events: Pick<ConsumerEvents, 'deliver' | 'lag'> = {
    deliver: (_, __, { heartbeat }) => heartbeat(),
    lag: () => undefined,
  };
  await expect(deliver(given, events, new Map([[0, 5]]), () => 0)).rejects.toBe(error);
});
