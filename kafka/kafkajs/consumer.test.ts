import { expect, test } from 'vitest';
import { connectTo } from './cluster.fixture.ts';

const settings = { topic: 'in', groupId: 'g', startFrom: 'earliest', sessionTimeoutMs: 10_000 } as const;

test('a pause while the library has no consumer running is no error', () => {
  const { source } = connectTo('127.0.0.1:1').consumer(settings);
  expect(() => source.pause([0])).not.toThrow();
  expect(() => source.resume(0)).toThrow('consumer#run must be called');
});
