import { expect, test } from 'vitest';
import { createPace } from './pace.ts';

test('one line in a while, and it tells how many were passed over', () => {
  const pace = createPace(1000);
  expect([0, 1, 999, 1000, 1500, 5000].map((now) => pace.next(now))).toEqual([0, undefined, undefined, 2, undefined, 1]);
}); // prettier-ignore
