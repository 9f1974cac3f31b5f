/** Transactional ids of the writers of input partitions, and a writer for an operator who moves their offsets. */
import type { TopicPartition } from './group/ports.ts';
import type { ExclusiveWriter, KafkaClient } from './port.ts';

/** The topics that a partition's transactions write to: `outputs` in the same partition, `singles` in their only one. */
export interface WriterTopics {
  readonly outputs: readonly string[];
  readonly singles: readonly string[];
}

/** Where the outputs of an input partition go. */
export const outputsOf = ({ outputs, singles }: WriterTopics, partition: number): TopicPartition[] => [
  ...outputs.map((topic) => ({ topic, partition })),
  ...singles.map((topic) => ({ topic, partition: 0 })),
];

/** Of a process: `name` is what offsets' notes call it. */
export const writerIdOf = (groupId: string, topic: string, name: string): string =>
  `${groupId}.${topic}.w-${name}`;

/** Of an input partition: of releases that had a writer for each, and of an operator who moves its offset. */
export const partitionWriterId = (groupId: string, topic: string, partition: number): string =>
  `${groupId}.${topic}.${String(partition)}`;

/**
 * A writer that commits an offset for a group without members. Whoever wrote for the partition before is fenced: a transaction that a
 * dead process has left open cannot commit over the new offset.
 *
 * @param writers as the note of the committed offset names them.
 */
export async function openOperatorsWriter(
  kafka: Pick<KafkaClient, 'openFencedWriter'>,
  { groupId, topic, partition }: { groupId: string; topic: string; partition: number },
  topics: WriterTopics,
  writers: readonly string[],
): Promise<ExclusiveWriter> {
  const scope = { groupId, outputs: outputsOf(topics, partition) };
  for (const name of writers)
    await (await kafka.openFencedWriter(writerIdOf(groupId, topic, name), scope)).close();
  return kafka.openFencedWriter(partitionWriterId(groupId, topic, partition), scope);
}
