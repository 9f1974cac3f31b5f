/** Wrong ways to build the service, for the controls of the chaos run: each must make the oracle fail. */
import { lastOffset } from '../schemas/records.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCarelessWriter, resolveByItself } from '../kafka/kafkajs/planted-bugs.fixture.ts';
import type { KafkaClient } from '../kafka/port.ts';
import { transactionalIdOf } from '../kafka/writers.ts';
import type { LoopPorts } from '../consumers/loop-ports.ts';
import { createColumns } from '../schemas/customer/columns.ts';
import type { EventDecoder } from '../schemas/decoder.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { Position } from '../schemas/ports.ts';
import type { Wrap } from '../service/role-settings.ts';

export interface BugContext {
  readonly kafka: KafkaClient;
  readonly brokers: readonly string[];
  readonly groupId: string;
  /** Makes a decoder that knows no schema yet. */
  readonly freshDecoder: () => EventDecoder;
}

/** A transactional id that belongs to the process fences nobody. */
const idPerMember =
  ({ kafka, groupId }: BugContext) =>
  (ports: LoopPorts): LoopPorts => ({
    ...ports,
    openWriter: async (topic, partition) => ({
      ...(await kafka.openFencedWriter(`${groupId}.${topic}.${String(partition)}.${String(process.pid)}`, {
        groupId,
        outputs: [],
      })),
      claim: () => Promise.resolve(),
    }),
  });

/**
 * The committed offset is read before the fence and believed after it, also where arming was interrupted in between. It shows
 * where the former owner commits between the two, so the fence waits for just that, as long as arming may take.
 */
const noReRead =
  () =>
  (ports: LoopPorts): LoopPorts => {
    const read = new Map<number, { readonly position: Position; readonly until: number }>();
    return {
      ...ports,
      openWriter: async (topic, partition) => {
        const known = read.get(partition);
        const { position, until } =
          known !== undefined && Date.now() < known.until
            ? known
            : { position: await ports.source.position(partition), until: Date.now() + BELIEVED_MS };
        read.set(partition, { position, until });
        const end = Date.now() + HELD_BACK_MS;
        while (Date.now() < end && (await ports.source.position(partition)).committed === position.committed)
          await sleep(50);
        return ports.openWriter(topic, partition);
      },
      source: {
        ...ports.source,
        position: (partition) => {
          const { position } = read.get(partition)!;
          read.delete(partition);
          return Promise.resolve(position);
        },
      },
    };
  };
/** Below the bound of arming, twice the session. */
const HELD_BACK_MS = 6000;
const BELIEVED_MS = 12_000;

/** All that a transaction writes in one send to several partitions, and nobody looks at what the reply covers. */
const oneSend =
  ({ brokers, groupId }: BugContext) =>
  (ports: LoopPorts): LoopPorts => ({
    ...ports,
    openWriter: (topic, partition) =>
      openCarelessWriter(brokers.join(), transactionalIdOf(groupId, topic, partition), groupId),
  });

/** The client's own ways: a handler that returns has done its batch, and what is done is committed. */
function autoResolve({ groupId }: BugContext): Wrap {
  resolveByItself(groupId);
  return {};
}

/** What was fetched counts as done; after a fault it goes on from there. */
const resolveFirst =
  () =>
  (ports: LoopPorts): LoopPorts => {
    const resolved = new Map<number, number>();
    return {
      ...ports,
      openRole: async (partition, offset) => {
        const role = await ports.openRole(partition, offset);
        return (batch, keepAlive) => {
          resolved.set(partition, lastOffset(batch.records) + 1);
          return role(batch, keepAlive);
        };
      },
      source: {
        ...ports.source,
        position: async (partition) => {
          const found = await ports.source.position(partition);
          return { ...found, committed: resolved.get(partition) ?? found.committed };
        },
      },
    };
  };

/** A registry that does not answer makes a dead letter. */
const outageIsPoison =
  ({ freshDecoder }: BugContext) =>
  (): EventDecoder =>
  async (values) => {
    try {
      return await freshDecoder()(values);
    } catch (error) {
      if (!(error instanceof BankChurnError)) throw error;
      const { message } = error;
      return Object.assign(() => ({ code: 'SCHEMA_UNKNOWN', message }) as const, {
        columns: createColumns({ inputs: [] }, 0),
      });
    }
  };

export const PLANTED_BUGS = {
  'id-per-member': (context) => ({ ports: idPerMember(context) }),
  'no-re-read': () => ({ ports: noReRead() }),
  'one-send': (context) => ({ ports: oneSend(context) }),
  'auto-resolve': autoResolve,
  'resolve-before-commit': () => ({ ports: resolveFirst() }),
  'outage-is-poison': (context) => ({ decoder: outageIsPoison(context) }),
} as const satisfies Record<string, (context: BugContext) => Wrap>;

export type PlantedBug = keyof typeof PLANTED_BUGS;
