/** What the codes in answers mean: errors of the library's kind, and the group's own words. */
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { backOff } from '../../../schemas/back-off.ts';
import { GroupRefusal } from '../../group/ports.ts';

const require = createRequire(import.meta.url);
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode: (code: number) => Error;
};
const { KafkaJSProtocolError } = require('kafkajs/src/errors') as {
  KafkaJSProtocolError: new (of: object) => Error;
};

export const CODES = {
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  UNKNOWN_MEMBER_ID: 25,
  TOPIC_AUTHORIZATION_FAILED: 29,
  CONCURRENT_TRANSACTIONS: 51,
  OPERATION_NOT_ATTEMPTED: 55,
  MEMBER_ID_REQUIRED: 79,
  UNSTABLE_OFFSET_COMMIT: 88,
  PRODUCER_FENCED: 90,
  TRANSACTIONAL_ID_NOT_FOUND: 105,
} as const;

/** An error as the library makes it of a code, `translateError` knows it. @param topic of which it is, where it is of one. */
export function errorOf(code: number, topic?: string): Error {
  const error =
    code === CODES.PRODUCER_FENCED
      ? new KafkaJSProtocolError({
          type: 'PRODUCER_FENCED',
          code,
          retriable: false,
          message: 'Another producer has the transactional id now',
        })
      : createErrorFromCode(code);
  return topic === undefined ? error : Object.assign(error, { topic });
}

const GROUP_KINDS: Readonly<Record<number, GroupRefusal['kind']>> = {
  22: 'stale',
  23: 'incompatible',
  25: 'unknown-member',
  27: 'rebalancing',
  82: 'fenced',
};

/** Throws what a code means that carries a generation. */
export function throwGroupCode(code: number, topic?: string): void {
  if (code === 0) return;
  const error = errorOf(code, topic);
  const kind = GROUP_KINDS[code];
  throw kind === undefined ? error : new GroupRefusal(kind, error.message);
}

export function throwCode(code: number, topic?: string): void {
  if (code !== 0) throw errorOf(code, topic);
}

/** A coordinator on the move, or a connection that broke. */
const PASSING = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'NETWORK_EXCEPTION',
]);
const AWAY = new Set(['KafkaJSConnectionError', 'KafkaJSConnectionClosedError']);
const SILENT = new Set(['KafkaJSRequestTimeoutError', 'KafkaJSLockTimeout']);

const nameOf = (error: unknown): string => String((error as { name?: unknown } | null)?.name);
const typeOf = (error: unknown): string => String((error as { type?: unknown } | null)?.type);

/** Whether a broker could not be reached, or did not answer. */
export const isAway = (error: unknown): boolean => AWAY.has(nameOf(error)) || SILENT.has(nameOf(error));

const isPassing = (error: unknown): boolean => AWAY.has(nameOf(error)) || PASSING.has(typeOf(error));

/** How long the same is tried again from its first failure on, milliseconds. */
const PATIENCE_MS = 1000;
const WAITS_MS = { first: 20, longest: 200 };

/**
 * Repeats what fails for the moment, for about a second.
 *
 * @param forget where the coordinator was: called before each repetition.
 * @param isOver whether a repetition makes no sense any more.
 */
export async function persist<T>(
  work: () => Promise<T>,
  { forget, isOver }: { forget(): void; isOver(): boolean },
): Promise<T> {
  let first: number | undefined;
  for (let failures = 0; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      forget();
      first ??= performance.now();
      if (isOver() || performance.now() - first > PATIENCE_MS) throw error;
      await sleep(backOff(WAITS_MS, failures));
    }
  }
}

/** A transaction that ends takes a few milliseconds, and longer on a busy broker. */
const ENDING_MS = { first: 2, longest: 20 };

/** Repeats what the coordinator refuses while the last transaction of the id is being completed. @param boundMs for so long. */
export async function afterLastTransaction<T>(work: () => Promise<T>, boundMs: number): Promise<T> {
  const begun = performance.now();
  for (let failures = 0; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (typeOf(error) !== 'CONCURRENT_TRANSACTIONS' || performance.now() - begun > boundMs) throw error;
      await sleep(backOff(ENDING_MS, failures >> 3)); // eight tries before each doubling
    }
  }
}
