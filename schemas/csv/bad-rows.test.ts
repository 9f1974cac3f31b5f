import { expect, test } from 'vitest';
import { countBadRows } from './bad-rows.ts';

const errors = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `line ${String(from + i)}: wrong`);

test('fail: the reading ends once the patience is at its end, and at the end of the file for any bad row', () => {
  const bad = countBadRows({ name: 'f.csv', rule: 'fail', patience: 3 });
  bad.add(errors(1, 2));
  expect(() => bad.end(100)).toThrow('f.csv:\n  line 1: wrong\n  line 2: wrong');
  expect(() => bad.add(errors(3, 20))).toThrow(/^f\.csv:(\n {2}line \d+: wrong){10}$/);
  expect(countBadRows({ name: 'f.csv', rule: 'fail', patience: 1 }).end(5)).toBeUndefined();
});

test('skip: bad rows are counted, the first ten errors shown, and more than half is too many', () => {
  const bad = countBadRows({ name: 'f.csv', rule: 'skip', patience: 1 });
  bad.add(errors(1, 9));
  for (let line = 10; line < 15; line++) bad.add(errors(line, 1));
  const said = bad.end(12)!.split('\n');
  expect([said[0], said[10], said[11], said.length]).toEqual(['f.csv: 6 of 12 rows skipped:', '  line 10: wrong', '  …', 12]); // prettier-ignore
  expect(() => bad.end(11)).toThrow(
    'f.csv:\n  6 of 11 rows cannot be read, more than half: correct the file\n  line 1',
  );
});
