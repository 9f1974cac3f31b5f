/** The library's manager of a producer's transactions (`producer/eosManager/index.js`), which decides the last transaction first. */
import { createRequire } from 'node:module';
import type { Producer } from 'kafkajs';
import type { WriterScope } from '../../port.ts';
import { renewMarkers, watchConnections, type Cluster } from './renew-markers.io.ts';

const require = createRequire(import.meta.url);

/** What of the library's manager is used here. */
interface Manager {
  initProducerId(): Promise<void>;
}
interface ManagerOptions {
  readonly cluster: Cluster;
  readonly transactional: boolean;
  readonly transactionalId?: string;
  readonly transactionTimeout: number;
}
interface Opening {
  readonly scope: WriterScope;
  isWhole: () => boolean;
}
const BROKEN = 'a connection broke';
const openings = new Map<string, Opening>();

/**
 * Initialises a transactional producer: fences those before it, and writes the markers of their last transaction again.
 * From its beginning on no coordinator is found once a connection has broken: nothing is known then of the last markers.
 *
 * @returns whether each connection that the producer has had is still the one it was.
 */
export async function openTransactions(
  producer: Producer,
  transactionalId: string,
  scope: WriterScope,
): Promise<() => boolean> {
  const opening: Opening = { scope, isWhole: () => true };
  openings.set(transactionalId, opening);
  const first = producer.transaction(); // makes its manager before it waits for anything
  openings.delete(transactionalId);
  await (await first).abort(); // nothing is in it
  return opening.isWhole;
}

export const renewing =
  (createManager: (options: ManagerOptions) => Manager) =>
  (options: ManagerOptions): Manager => {
    const manager = createManager(options);
    const { cluster, transactional, transactionalId, transactionTimeout } = options;
    const opening = transactionalId === undefined ? undefined : openings.get(transactionalId);
    if (!transactional || transactionalId === undefined || opening === undefined) return manager;
    return {
      ...manager,
      initProducerId: async () => {
        opening.isWhole = watchConnections(cluster);
        refuseWhenBroken(cluster, opening.isWhole);
        await renewMarkers(cluster, transactionalId, transactionTimeout, opening.scope);
        await manager.initProducerId();
      },
    };
  };

function refuseWhenBroken(cluster: Cluster, isWhole: () => boolean): void {
  const find = cluster.findGroupCoordinator.bind(cluster);
  cluster.findGroupCoordinator = async (of) => {
    const coordinator = await find(of);
    if (isWhole()) return coordinator;
    const library = require('kafkajs') as typeof import('kafkajs');
    // Final for the library, which must not repeat it; a new writer may succeed.
    const refusal = new library.KafkaJSNonRetriableError(
      `${BROKEN}: what became of the last transaction is in doubt`,
    );
    throw Object.assign(refusal, { cause: new library.KafkaJSConnectionError(BROKEN) });
  };
}
