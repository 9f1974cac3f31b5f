/** Producers without transactions. */
import type { ICustomPartitioner, Kafka } from 'kafkajs';
import { kafkajs } from './patches/install.io.ts';
import type { PartitionProducer } from '../port.ts';
import type { IdempotentSender } from '../record-producer.ts';
import { METADATA_MAX_AGE_MS } from './client.io.ts';
import { sendCovered, toMessage } from './records.ts';
import { throwNeeding, throwTranslated, translated, writing } from './translate-errors.ts';

/** What `createRecordProducer` makes the plain producer of. */
export const openSender = (kafka: Kafka): Promise<IdempotentSender> =>
  translated(
    async () => {
      const producer = kafka.producer({
        idempotent: true,
        allowAutoTopicCreation: false,
        createPartitioner: keyed,
        metadataMaxAge: METADATA_MAX_AGE_MS,
      });
      await producer.connect();
      return {
        send: (topic, records) =>
          translated(
            async () => {
              // The same objects in each try: `keyed` writes the partition on them.
              const messages = records.map((record) => toMessage(record, record.partition));
              const reply = await producer.send({ topic, acks: -1, messages });
              messages.forEach(({ partition }, i) => {
                if (partition !== undefined) records[i]!.partition = partition;
              });
              return reply.filter(({ errorCode }) => errorCode === 0).map(({ partition }) => partition);
            },
            writing([topic]),
          ),
        close: () => producer.disconnect().catch(throwTranslated),
      };
    },
    { cluster: 'WRITE any topic' },
  );

/** The partition of a record is chosen once, and stays with it when the library tries again. */
const keyed: ICustomPartitioner = () => {
  const choose = kafkajs.Partitioners.DefaultPartitioner();
  return (of) => (of.message.partition ??= choose(of));
};

/** The partition that the record names. */
export const explicit: ICustomPartitioner =
  () =>
  ({ message: { partition } }) =>
    partition!;

export const openPartitionProducer = (kafka: Kafka): Promise<PartitionProducer> =>
  translated(async () => {
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: explicit,
      metadataMaxAge: METADATA_MAX_AGE_MS,
    });
    await producer.connect();
    return {
      send: (emission) => sendCovered(producer, emission).catch(throwNeeding(writing([emission.topic]))),
      close: () => producer.disconnect().catch(throwTranslated),
    };
  });
