import { expect, test } from 'vitest';
import { KafkaError } from '../kafka/errors.ts';
import type { KafkaAdmin, KafkaClient } from '../kafka/port.ts';
import { assertKeptForEver, retentionFault } from './kept-for-ever.ts';

const KEPT = { 'retention.ms': '-1', 'retention.bytes': '-1', 'cleanup.policy': 'delete' };
const fault = (more: object) => retentionFault('models', new Map(Object.entries({ ...KEPT, ...more })));

test('a topic that keeps all is right; any limit or compaction is named with what corrects it', () => {
  expect(fault({})).toBeUndefined();
  expect(retentionFault('models', new Map())).toBeUndefined();
  const week = fault({ 'retention.ms': '604800000' });
  expect(week).toContain('retention.ms is 604800000, must be -1');
  expect(week).toMatch(/kafka-configs\.sh .* --entity-name models --add-config retention\.ms=-1$/);
  expect(fault({ 'retention.bytes': '1000', 'cleanup.policy': 'compact' })).toMatch(
    /--add-config retention\.bytes=-1,cleanup\.policy=delete$/,
  );
  expect(fault({ 'cleanup.policy': 'compact,delete' })).toContain('cleanup.policy is compact,delete');
});

const kafkaWith = (topicSettings: KafkaAdmin['topicSettings']): Pick<KafkaClient, 'administer'> => ({
  administer: (work) => work({ topicSettings } as KafkaAdmin),
});

test('settings that may not be read are reported, and the next topic is looked at; other errors are thrown', async () => {
  const unchecked: string[] = [];
  const note = (topic: string) => void unchecked.push(topic);
  const refuse = new KafkaError('unauthorized', 'not allowed');
  const kafka = kafkaWith((topic) =>
    topic === 'a' ? Promise.reject(refuse) : Promise.resolve(new Map([['retention.ms', '5']])),
  );
  await expect(assertKeptForEver(kafka, ['a', 'b'], note)).rejects.toMatchObject({
    code: 'TOPIC_MISCONFIGURED',
  });
  expect(unchecked).toEqual(['a']);
  const away = kafkaWith(() => Promise.reject(new KafkaError('transient', 'away')));
  await expect(assertKeptForEver(away, ['a'], note)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
});
