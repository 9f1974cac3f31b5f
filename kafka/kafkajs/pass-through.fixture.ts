/** The yardstick of `make bench`. */
import { libraryOf } from './cluster.fixture.ts';

/** What the library costs alone: consume, produce the same bytes, commit. */
export async function passThrough(
  brokers: string,
  groupId: string,
  from: string,
  to: string,
): Promise<() => Promise<void>> {
  const kafka = libraryOf(brokers);
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition!,
  });
  const consumer = kafka.consumer({
    groupId,
    maxWaitTimeInMs: 200,
    maxBytesPerPartition: 1_000_000,
    maxBytes: 4_000_000,
  });
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topic: from, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: 64,
    eachBatch: async ({ batch: { topic, partition, messages } }) => {
      for (let at = 0; at < messages.length; at += 1000) {
        const chunk = messages.slice(at, at + 1000);
        await producer.send({
          topic: to,
          messages: chunk.map(({ key, value }) => ({ key, value, partition })),
        });
        await consumer.commitOffsets([
          { topic, partition, offset: String(Number(chunk[chunk.length - 1]!.offset) + 1) },
        ]);
      }
    },
  });
  return async () => {
    await consumer.disconnect();
    await producer.disconnect();
  };
}
