import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import fc from 'fast-check';
import { parseIsoTime } from './time.ts';

const NOON = Date.UTC(2026, 0, 31, 12);

test.each([
  ['2026-01-31T12:00:00Z', NOON],
  ['2026-01-31t12:00:00z', NOON],
  ['2026-01-31 12:00Z', NOON],
  ['2026-01-31T12:00:05.1Z', NOON + 5100],
  ['2026-01-31T12:00:05,123456789Z', NOON + 5123],
  ['2026-01-31T14:30:00+02:30', NOON],
  ['2026-01-31T07:00:00-0500', NOON],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
])('%s is read', (text, ms) => {
  expect(parseIsoTime(text)).toBe(ms);
});

test.each([
  '', '7', 'Customer 5', '1764000000000', '2026-01-31', '2026-01-31T12:00:00', '2026-01-31T12Z', '2024-02-31T00:00:00Z',
  '2023-02-29T00:00:00Z', '1900-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z',
  '2026-01-00T00:00:00Z', '2026-01-31T24:00:00Z', '2026-01-31T12:60:00Z', '2026-01-31T12:00:60Z', '2026-01-31T12:00:00+24:00',
  '2026-01-31T12:00:00+02:60', '2026-01-31T12:00:00+2:00', '2026-01-31T12:00:00.Z', '2026-01-31T12:00:00.1234567890Z',
  '2026-01-31T12:00:00ZZ', '2026-01-31T12:00:00 CET', 'Sat, 31 Jan 2026 12:00:00 GMT', '+002026-01-31T12:00:00Z', '2026-1-31T12:00:00Z',
  '２026-01-31T12:00:00Z',
])('%j is refused', (text) => { expect(parseIsoTime(text)).toBeNaN(); }); // prettier-ignore

test('every time that a Date writes is read as it was, and so is each day of 900 years', () => {
  const range = {
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T00:00:00Z'),
    noInvalidDate: true,
  };
  fc.assert(fc.property(fc.date(range), (date) => parseIsoTime(date.toISOString()) === date.getTime()));
  for (let ms = Date.UTC(1600); ms < Date.UTC(2500); ms += 86_400_000)
    if (parseIsoTime(new Date(ms).toISOString()) !== ms) throw new Error(new Date(ms).toISOString());
});

test('an event means the same in any time zone', () => {
  const script = `
    import { BANK_READER } from ${JSON.stringify(new URL('customer/bank.fixture.ts', import.meta.url).href)};
    const at = (occurredAt) => BANK_READER.read({ eventId: 'e', customerId: 'c', age: 5, occurredAt });
    const zone = new Date(2026, 6, 1).getTimezoneOffset();
    const texts = ['2026-03-29T02:30:00Z', '2026-03-29T02:30:00+02:00', '2026-03-08 02:30-05:00', '2026-03-29T02:30:00', '2026-03-29'];
    console.log(JSON.stringify([zone, texts.map(at)]));`;
  const runs = ['UTC', 'America/New_York'].map((TZ) => {
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      env: { ...process.env, TZ },
      encoding: 'utf8',
    });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as [zone: number, events: { occurredAt?: number; code?: string }[]];
  });
  expect(runs.map(([zone]) => zone)).toEqual([0, 240]);
  expect(runs[0]![1]).toEqual(runs[1]![1]);
  expect(runs[0]![1].map(({ occurredAt, code }) => occurredAt ?? code)).toEqual([
    Date.UTC(2026, 2, 29, 2, 30), Date.UTC(2026, 2, 29, 0, 30), Date.UTC(2026, 2, 8, 7, 30), 'RECORD_INVALID', 'RECORD_INVALID',
  ]); // prettier-ignore
});
