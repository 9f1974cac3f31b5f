/** Wrong ways to build the service, for the controls of the chaos run: each must make the oracle fail. */
import { lastOffset } from '../schemas/records.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Generation, GroupPorts, TransactionalProducer } from '../kafka/group/ports.ts';
import type { LoopPorts } from '../consumers/loop-ports.ts';
import { createColumns } from '../schemas/customer/columns.ts';
import type { EventDecoder } from '../schemas/decoder.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { Position } from '../schemas/ports.ts';
import type { Wrap } from '../service/role-settings.ts';

export interface BugContext {
  /** Makes a decoder that knows no schema yet. */
  readonly freshDecoder: () => EventDecoder;
}

/** A bent producer, whatever it is opened for. */
const producers =
  (bend: (producer: TransactionalProducer) => TransactionalProducer) =>
  (ports: GroupPorts): GroupPorts => ({
    ...ports,
    transactions: {
      ...ports.transactions,
      open: async (...what) => bend(await ports.transactions.open(...what)),
    },
  });

const NO_GENERATION: Generation = { generationId: -1, memberId: '' };

/** Nobody is fenced: offsets are taken from whoever sends them, an owner that is gone may go on, and open offsets are not waited for. */
const noFence = (ports: GroupPorts): GroupPorts => {
  const bent = producers((inner) => ({
    ...inner,
    commitOffsets: (_, offsets) => inner.commitOffsets(NO_GENERATION, offsets),
  }))(ports);
  return {
    ...bent,
    transactions: { ...bent.transactions, fence: () => Promise.resolve() },
    offsets: { ...ports.offsets, read: (partitions) => ports.offsets.read(partitions, false) },
  };
};

/**
 * The committed offset is read before the fence and believed after it, also if arming was interrupted in between. It shows when the
 * former owner commits between the two, so the fence waits for just that, as long as arming may take.
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

/** Nobody looks at what the broker says of each batch. */
const unseenReplies = producers((inner) => ({
  ...inner,
  produce: async (batches) =>
    (await inner.produce(batches)).map((produced) => ({ ...produced, error: undefined })),
}));

/** What was fetched is committed, whether it was processed or not. */
function fetchedIsCommitted(ports: GroupPorts): GroupPorts {
  const asked = new Map<number, number>();
  const bent = producers((inner) => ({
    ...inner,
    commitOffsets: (of, offsets) =>
      inner.commitOffsets(
        of,
        offsets.map((one) => ({ ...one, offset: Math.max(one.offset, asked.get(one.partition) ?? 0) })),
      ),
  }))(ports);
  return {
    ...bent,
    fetch: {
      ...ports.fetch,
      fetch: (leader, from, maxWaitMs) => {
        for (const { partition, offset } of from) asked.set(partition, offset);
        return ports.fetch.fetch(leader, from, maxWaitMs);
      },
    },
  };
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
  async (records) => {
    try {
      return await freshDecoder()(records);
    } catch (error) {
      if (!(error instanceof BankChurnError)) throw error;
      const { message } = error;
      return Object.assign(() => ({ code: 'SCHEMA_UNKNOWN', message }) as const, {
        columns: createColumns({ inputs: [] }, 0),
        unknownFields: new Map<string, number>(),
      });
    }
  };

export const PLANTED_BUGS = {
  'no-fence': () => ({ group: noFence }),
  'no-re-read': () => ({ ports: noReRead() }),
  'unseen-replies': () => ({ group: unseenReplies }),
  'fetched-is-committed': () => ({ group: fetchedIsCommitted }),
  'resolve-before-commit': () => ({ ports: resolveFirst() }),
  'outage-is-poison': (context) => ({ decoder: outageIsPoison(context) }),
} as const satisfies Record<string, (context: BugContext) => Wrap>;

export type PlantedBug = keyof typeof PLANTED_BUGS;
