import { expect, test } from 'vitest';
import { partitionFault, topicsFault } from './topic-checks.ts';

const counts = (more: object = {}) => new Map(Object.entries({ in: 3, a: 3, b: 4, single: 1, ...more }));

test('a role begins when each topic is there and each output has the partitions of the input', () => {
  expect(topicsFault(counts(), 'in', ['a', 'b'])).toBeUndefined();
  expect(topicsFault(counts({ b: 0, single: 0 }), 'in', ['a', 'b'])).toMatch(/^topics missing: b, single \(/);
  expect(topicsFault(counts({ in: 4 }), 'in', ['a', 'b'])).toBe('fewer partitions than in (4): a');
});

test('a partition waits for the outputs that do not have it, by name', () => {
  const outputs = new Map(Object.entries({ a: 3, b: 4, c: 2 }));
  expect(partitionFault(outputs, 'in', 1)).toBeUndefined();
  expect(partitionFault(outputs, 'in', 2)).toMatch(/^in has a partition 2, c not:/);
  expect(partitionFault(outputs, 'in', 3)).toMatch(/^in has a partition 3, a and c not:/);
});
