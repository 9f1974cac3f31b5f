import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, describeCluster } from '../../kafka/kafkajs/cluster.fixture.ts';
import type { KafkaClient } from '../../kafka/port.ts';
import { startEmbedded, type Embedded } from './embedded.io.ts';
import { isAlive } from './lock.io.ts';

describe('the embedded broker', () => {
  let embedded: Embedded;
  let kafka: KafkaClient;

  beforeAll(async () => {
    embedded = await startEmbedded();
    kafka = connectTo(embedded.brokers);
  }, 120_000);
  afterAll(() => embedded.stop());

  const FACTS = { name: 'facts', partitions: 1, replicationFactor: 1, settings: {} };
  const read = async (count: number): Promise<string[]> => {
    const values: string[] = [];
    const options = { fromBeginning: true };
    const reader = await kafka.openReader([FACTS.name], options, (_, __, { value }) => {
      values.push(String(value));
    });
    await expect.poll(() => values.length, { timeout: 20_000 }).toBe(count);
    await reader.close();
    return values;
  };

  const send = async (value: string, end: 'commit' | 'abort'): Promise<void> => {
    const outputs = [{ topic: FACTS.name, partition: 0 }];
    const writer = await kafka.openFencedWriter('facts-writer', { outputs, groupId: undefined });
    const transaction = await writer.begin();
    await transaction.send({ ...outputs[0]!, records: [{ key: null, value }] });
    await transaction[end]();
    await writer.close();
  };

  it('is a cluster of its own: the one whose id it tells, on loopback', async () => {
    const { clusterId, brokers } = await describeCluster(embedded.brokers);
    expect(clusterId).toBe(embedded.clusterId);
    expect(brokers).toEqual([embedded.brokers]);
    expect(Number(embedded.brokers.split(':')[1])).toBeLessThan(32_768);
  });

  it('creates no topic by itself; commits and aborts transactions; keeps its data when it is killed', async () => {
    const topics = await kafka.administer(async (admin) => {
      await admin.createTopics([FACTS]);
      return admin.listTopics();
    });
    expect(topics.filter((topic) => !topic.startsWith('__'))).toEqual(['facts']);
    await send('aborted', 'abort');
    await send('first', 'commit');
    expect(await read(1)).toEqual(['first']);

    const { kafkaPid } = embedded;
    await embedded.killBroker();
    expect(isAlive(kafkaPid)).toBe(false);
    await embedded.restartBroker();
    expect(embedded.kafkaPid).not.toBe(kafkaPid);
    await send('second', 'commit');
    expect(await read(2)).toEqual(['first', 'second']);
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
