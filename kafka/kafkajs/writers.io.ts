/** Transactional writers of one partition after the other: the model log's, and an operator's. */
import './patches/install.io.ts'; // before the library
import type { Kafka } from 'kafkajs';
import { encodeOutputRecords, isEncoded } from '../../schemas/record-frames.ts';
import { offsetNote } from '../offset-note.ts';
import type { ExclusiveTransaction, ExclusiveWriter, WriterScope } from '../port.ts';
import { clusterOf } from './patches/cluster.io.ts';
import { openDirectory } from './requests/directory.io.ts';
import type { LibraryCluster } from './requests/lines.io.ts';
import { NOBODY } from './requests/offsets.io.ts';
import type { Producer } from './requests/producer.io.ts';
import { fenceProducer, openProducer } from './requests/transactions.io.ts';

/** How long the last transaction may take to be completed. */
const BOUND_MS = 15_000;

/** See `KafkaClient.openFencedWriter`. */
export async function openFencedWriter(
  kafka: Kafka,
  transactionalId: string,
  { outputs, groupId }: WriterScope,
): Promise<ExclusiveWriter> {
  const directory = openDirectory(clusterOf(kafka.admin()) as LibraryCluster);
  try {
    const scope = { outputs, withOffsets: groupId !== undefined };
    const producer = await openProducer(directory, transactionalId, scope, { groupId, boundMs: BOUND_MS });
    return {
      begin: () => Promise.resolve(transactionOf(producer)),
      isSound: producer.isSound,
      close: () => {
        directory.close();
        return Promise.resolve();
      },
    };
  } catch (error) {
    directory.close();
    throw error;
  }
}

/** See `KafkaClient.fenceWriter`. */
export async function fenceWriter(
  kafka: Kafka,
  transactionalId: string,
  { outputs, groupId }: WriterScope,
): Promise<void> {
  const directory = openDirectory(clusterOf(kafka.admin()) as LibraryCluster);
  try {
    const scope = { outputs, withOffsets: groupId !== undefined };
    await fenceProducer(directory, transactionalId, scope, { groupId, boundMs: BOUND_MS });
  } finally {
    directory.close();
  }
}

const transactionOf = (producer: Producer): ExclusiveTransaction => ({
  send: async ({ topic, partition, records }) => {
    await producer.addPartitions([{ topic, partition }]);
    const encoded = isEncoded(records) ? records : encodeOutputRecords(records);
    const [produced] = await producer.produce([{ topic, partition, records: encoded }]);
    if (produced!.error !== undefined) throw produced!.error;
    return produced!.baseOffset;
  },
  sendOffsets: (topic, partition, offset, topicId) =>
    producer.commitOffsets(topic, NOBODY, [{ partition, offset, note: offsetNote(topicId) }]),
  commit: () => producer.end(true),
  abort: () => producer.end(false),
});
