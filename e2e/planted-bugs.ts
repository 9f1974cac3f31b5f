/** Wrong ways to build the service, for the controls of the chaos run: each must make the oracle fail. */
import { openFencedLane, type Kafka } from '../producers/kafka.io.ts';
import type { LoopPorts } from '../consumers/loop.ts';
import type { RecordDecoder } from '../schemas/decoder.ts';
import type { CustomerEvent } from '../schemas/generated.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { Position } from '../schemas/ports.ts';
import type { Wrap } from '../roles.ts';

/** Longer than a zombie sleeps. */
const UNTIL_FENCED_MS = 12_000;

export interface BugContext {
  readonly kafka: Kafka;
  readonly groupId: string;
  /** Makes a decoder that knows no schema yet. */
  readonly freshDecoder: () => RecordDecoder<CustomerEvent>;
}

/** A transactional id that belongs to the process fences nobody. */
const idPerMember =
  ({ kafka, groupId }: BugContext) =>
  (ports: LoopPorts): LoopPorts => ({
    ...ports,
    openLane: (topic, partition) =>
      openFencedLane(kafka, `${groupId}.${topic}.${String(partition)}.${String(process.pid)}`, groupId),
  });

/** The committed offset is read first; by the time the lane is open a former owner may have gone on. */
const positionFirst =
  () =>
  (ports: LoopPorts): LoopPorts => {
    const read = new Map<number, Position>();
    return {
      ...ports,
      openLane: async (topic, partition) => {
        read.set(partition, await ports.source.position(partition));
        await new Promise((resolve) => setTimeout(resolve, UNTIL_FENCED_MS));
        return ports.openLane(topic, partition);
      },
      source: { ...ports.source, position: (partition) => Promise.resolve(read.get(partition)!) },
    };
  };

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
          resolved.set(partition, batch.records[batch.records.length - 1]!.offset + 1);
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
  (): RecordDecoder<CustomerEvent> =>
  async (values) => {
    try {
      return await freshDecoder()(values);
    } catch (error) {
      if (!(error instanceof BankChurnError)) throw error;
      return () => ({ code: 'SCHEMA_UNKNOWN', message: error.message });
    }
  };

export const PLANTED_BUGS = {
  'id-per-member': (context) => ({ ports: idPerMember(context) }),
  'no-re-read': () => ({ ports: positionFirst() }),
  'resolve-before-commit': () => ({ ports: resolveFirst() }),
  'outage-is-poison': (context) => ({ decoder: outageIsPoison(context) }),
} as const satisfies Record<string, (context: BugContext) => Wrap>;

export type PlantedBug = keyof typeof PLANTED_BUGS;
