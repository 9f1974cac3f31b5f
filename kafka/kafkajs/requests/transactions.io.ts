/** Transactional ids: opening our own, and fencing those of processes that are gone. */
import type { MarkerScope, TransactionsPort } from '../../group/ports.ts';
import { translated, writing, type Needs } from '../translate-errors.ts';
import { initProducerId } from './coordinated.io.ts';
import { followCoordinator, type Directory } from './directory.io.ts';
import { openPlainProducer } from './plain-producer.io.ts';
import { createProducer } from './producer.io.ts';
import { afterLastTransaction, persist } from './refusals.io.ts';
import { fence, renewMarkers, TRANSACTION_TIMEOUT_MS } from './renewal.io.ts';

export interface TransactionSettings {
  /** Whose offsets; undefined: none. */
  readonly groupId: string | undefined;
  /** Of which the offsets are. */
  readonly topic: string;
  readonly sessionTimeoutMs: number;
}

export function createTransactionsPort(
  directory: Directory,
  { groupId, topic, sessionTimeoutMs: boundMs }: TransactionSettings,
): TransactionsPort {
  return {
    open: (transactionalId, scope) => {
      const needs = needsOf(transactionalId, groupId, scope);
      const coordinator = followCoordinator(directory, 'transaction', transactionalId);
      const open = async () => {
        const lines = directory.openLines();
        try {
          const line = await coordinator.line(lines);
          await renewMarkers(line, { transactionalId, groupId, scope, boundMs });
          const producer = await afterLastTransaction(
            () => initProducerId(line, transactionalId, TRANSACTION_TIMEOUT_MS),
            boundMs,
          );
          return createProducer({ directory, lines, coordinator, producer, groupId, topic, needs, boundMs });
        } catch (error) {
          lines.close();
          throw error;
        }
      };
      return translated(
        () => persist(open, { forget: coordinator.forget, isOver: directory.isClosed }),
        needs,
      );
    },
    fence: (transactionalId, scope) => {
      const coordinator = followCoordinator(directory, 'transaction', transactionalId);
      const work = async () => {
        const line = await coordinator.line(directory.general);
        await fence(line, { transactionalId, groupId, scope, boundMs });
      };
      return translated(
        () => persist(work, { forget: coordinator.forget, isOver: directory.isClosed }),
        needsOf(transactionalId, groupId, scope),
      );
    },
    openPlain: () => Promise.resolve(openPlainProducer(directory, groupId, topic)),
  };
}

function needsOf(transactionalId: string, groupId: string | undefined, { outputs }: MarkerScope): Needs {
  return {
    ...writing([...new Set(outputs.map(({ topic }) => topic))]),
    transactionalId: `WRITE transactional id ${transactionalId}`,
    ...(groupId === undefined ? {} : { group: `READ group ${groupId}` }),
  };
}
