/** Writers of input partitions, made of what the port offers. */
import type { OpenWriter, Transaction, Writer } from '../schemas/ports.ts';
import type { CommitOffset, KafkaClient } from './port.ts';

/** The topics that a partition's transactions write to: `outputs` in the same partition, `singles` in their only one. */
export interface WriterTopics {
  readonly outputs: readonly string[];
  readonly singles: readonly string[];
}

/**
 * Writers that commit outputs and offset in one transaction. The transactional id belongs to the *input partition*, so
 * that opening a writer fences whoever wrote for it before, wherever that runs (ADR 1).
 */
export function createTransactionalWriters(
  kafka: Pick<KafkaClient, 'openFencedWriter'>,
  groupId: string,
  { outputs, singles }: WriterTopics,
): OpenWriter {
  return async (topic, partition) => {
    const writer = await kafka.openFencedWriter(transactionalIdOf(groupId, topic, partition), {
      groupId,
      outputs: [
        ...outputs.map((output) => ({ topic: output, partition })),
        ...singles.map((single) => ({ topic: single, partition: 0 })),
      ],
    });
    const claim: Writer['claim'] = async (offset, topicId) => {
      const transaction = await writer.begin();
      await transaction.sendOffsets(topic, partition, offset, topicId);
      await transaction.commit();
    };
    return { ...writer, claim };
  };
}

/** Of an input partition: whoever opens it again fences the one before. */
export const transactionalIdOf = (groupId: string, topic: string, partition: number): string =>
  `${groupId}.${topic}.${String(partition)}`;

/** Writers without transactions: outputs first, offset after. A crash in between repeats outputs, and loses none. */
export async function createAtLeastOnceWriters(
  kafka: Pick<KafkaClient, 'openPartitionProducer'>,
  commitOffset: CommitOffset,
): Promise<{ openWriter: OpenWriter; close(): Promise<void> }> {
  const producer = await kafka.openPartitionProducer();
  const openTransaction = (): Transaction => {
    let commit = (): Promise<void> => Promise.resolve();
    return {
      send: producer.send,
      sendOffsets: (...offset) => {
        commit = () => commitOffset(...offset);
        return Promise.resolve();
      },
      commit: () => commit(),
      abort: () => Promise.resolve(),
    };
  };
  const writer: Writer = {
    claim: () => Promise.resolve(),
    begin: () => Promise.resolve(openTransaction()),
    isSound: () => true,
    close: () => Promise.resolve(),
  };
  return { openWriter: () => Promise.resolve(writer), close: producer.close };
}
