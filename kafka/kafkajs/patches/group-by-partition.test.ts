import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupByPartition } from './group-by-partition.ts';

/** kafkajs's own, as it is in the package. */
const original = createRequire(import.meta.url)(
  'kafkajs/src/producer/groupMessagesPerPartition.js',
) as typeof groupByPartition;

test('the same groups as the library’s own', () => {
  const messages = fc.array(fc.record({ key: fc.string(), partition: fc.nat(5) }), { maxLength: 50 });
  fc.assert(
    fc.property(messages, fc.boolean(), (all, isKnown) => {
      const of = {
        topic: 't',
        partitionMetadata: isKnown ? [{}] : [],
        messages: all,
        partitioner: ({ message }: { message: { partition?: number } }) => message.partition!,
      };
      const plain = Object.fromEntries(Object.entries(original(of)).filter(([, group]) => group.length > 0));
      expect(groupByPartition(of)).toEqual(plain);
    }),
  );
});
