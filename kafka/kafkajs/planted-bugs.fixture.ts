/** Wrong ways to use the library, for the controls of the chaos run. */
import './patches/install.io.ts'; // before the library
import kafkajs, { type IHeaders, type Kafka } from 'kafkajs';
import type { Emission, Transaction, Writer } from '../../schemas/ports.ts';
import { libraryOf } from './cluster.fixture.ts';

/** All that a transaction writes in one send to several partitions, and nobody looks at what the reply covers. */
export async function openCarelessWriter(
  brokers: string,
  transactionalId: string,
  groupId: string,
): Promise<Writer> {
  const producer = libraryOf(brokers).producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: 15_000,
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition!,
    retry: { initialRetryTime: 5, multiplier: 1.5, retries: 30, maxRetryTime: 1000 },
  });
  await producer.connect();
  await (await producer.transaction()).abort();
  const begin = async (): Promise<Transaction> => {
    const transaction = await producer.transaction();
    const kept: Emission[] = [];
    return {
      send: (emission) => Promise.resolve(kept.push(emission)),
      sendOffsets: async (topic, partition, nextOffset) => {
        const topicMessages = kept.map((emission) => ({
          topic: emission.topic,
          messages: emission.records.map(({ headers, ...record }) => ({
            ...record,
            headers: headers as IHeaders,
            partition: emission.partition,
          })),
        }));
        await transaction.sendBatch({ acks: -1, topicMessages });
        const topics = [{ topic, partitions: [{ partition, offset: String(nextOffset) }] }];
        await transaction.sendOffsets({ consumerGroupId: groupId, topics });
      },
      commit: () => transaction.commit(),
      abort: () => transaction.abort(),
    };
  };
  return { claim: () => Promise.resolve(), begin, isSound: () => true, close: () => producer.disconnect() };
}

/** The client's own ways in a group's consumers: a handler that returns has done its batch, and what is done is committed. */
export function resolveByItself(groupId: string): void {
  const { prototype } = kafkajs.Kafka;
  const plain = Object.getOwnPropertyDescriptor(prototype, 'consumer')!.value as Kafka['consumer'];
  prototype.consumer = function (this: Kafka, options) {
    const consumer = plain.call(this, options);
    if (options.groupId !== groupId) return consumer;
    const run: typeof consumer.run = (how) =>
      consumer.run({ ...how, autoCommit: true, eachBatchAutoResolve: true });
    return { ...consumer, run };
  };
}
