/** A cluster as tests reach it: by its address alone, and beyond what the product may do there. */
import type { Admin, Kafka } from 'kafkajs';
import { kafkajs } from './patches/install.io.ts';
import type { ConnectionSettings, KafkaClient } from '../port.ts';
import { createKafka } from './client.io.ts';
import { connectKafka } from './connect.io.ts';

const { CompressionTypes, ConfigResourceTypes } = kafkajs;

const settingsOf = (brokers: string): ConnectionSettings => ({
  brokers: brokers.split(','),
  clientId: 'bankchurn-test',
  sessionTimeoutMs: 10_000,
  ssl: false,
  sasl: undefined,
});
const quiet = (): void => undefined;

/** The product's client. */
export const connectTo = (brokers: string): KafkaClient => connectKafka(settingsOf(brokers), quiet);

/** The library itself, patched. */
export const libraryOf = (brokers: string): Kafka => createKafka(settingsOf(brokers), quiet);

/** Runs something with the library's own administrative connection. */
export async function withAdmin<T>(brokers: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = libraryOf(brokers).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** The id of the cluster, and `host:port` of each broker as it says itself. */
export const describeCluster = (brokers: string): Promise<{ clusterId: string; brokers: string[] }> =>
  withAdmin(brokers, async (admin) => {
    const found = await admin.describeCluster();
    return {
      clusterId: found.clusterId,
      brokers: found.brokers.map(({ host, port }) => `${host}:${String(port)}`),
    };
  });

/** Adds partitions to topics until each has so many. */
export const addPartitions = (brokers: string, topics: readonly string[], count: number): Promise<void> =>
  withAdmin(brokers, async (admin) => {
    for (const topic of topics) await admin.createPartitions({ topicPartitions: [{ topic, count }] });
  });

/** Changes a setting of a topic. */
export const setTopicSetting = (brokers: string, topic: string, name: string, value: string): Promise<void> =>
  withAdmin(brokers, async (admin) => {
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] };
    await admin.alterConfigs({ validateOnly: false, resources: [resource] });
  });

/** Writes records as one batch, compressed with gzip. */
export async function produceGzip(
  brokers: string,
  topic: string,
  partition: number,
  values: readonly (string | Buffer)[],
): Promise<void> {
  const producer = libraryOf(brokers).producer();
  await producer.connect();
  const messages = values.map((value) => ({ value, partition }));
  await producer.send({ topic, compression: CompressionTypes.GZIP, messages });
  await producer.disconnect();
}

/** Deletes all records of a topic, as retention does. */
export const deleteRecords = (brokers: string, topic: string): Promise<void> =>
  withAdmin(brokers, async (admin) => {
    const ends = await admin.fetchTopicOffsets(topic);
    const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
    await admin.deleteTopicRecords({ topic, partitions });
  });

/** What a consumer is given that writes nothing. */
export const READS_ONLY = {
  startFrom: 'earliest',
  outputs: [],
  singles: [],
  delivery: 'exactly-once',
} as const;
