import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbedded, type Embedded } from './embedded.io.ts';
import { isAlive } from './lock.io.ts';

const retry = { initialRetryTime: 20, retries: 20, maxRetryTime: 500 };

describe('the embedded broker', () => {
  let embedded: Embedded;
  let kafka: Kafka;

  beforeAll(async () => {
    embedded = await startEmbedded();
    kafka = new Kafka({ brokers: [embedded.brokers], logLevel: logLevel.NOTHING, retry });
  }, 120_000);
  afterAll(() => embedded.stop());

  const read = async (topic: string, count: number): Promise<string[]> => {
    const consumer = kafka.consumer({ groupId: `reader-${topic}-${String(count)}`, readUncommitted: false });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const values: string[] = [];
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: ({ message }) => {
          if (values.push(String(message.value)) === count) resolve();
          return Promise.resolve();
        },
      });
    });
    await consumer.disconnect();
    return values;
  };

  const send = async (topic: string, value: string, end: 'commit' | 'abort'): Promise<void> => {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      transactionalId: `${topic}-writer`,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ value }] });
    await transaction[end]();
    await producer.disconnect();
  };

  it('is a cluster of its own: the one whose id it tells, on loopback', async () => {
    const admin = kafka.admin();
    await admin.connect();
    const { clusterId, brokers } = await admin.describeCluster();
    await admin.disconnect();
    expect(clusterId).toBe(embedded.clusterId);
    expect(brokers.map(({ host, port }) => `${host}:${String(port)}`)).toEqual([embedded.brokers]);
    expect(Number(embedded.brokers.split(':')[1])).toBeLessThan(32_768);
  });

  it('creates no topic by itself; commits and aborts transactions; keeps its data when it is killed', async () => {
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'facts', numPartitions: 1 }] });
    expect((await admin.listTopics()).filter((topic) => !topic.startsWith('__'))).toEqual(['facts']);
    await admin.disconnect();
    await send('facts', 'aborted', 'abort');
    await send('facts', 'first', 'commit');
    expect(await read('facts', 1)).toEqual(['first']);

    const { kafkaPid } = embedded;
    await embedded.killBroker();
    expect(isAlive(kafkaPid)).toBe(false);
    await embedded.restartBroker();
    expect(embedded.kafkaPid).not.toBe(kafkaPid);
    await send('facts', 'second', 'commit');
    expect(await read('facts', 2)).toEqual(['first', 'second']);
  }, 60_000);

  it('has a registry that speaks the Confluent API', async () => {
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
    const subject = `${String(embedded.registryUrl)}/subjects/facts-value/versions`;
    const body = JSON.stringify({ schema: '{"type":"record","name":"Fact","fields":[]}' });
    const registered = (await (await fetch(subject, { method: 'POST', headers, body })).json()) as {
      id: number;
    };
    const read = (await (await fetch(`${subject}/latest`)).json()) as {
      id: number;
      version: number;
      schema: string;
    };
    expect(read).toMatchObject({ id: registered.id, version: 1 });
    expect(JSON.parse(read.schema)).toMatchObject({ name: 'Fact' });
  });

  it('refuses a port that is in use, and says which', async () => {
    const kafkaPort = Number(embedded.brokers.split(':')[1]);
    await expect(startEmbedded({ kafkaPort })).rejects.toThrow(
      `port ${String(kafkaPort)} for Kafka is in use`,
    );
    const registryPort = Number(new URL(String(embedded.registryUrl)).port);
    await expect(startEmbedded({ registryPort })).rejects.toThrow(
      `port ${String(registryPort)} for the schema registry`,
    );
  });

  it('tells the first error of a broker that does not start, and leaves nothing', async () => {
    const broken = startEmbedded({ registry: false, extraProperties: { 'log.segment.bytes': 'many' } });
    await expect(broken).rejects.toThrow(/log\.segment\.bytes/);
  });

  it('stops without leaving a process, a port or a folder', async () => {
    await embedded.stop();
    expect(isAlive(embedded.kafkaPid)).toBe(false);
    expect(isAlive(Number(embedded.registryPid))).toBe(false);
    expect(existsSync(embedded.dataDir)).toBe(false);
    for (const port of [embedded.brokers.split(':')[1], new URL(String(embedded.registryUrl)).port]) {
      expect(await answers(Number(port))).toBe(false);
    }
  });
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
