/** What the group's engines need (`kafka/group/ports.ts`), as single requests over connections of their own. */
import './patches/install.io.ts'; // before the library
import type { Kafka } from 'kafkajs';
import type { GroupPorts } from '../group/ports.ts';
import { clusterOf } from './patches/cluster.io.ts';
import { openDirectory } from './requests/directory.io.ts';
import { createFetchPort } from './requests/fetch.io.ts';
import { createGroupPort } from './requests/group.io.ts';
import type { LibraryCluster } from './requests/lines.io.ts';
import { createOffsetsPort } from './requests/offsets.io.ts';
import { createTransactionsPort } from './requests/transactions.io.ts';
import { reading } from './translate-errors.ts';

export interface GroupSettings {
  readonly topic: string;
  readonly groupId: string;
  /** Membership ends this long after the last heartbeat. */
  readonly sessionTimeoutMs: number;
  /** A join waits this long for the other members. */
  readonly rebalanceTimeoutMs: number;
}

/** Connects with the first request. */
export function openGroupPorts(kafka: Kafka, settings: GroupSettings): GroupPorts {
  const { topic, groupId, sessionTimeoutMs } = settings;
  const directory = openDirectory(clusterOf(kafka.admin()) as LibraryCluster);
  return {
    group: createGroupPort(directory, settings),
    offsets: createOffsetsPort(directory, groupId, topic),
    transactions: createTransactionsPort(directory, topic, { groupId, boundMs: sessionTimeoutMs }),
    fetch: createFetchPort(directory, topic, reading([topic], groupId)),
    close: () => {
      directory.close();
      return Promise.resolve();
    },
  };
}
