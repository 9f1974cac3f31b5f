import { expect, test } from 'vitest';
import type { TopicState } from '../kafka/port.ts';
import { partitionFault, topicFaults } from './topic-checks.ts';

const states = (more: Record<string, TopicState> = {}) =>
  new Map<string, TopicState>(Object.entries({ in: 3, a: 3, b: 4, single: 1, ...more }));
const needs = [{ topic: 'in', outputs: ['a', 'b'], singles: ['single'] }];
const faults = (more: Record<string, TopicState> = {}) =>
  topicFaults(states(more), needs).map(({ code, detail }) => `${code} ${detail}`);

test('topics are as roles need them if each is there and each output has the partitions of the input', () => {
  expect(faults()).toEqual([]);
  expect(faults({ b: 'missing', single: 'missing' })).toEqual([
    'TOPIC_MISSING topics missing: b, single (make them: bankchurn topics create)',
  ]);
  expect(faults({ in: 4 })).toEqual(['PARTITION_MISSING fewer partitions than in (4): a']);
});

test('a missing right is not called a missing topic, and comes first', () => {
  expect(faults({ in: 'forbidden', b: 'missing', a: 2 })).toEqual([
    expect.stringMatching(/^KAFKA_UNAUTHORIZED no right to DESCRIBE topic in:/),
    expect.stringMatching(/^TOPIC_MISSING topics missing: b /),
  ]);
});

test('a partition waits for the outputs that do not have it, by name', () => {
  const outputs = new Map(Object.entries({ a: 3, b: 4, c: 2 }));
  expect(partitionFault(outputs, 'in', 1)).toBeUndefined();
  expect(partitionFault(outputs, 'in', 2)).toMatch(/^in has a partition 2, c not:/);
  expect(partitionFault(outputs, 'in', 3)).toMatch(/^in has a partition 3, a and c not:/);
});
