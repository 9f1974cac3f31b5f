/** What one process has of the simulated Kafka: the ports of `kafka/group/ports.ts`, request by request. */
import type { FetchPort, GroupPort, OffsetsPort, TransactionsPort } from '../../kafka/group/ports.ts';
import type { SimulatedKafka } from './kafka.ts';
import type { SimulatedProcess } from './process.ts';
import type { Careless } from './renewal.ts';
import { createTransactionsPort } from './transactions-port.ts';
import { createFetchPort } from './fetch-port.ts';
import type { Random } from '../../schemas/random.ts';

export interface KafkaPorts {
  readonly group: GroupPort;
  readonly offsets: OffsetsPort;
  readonly transactions: TransactionsPort;
  readonly fetch: FetchPort;
}

export function createKafkaPorts(
  kafka: SimulatedKafka,
  process: SimulatedProcess,
  random: Random,
  careless: Careless = {},
): KafkaPorts {
  const { group, offsets } = kafka;
  return {
    group: {
      join: (memberId, writerId) => process.call(() => group.join(memberId, writerId)),
      sync: (of, assignments) => process.call(() => group.sync(of, assignments)),
      heartbeat: (of) => process.call(() => group.heartbeat(of)),
      leave: (memberId) => process.call(() => group.leave(memberId)),
      partitions: () => process.call(() => kafka.partitions),
    },
    offsets: {
      read: (partitions, stable) =>
        process.call(
          () => new Map(partitions.map((partition) => [partition, offsets.read(partition, stable)])),
        ),
      commit: (of, commits) =>
        process.call(() => {
          group.admit(of, false);
          offsets.commit(commits);
        }),
    },
    transactions: createTransactionsPort(kafka, process, random, careless),
    fetch: createFetchPort(kafka, process, random),
  };
}
