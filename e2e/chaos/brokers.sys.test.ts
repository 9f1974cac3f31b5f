import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { SIZES } from './plan.ts';
import { runChaos } from './run.ts';

/** The oracle is compiled on the spot. */
const javac = spawnSync('javac', ['-version']).status === 0;

test.skipIf(!javac)(
  'three brokers: a score leader and an input leader killed under 30,000 events: exactly once',
  { timeout: 300_000 },
  async () => {
    const log: string[] = [];
    const verdict = await runChaos({
      events: 30_000,
      seed: 20263,
      brokers: 3,
      faults: { ...SIZES['three brokers'], roles: 2, kills: 0, zombies: 0, late: 0 },
      log: (line) => log.push(line),
    });
    expect({ faults: verdict.faults, log: verdict.faults.length === 0 ? [] : log }).toEqual({
      faults: [],
      log: [],
    });
    expect(verdict.judged).toMatchObject({ scores: 29_700, deadLetters: 300 });
  },
);
