import { expect, test } from 'vitest';
import { createKafka } from './client.io.ts';
import { createLoopConsumer } from './consumer.io.ts';

const settings = { topic: 'in', groupId: 'g', startFrom: 'earliest', sessionTimeoutMs: 10_000 } as const;

test('a pause while the library has no consumer running is no error', () => {
  const kafka = createKafka(
    { brokers: ['127.0.0.1:1'], clientId: 'c', sessionTimeoutMs: 10_000, ssl: false, sasl: undefined },
    () => undefined,
  );
  const { source } = createLoopConsumer(kafka, settings);
  expect(() => source.pause([0])).not.toThrow();
  expect(() => source.resume(0)).toThrow('consumer#run must be called');
});
