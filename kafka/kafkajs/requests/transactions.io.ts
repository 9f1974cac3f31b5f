/** Transactional ids: opening our own, and fencing those of processes that are gone. */
import type { MarkerScope, TransactionsPort } from '../../group/ports.ts';
import { translated, writingTo, type Needs } from '../translate-errors.ts';
import { followCoordinator, type Directory } from './directory.io.ts';
import { openPlainProducer } from './plain-producer.io.ts';
import { createProducer, type Producer } from './producer.io.ts';
import { persist } from './refusals.io.ts';
import { fence, openRenewed } from './renewal.io.ts';

export interface TransactionSettings {
  /** Whose offsets; undefined: none. */
  readonly groupId: string | undefined;
  /** How long the last transaction may take to be completed, milliseconds. */
  readonly boundMs: number;
}

/** @param topic of which the offsets are. */
export function createTransactionsPort(
  directory: Directory,
  topic: string,
  settings: TransactionSettings,
): TransactionsPort {
  return {
    open: async (transactionalId, scope) => {
      const producer = await openProducer(directory, transactionalId, scope, settings);
      return { ...producer, commitOffsets: (of, offsets) => producer.commitOffsets(topic, of, offsets) };
    },
    fence: (transactionalId, scope) => fenceProducer(directory, transactionalId, scope, settings),
    openPlain: () => Promise.resolve(openPlainProducer(directory, settings.groupId, topic)),
  };
}

/** See `TransactionsPort.open`. */
export function openProducer(
  directory: Directory,
  transactionalId: string,
  scope: MarkerScope,
  { groupId, boundMs }: TransactionSettings,
): Promise<Producer> {
  const needs = needsOf(transactionalId, groupId, scope);
  const coordinator = followCoordinator(directory, 'transaction', transactionalId);
  const open = async (): Promise<Producer> => {
    const lines = directory.openLines();
    try {
      const line = await coordinator.line(lines);
      const identity = await openRenewed(line, { transactionalId, groupId, scope, boundMs });
      return createProducer({ directory, lines, coordinator, identity, groupId, needs, boundMs });
    } catch (error) {
      lines.close();
      throw error;
    }
  };
  return translated(() => persist(open, { forget: coordinator.forget, isOver: directory.isClosed }), needs);
}

/** See `TransactionsPort.fence`. */
export function fenceProducer(
  directory: Directory,
  transactionalId: string,
  scope: MarkerScope,
  { groupId, boundMs }: TransactionSettings,
): Promise<void> {
  const coordinator = followCoordinator(directory, 'transaction', transactionalId);
  const work = async (): Promise<void> => {
    const line = await coordinator.line(directory.general);
    await fence(line, { transactionalId, groupId, scope, boundMs });
  };
  return translated(
    () => persist(work, { forget: coordinator.forget, isOver: directory.isClosed }),
    needsOf(transactionalId, groupId, scope),
  );
}

function needsOf(transactionalId: string, groupId: string | undefined, { outputs }: MarkerScope): Needs {
  return {
    ...writingTo(outputs),
    transactionalId: `WRITE transactional id ${transactionalId}`,
    ...(groupId === undefined ? {} : { group: `READ group ${groupId}` }),
  };
}
