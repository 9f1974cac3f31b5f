import { expect, test } from 'vitest';
import { moment, probability } from './options.ts';

test('a moment is a day, or a time with its zone: never one that two machines read in two ways', () => {
  expect(moment('2026-11-24T10:00Z')).toBe(Date.UTC(2026, 10, 24, 10));
  expect(moment('2026-11-24T10:00:30.5+01:00')).toBe(Date.UTC(2026, 10, 24, 9, 0, 30, 500));
  expect(moment('2026-11-24')).toBe(Date.UTC(2026, 10, 24));
  for (const text of ['2026-11-24T10:00', '2026-11-24 10:00', '2026-02-31T10:00Z', '2026-13-01', 'now', ''])
    expect(() => moment(text), text).toThrow('a time with its zone');
});

test('a probability is a number from 0 to 1', () => {
  expect(['0', '1', '0.35'].map(probability)).toEqual([0, 1, 0.35]);
  for (const text of ['', ' ', '1.01', '-0.1', 'NaN', 'half'])
    expect(() => probability(text), text).toThrow('a number from 0 to 1');
});
