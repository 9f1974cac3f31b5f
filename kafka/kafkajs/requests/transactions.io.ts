/** Transactional ids: opening our own, and fencing those of processes that are gone. */
import type { MarkerScope, TransactionsPort } from '../../group/ports.ts';
import { translated, writing, type Needs } from '../translate-errors.ts';
import { followCoordinator, type Directory } from './directory.io.ts';
import { openPlainProducer } from './plain-producer.io.ts';
import { createProducer, emptyScope, keyOf, type Scope } from './producer.io.ts';
import { persist } from './refusals.io.ts';
import { fence, openRenewed } from './renewal.io.ts';

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
  const memory = rememberScopes();
  return {
    open: (transactionalId, given) => {
      const scope = memory.with(transactionalId, given);
      const needs = needsOf(transactionalId, groupId, scope);
      const coordinator = followCoordinator(directory, 'transaction', transactionalId);
      const open = async () => {
        const lines = directory.openLines();
        try {
          const line = await coordinator.line(lines);
          const producer = await openRenewed(line, { transactionalId, groupId, scope, boundMs });
          const written = memory.begin(transactionalId);
          return createProducer({
            directory,
            lines,
            coordinator,
            producer,
            groupId,
            topic,
            needs,
            boundMs,
            written,
          });
        } catch (error) {
          lines.close();
          throw error;
        }
      };
      return translated(
        () =>
          persist(open, { forget: coordinator.forget, isOver: directory.isClosed }).catch(
            (error: unknown) => {
              if (isMissing(error)) memory.begin(transactionalId); // what is gone needs no markers
              throw error;
            },
          ),
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

const isMissing = (error: unknown): boolean =>
  (error as { type?: unknown } | null)?.type === 'UNKNOWN_TOPIC_OR_PARTITION';

/** Where this process has written under its ids since it last opened them: more than it has now, where partitions have moved. */
function rememberScopes() {
  const scopes = new Map<string, Scope>();
  return {
    with: (transactionalId: string, given: MarkerScope): MarkerScope => {
      const { outputs, withOffsets } = scopes.get(transactionalId) ?? emptyScope();
      const all = new Map([...outputs, ...given.outputs.map((of) => [keyOf(of), of] as const)]);
      return { outputs: [...all.values()], withOffsets: withOffsets || given.withOffsets };
    },
    begin: (transactionalId: string): Scope => {
      const scope = emptyScope();
      scopes.set(transactionalId, scope);
      return scope;
    },
  };
}

function needsOf(transactionalId: string, groupId: string | undefined, { outputs }: MarkerScope): Needs {
  return {
    ...writing([...new Set(outputs.map(({ topic }) => topic))]),
    transactionalId: `WRITE transactional id ${transactionalId}`,
    ...(groupId === undefined ? {} : { group: `READ group ${groupId}` }),
  };
}
