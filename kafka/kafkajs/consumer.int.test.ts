/** The consumer under the loop, on real Kafka. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, onTestFinished, test } from 'vitest';
import { connectTo, READS_ONLY } from './cluster.fixture.ts';

test(
  'a topic that is created again ends the consumer, though it fetches nothing and sees no error',
  { timeout: 60_000 },
  async () => {
    const kafka = connectTo(inject('kafka').brokers);
    const name = `t${randomBytes(4).toString('hex')}.watched`;
    const topic = { name, partitions: 1, replicationFactor: 1, settings: {} };
    await kafka.administer((admin) => admin.createTopics([topic]));
    const groupId = `${name}.group`;
    const consumer = kafka.consumer({
      ...READS_ONLY,
      topic: name,
      groupId,
      sessionTimeoutMs: 10_000,
    });
    let crash: (error: Error) => void = () => undefined;
    const crashed = new Promise<Error>((resolve) => {
      crash = resolve;
    });
    const nothing = (): void => undefined;
    const assigned = new Promise<void>((resolve) => {
      void consumer.start({
        assigned: (partitions) => {
          consumer.source.pause(partitions);
          resolve();
        },
        deliver: () => Promise.resolve(),
        ...{ lag: nothing, alive: nothing, heard: nothing, left: nothing, failed: nothing },
        crashed: (error) => crash(error),
      });
    });
    onTestFinished(() => consumer.stop());
    await assigned;
    const { topicId } = await consumer.source.position(0);
    expect(topicId).toMatch(/^[\w-]{22}$/);
    await kafka.administer((admin) => admin.deleteTopics([name]));
    const isThere = () => kafka.administer(async (admin) => (await admin.listTopics()).includes(name));
    while (await isThere()) await sleep(100);
    await kafka.administer((admin) => admin.createTopics([topic]));
    await expect(Promise.race([crashed, sleep(15_000)])).resolves.toMatchObject({ code: 'TOPIC_RECREATED' });
    await expect(consumer.source.position(0)).rejects.toMatchObject({ code: 'TOPIC_RECREATED' });
  },
);
