import { expect, test } from 'vitest';
import { BankChurnError } from '../../schemas/errors.ts';
import { fuzzTargets, MODES } from './decoders.ts';
import { fuzz, LONGEST_MS } from './fuzz.ts';

/** `FUZZ_COUNT`: inputs of each kind for each decoder. */
const COUNT = Number(process.env['FUZZ_COUNT'] ?? 20_000);
const targets = await fuzzTargets();
const runs = targets.flatMap((target) =>
  (Object.keys(MODES) as (keyof typeof MODES)[]).map((mode) => [target.name, mode, target] as const),
);

test.each(runs)(
  '%s, odd %s: nothing without a code, nothing slow',
  { timeout: 600_000 },
  async (_, mode, target) => {
    const report = await fuzz(target, mode, COUNT, 17);
    expect(report.findings).toEqual([]);
    expect(report.uncoded).toBe(0);
    expect(report.slowestMs[0]).toBeLessThan(LONGEST_MS);
    // Both ends are reached: what is good is taken, what is odd is not.
    expect(report.outcomes.get('ok') ?? 0).toBeGreaterThan(COUNT / 1000);
    expect(COUNT - (report.outcomes.get('ok') ?? 0)).toBeGreaterThan(COUNT / 10);
  },
);

test('the harness notices an exception without a code, one with the wrong code, and slowness', async () => {
  const [events] = targets;
  const throwing = (error: Error) =>
    fuzz({ ...events!, decode: () => { throw error; } }, 'bytes', 10, 1); // prettier-ignore
  expect(await throwing(new TypeError('x'))).toMatchObject({ uncoded: 10 });
  expect(await throwing(new BankChurnError('REGISTRY_UNAVAILABLE', 'x'))).toMatchObject({ uncoded: 10 });
  const slow = () => {
    for (const end = performance.now() + 60; performance.now() < end;);
    return 'ok';
  };
  expect((await fuzz({ ...events!, decode: slow }, 'bytes', 1, 1)).slowestMs[0]).toBeGreaterThan(LONGEST_MS);
});
