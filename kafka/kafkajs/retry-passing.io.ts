import { setTimeout as sleep } from 'node:timers/promises';
/** Told by the broker's error codes: the former transaction is still being ended, or a coordinator is on the move. */
const PASSING = new Set([
  'CONCURRENT_TRANSACTIONS',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);
const RETRIES = { times: 40, waitMs: 25 };

/** Repeats what a coordinator refuses for the moment, for a second at most; any other error is thrown at once. */
export async function retryPassing<T>(work: () => Promise<T>): Promise<T> {
  for (let left = RETRIES.times; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !PASSING.has(String((error as { type?: unknown } | null)?.type))) throw error;
      await sleep(RETRIES.waitMs);
    }
  }
}
