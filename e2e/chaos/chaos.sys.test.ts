import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { SIZES } from './plan.ts';
import { runChaos } from './run.ts';

/** The oracle is compiled on the spot. */
const javac = spawnSync('javac', ['-version']).status === 0;

test.skipIf(!javac)(
  'chaos, short: 100,000 events, a SIGKILL at each of 10 points, 2 zombies, a late commit, 1 broker kill: exactly once',
  { timeout: 400_000 },
  async () => {
    const log: string[] = [];
    const verdict = await runChaos({
      events: 100_000,
      seed: 20261,
      faults: SIZES.short,
      env: { SESSION_TIMEOUT_MS: '3000' },
      log: (line) => log.push(line),
    });
    const { faults, missedPoints, judged } = verdict;
    const isWell = faults.length === 0 && missedPoints === 0;
    expect({ faults, missedPoints, log: isWell ? [] : log }).toEqual({
      faults: [],
      missedPoints: 0,
      log: [],
    });
    expect(judged).toMatchObject({ scores: 99_000, deadLetters: 1000 });
    expect(judged.onlyUncommitted).toBeGreaterThan(0);
    expect(verdict.peakMib).toBeLessThan(300);
    process.stderr.write(`chaos, short: ${verdict.wallSeconds.toFixed(0)} s\n`);
  },
);
