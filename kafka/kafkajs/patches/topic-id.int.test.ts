/** The id of a topic, as the broker tells it: the same for as long as the topic is. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, onTestFinished, test } from 'vitest';
import { connectTo } from '../cluster.fixture.ts';
import { decodeTopicId } from './topic-id.io.ts';

test('a topic keeps its id; one that is created again has another; one that is not there is an error', async () => {
  const kafka = connectTo(inject('kafka').brokers);
  const name = `t${randomBytes(4).toString('hex')}.ids`;
  const topic = { name, partitions: 2, replicationFactor: 1, settings: {} };
  const id = (): Promise<string | undefined> => kafka.administer((admin) => admin.topicId(name));
  await expect(id()).rejects.toMatchObject({ code: 'TOPIC_MISSING' });
  await kafka.administer((admin) => admin.createTopics([topic]));
  onTestFinished(() => kafka.administer((admin) => admin.deleteTopics([name])));
  const first = await id();
  expect(first).toMatch(/^[\w-]{22}$/);
  expect(await id()).toBe(first);
  await kafka.administer((admin) => admin.deleteTopics([name]));
  for (;;) {
    await sleep(100);
    const isThere = await id().catch(() => undefined);
    if (isThere === undefined) break;
  }
  await kafka.administer((admin) => admin.createTopics([topic]));
  expect(await id()).not.toBe(first);
});

test('an answer that ends anywhere before the id is an error, and no other id', () => {
  const id = randomBytes(16);
  const answer = Buffer.concat([
    Buffer.from([0, 0, 0, 0, 0]), // tags, throttle time
    Buffer.from([2, 0, 0, 0, 1, 2, 0x68, 0, 0, 0, 9, 0, 0]), // one broker: id, host, port, no rack, tags
    Buffer.from([2, 0x63, 0, 0, 0, 1]), // cluster, controller
    Buffer.from([2, 0, 0, 2, 0x74]), // one topic: no error, its name
    id,
  ]);
  expect(decodeTopicId(answer)).toBe(id.toString('base64url'));
  for (let length = 0; length < answer.length; length++)
    expect(() => decodeTopicId(answer.subarray(0, length))).toThrow();
  const endless = Buffer.concat([Buffer.alloc(5), Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])]);
  expect(() => decodeTopicId(endless)).toThrow(RangeError);
});
