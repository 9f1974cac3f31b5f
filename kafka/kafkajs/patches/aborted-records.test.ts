import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepCommitted } from './aborted-records.ts';

interface Transaction {
  readonly producerId: string;
  readonly records: number;
  readonly commits: boolean;
}

/** Interleaves transactions of several producers into a log, as a broker stores it; with the aborted list by completion. */
function interleave(transactions: readonly Transaction[], choices: readonly number[]) {
  const queues = new Map<string, Transaction[]>();
  for (const transaction of transactions)
    queues.set(transaction.producerId, [...(queues.get(transaction.producerId) ?? []), transaction]);
  const log: {
    offset: string;
    key: Buffer | null;
    isControlRecord: boolean;
    aborted: boolean;
    batchContext: { producerId: string; inTransaction: boolean };
  }[] = [];
  const aborted: { firstOffset: string; lastOffset: number; producerId: string }[] = [];
  const open = new Map<string, { left: number; first: number; commits: boolean }>();
  for (let turn = 0; [...queues.values()].some((queue) => queue.length > 0) || open.size > 0; turn++) {
    const able = [...queues.keys()].filter((id) => open.has(id) || queues.get(id)!.length > 0);
    const producerId = able[(choices[turn % choices.length] ?? 0) % able.length]!;
    const batchContext = { producerId, inTransaction: true };
    const offset = String(log.length);
    const current = open.get(producerId);
    if (current === undefined) {
      const { records, commits } = queues.get(producerId)!.shift()!;
      open.set(producerId, { left: records - 1, first: log.length, commits });
      log.push({ offset, key: Buffer.alloc(4), isControlRecord: false, aborted: !commits, batchContext });
    } else if (current.left > 0) {
      current.left -= 1;
      log.push({ offset, key: null, isControlRecord: false, aborted: !current.commits, batchContext });
    } else {
      if (!current.commits)
        aborted.push({ firstOffset: String(current.first), lastOffset: log.length, producerId });
      log.push({
        offset,
        key: Buffer.from([0, 0, 0, current.commits ? 1 : 0]),
        isControlRecord: true,
        aborted: false,
        batchContext,
      });
      open.delete(producerId);
    }
  }
  return { log, aborted };
}

test('interleaved producers, half of the transactions aborted, fetches started at every offset: exactly the committed records', () => {
  const transaction = fc.record({
    producerId: fc.constantFrom('1', '2', '3', '4', '5', '6'),
    records: fc.integer({ min: 1, max: 4 }),
    commits: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(transaction, { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 }),
      (transactions, choices) => {
        const { log, aborted } = interleave(transactions, choices);
        for (let start = 0; start < log.length; start++) {
          // A broker tells of the aborted transactions that overlap the fetched range.
          const abortedTransactions = aborted.filter(({ lastOffset }) => lastOffset >= start);
          const messages = log.slice(start);
          const seen = keepCommitted({ messages, abortedTransactions }).filter(
            ({ isControlRecord }) => !isControlRecord,
          );
          expect(seen).toEqual(messages.filter((record) => !record.isControlRecord && !record.aborted));
        }
      },
    ),
    { numRuns: 300 },
  );
});
