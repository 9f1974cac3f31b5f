/** The law of the loop, tried in simulated worlds: crashes, stalls, rebalances, lost requests and repeated deliveries at any await. */
import { expect, test } from 'vitest';
import { PLANTED } from './planted.ts';
import { simulate } from './run.ts';

const SEEDS = 10_000;
/** A planted bug shows in one of so many seeds. */
const SEEDS_FOR_A_BUG = 3000;

test(`${String(SEEDS)} worlds: every record once, in order, and all done in calm weather`, { timeout: 300_000 }, async () => {
  const faults = new Map<string, number>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const outcome = await simulate(seed);
    expect([seed, outcome.violation]).toEqual([seed, undefined]);
    for (const fault of outcome.faults) {
      const [kind] = fault.split(' ');
      faults.set(kind!, (faults.get(kind!) ?? 0) + 1);
    }
    if (seed % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const kind of ['crash', 'stall', 'disturb', 'stop', 'restart'])
    expect([kind, faults.get(kind)! > SEEDS / 5]).toEqual([kind, true]);
}); // prettier-ignore

test('the same seed is the same world', async () => {
  for (const seed of [3, 14, 159]) expect(await simulate(seed)).toEqual(await simulate(seed));
});

test.each(PLANTED)('planted bug is found: %s', { timeout: 120_000 }, async (_, bend) => {
  for (let seed = 0; seed < SEEDS_FOR_A_BUG; seed++) {
    if ((await simulate(seed, bend())).violation !== undefined) return;
  }
  expect.unreachable(`not found in ${String(SEEDS_FOR_A_BUG)} worlds`);
});
