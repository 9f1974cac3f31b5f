/** Wrong ways to build the service, for the controls of the chaos run: each must make the oracle fail. */
import { openFencedLane, type Kafka } from '../producers/kafka.io.ts';
import type { LoopPorts } from '../consumers/loop.ts';
import type { RecordDecoder } from '../schemas/decoder.ts';
import type { CustomerEvent } from '../schemas/generated.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { Wrap } from '../roles.ts';

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
  'resolve-before-commit': () => ({ ports: resolveFirst() }),
  'outage-is-poison': (context) => ({ decoder: outageIsPoison(context) }),
} as const satisfies Record<string, (context: BugContext) => Wrap>;

export type PlantedBug = keyof typeof PLANTED_BUGS;
