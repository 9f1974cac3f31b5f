import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRecordProducer, type Addressed, type IdempotentSender } from './record-producer.ts';

const record = (key: string): { key: string; value: string } => ({ key, value: key });

/** Senders in the order they are opened; the partition of a record is the number in its key. */
function senders(answer: (keys: readonly string[], nth: number) => readonly number[]): {
  open: () => Promise<IdempotentSender>;
  log: string[];
} {
  const log: string[] = [];
  let opened = 0;
  let sends = 0;
  const open = (): Promise<IdempotentSender> => {
    const name = `sender ${String(++opened)}`;
    return Promise.resolve({
      send: async (_: string, records: readonly Addressed[]) => {
        for (const each of records) each.partition = Number(each.key);
        const keys = records.map(({ key }) => String(key));
        log.push(`${name}: ${keys.join()}`);
        await sleep(5);
        log.push(`${name} answers`);
        return answer(keys, sends++);
      },
      close: () => {
        log.push(`${name} closed`);
        return Promise.resolve();
      },
    });
  };
  return { open, log };
}

test('sends go one after the other', async () => {
  const { open, log } = senders((keys) => keys.map(Number));
  const producer = await createRecordProducer(open);
  await Promise.all([producer.send('t', [record('1')]), producer.send('t', [record('2')])]);
  await producer.close();
  expect(log).toEqual([
    'sender 1: 1',
    'sender 1 answers',
    'sender 1: 2',
    'sender 1 answers',
    'sender 1 closed',
  ]);
});

test('what an answer does not name is sent again, and nothing else', async () => {
  const { open, log } = senders((keys, nth) => (nth === 0 ? [2] : keys.map(Number)));
  const producer = await createRecordProducer(open);
  await producer.send('t', [record('1'), record('2'), record('3')]);
  expect(log.filter((line) => line.includes(':'))).toEqual(['sender 1: 1,2,3', 'sender 1: 1,3']);
});

test('what no answer names is an error that says how many', async () => {
  const { open } = senders(() => [2]);
  const producer = await createRecordProducer(open);
  await expect(producer.send('t', [record('1'), record('2')])).rejects.toThrow(
    "the broker's replies do not cover 1 of 2 records to t",
  );
});

test('after a send that failed another sender goes on; the queue does not stop', async () => {
  const { open, log } = senders((keys, nth) => {
    if (nth === 0) throw new Error('no answer');
    return keys.map(Number);
  });
  const producer = await createRecordProducer(open);
  const [first, second] = await Promise.allSettled([
    producer.send('t', [record('1')]),
    producer.send('t', [record('2')]),
  ]);
  await producer.close();
  expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
  expect(log.filter((line) => !line.endsWith('answers'))).toEqual([
    'sender 1: 1',
    'sender 1 closed',
    'sender 2: 2',
    'sender 2 closed',
  ]);
});
