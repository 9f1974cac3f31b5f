/** Produces and commits offsets with no transaction, for at-least-once. */
import type { TransactionalProducer } from '../../group/ports.ts';
import { reading, translated } from '../translate-errors.ts';
import { createDelivery } from './deliver.io.ts';
import { followCoordinator, type Directory } from './directory.io.ts';
import { commitOffsets } from './offsets.io.ts';

const NO_PRODUCER = { transactionalId: null, producerId: -1n, producerEpoch: -1 };

export function openPlainProducer(
  directory: Directory,
  groupId: string | undefined,
  topic: string,
): TransactionalProducer {
  const lines = directory.openLines();
  const delivery = createDelivery(directory, lines, NO_PRODUCER);
  const coordinator = followCoordinator(directory, 'group', groupId ?? '');
  return {
    isSound: () => lines.areWhole(),
    addPartitions: () => Promise.resolve(),
    produce: (batches) => translated(() => delivery.produce(batches)),
    commitOffsets: (of, offsets) =>
      translated(
        async () => {
          if (groupId === undefined) throw new Error('a producer without a group has no offsets');
          await commitOffsets(directory, coordinator, { groupId, topic, of, offsets });
        },
        reading([topic], groupId ?? ''),
      ),
    end: () => Promise.resolve(),
    close: () => {
      lines.close();
      return Promise.resolve();
    },
  };
}
