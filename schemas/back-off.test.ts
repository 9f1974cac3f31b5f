import { expect, test } from 'vitest';
import { backOff } from './back-off.ts';

test('waits double from the first to the longest, and stay there', () => {
  const waits = [0, 1, 2, 3, 4, 2000].map((failures) => backOff({ first: 100, longest: 500 }, failures));
  expect(waits).toEqual([100, 200, 400, 500, 500, 500]);
});
