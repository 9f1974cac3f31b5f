/** The port to Kafka, implemented with kafkajs. */
import type { ConnectionSettings, KafkaClient, KafkaLog } from '../port.ts';
import { createRecordProducer } from '../record-producer.ts';
import { administer } from './admin.io.ts';
import { createKafka, createQuickKafka } from './client.io.ts';
import { createLoopConsumer } from './consumer.io.ts';
import { openProbe } from './probe.io.ts';
import { openPartitionProducer, openSender } from './producer.io.ts';
import { openReader } from './open-reader.io.ts';
import { readRanges } from './readers.io.ts';
import { openFencedWriter } from './writers.io.ts';

/** A client of one cluster; nothing is connected before it is used. */
export function connectKafka(settings: ConnectionSettings, log: KafkaLog): KafkaClient {
  const kafka = createKafka(settings, log);
  return {
    consumer: (consumerSettings) => createLoopConsumer(kafka, consumerSettings),
    openFencedWriter: (transactionalId, scope) => openFencedWriter(kafka, transactionalId, scope),
    openPartitionProducer: () => openPartitionProducer(kafka),
    openProducer: () => createRecordProducer(() => openSender(kafka)),
    openReader: openReader(kafka),
    readRanges: readRanges(kafka),
    openProbe: () => openProbe(() => createQuickKafka(settings)),
    administer: (work) => administer(kafka, work),
  };
}
