import fc from 'fast-check';
import { expect, test } from 'vitest';
import { overlapOf, withoutPartition, withRange, type Counted } from './ranges.ts';

const range = (firstOffset: number, lastOffset: number, partition = 0, stream = 's') => ({
  ...{ firstOffset, lastOffset, partition, stream },
});

test('ranges that follow each other never overlap; one that comes twice always does, whatever lies between', () => {
  const steps = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 50 }), fc.nat(5)), { minLength: 1 });
  fc.assert(
    fc.property(steps, fc.nat(), (all, which) => {
      let counted: Counted = {};
      const next = [0, 0, 0, 0];
      const ranges = all.map(([partition, length, gap]) => {
        const first = next[partition]! + gap;
        next[partition] = first + length;
        return range(first, first + length - 1, partition);
      });
      for (const each of ranges) {
        expect(overlapOf(counted, each)).toBeUndefined();
        counted = withRange(counted, each);
      }
      expect(overlapOf(counted, ranges[which % ranges.length]!)).toBeDefined();
    }),
  );
});

test('the edge: the next offset is fine, the last one is not', () => {
  const counted = withRange({}, range(0, 99));
  expect([overlapOf(counted, range(100, 100)), overlapOf(counted, range(99, 120))]).toEqual([undefined, 99]);
  expect(overlapOf(counted, range(0, 9, 1))).toBeUndefined();
  expect(overlapOf(withoutPartition(counted, { stream: 's', partition: 0 }), range(0, 9))).toBeUndefined();
  expect(withoutPartition({}, { stream: 's', partition: 0 })).toEqual({});
});

test('the state stays small: 500 partitions in a few kilobytes, and few streams', () => {
  let counted: Counted = {};
  for (let partition = 0; partition < 500; partition++)
    counted = withRange(
      counted,
      range(0, 1_000_000_000, partition, 'bankchurn-scorer customer-events AAAAAAAAAAAAAAAAAAAAAA'),
    );
  expect(JSON.stringify(counted).length).toBeLessThan(10_000);
  for (let stream = 0; stream < 100; stream++)
    counted = withRange(counted, range(0, 9, 0, `s ${String(stream)}`));
  expect(Object.keys(counted)).toEqual(['s 96', 's 97', 's 98', 's 99']);
});
