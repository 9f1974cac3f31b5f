/** `make chaos`: CHAOS_EVENTS (300,000), CHAOS_SEED (random), CHAOS_BROKERS (1, or 3: killed by role), CHAOS_RATE (events a second). Prints seed, fault log, verdict. */
import { randomInt } from 'node:crypto';
import { runCommand, say, setting } from './command.ts';
import { SIZES } from './plan.ts';
import { runChaos } from './run.ts';

const SEEDS = 1_000_000;

await runCommand(async (signal) => {
  const events = setting('CHAOS_EVENTS', 300_000, 10_000, 10_000_000);
  const seed = setting('CHAOS_SEED', randomInt(SEEDS), 0, SEEDS);
  const rate = setting('CHAOS_RATE', 0, 1, 1_000_000) || undefined;
  const brokers = setting('CHAOS_BROKERS', 1, 1, 3);
  if (brokers === 2) throw new Error('CHAOS_BROKERS is 2: must be 1 or 3');
  const size =
    brokers === 3 ? 'three brokers' : events >= 1_000_000 ? 'record' : events >= 200_000 ? 'usual' : 'short';
  say(
    `chaos: ${String(events)} events, ${String(brokers)} broker${brokers === 1 ? '' : 's'}, faults: ${size}, seed ${String(seed)} (CHAOS_SEED=${String(seed)} repeats the plan)`,
  );
  const faults = SIZES[size];
  const verdict = await runChaos({ events, seed, rate, brokers: brokers as 1 | 3, faults, log: say, signal });
  const { judged, recomputed, recoveries } = verdict;
  const p95 = recoveries[Math.min(recoveries.length - 1, Math.floor(recoveries.length * 0.95))] ?? 0;
  say(JSON.stringify({ ...judged, ...recomputed }));
  say(
    `recovery: p95 ${p95.toFixed(1)} s, longest ${(recoveries.at(-1) ?? 0).toFixed(1)} s; largest scorer ${verdict.peakMib.toFixed(0)} MiB; ` +
      `failpoints not passed in time: ${String(verdict.missedPoints)}; ${verdict.wallSeconds.toFixed(0)} s in all`,
  );
  if (judged.onlyUncommitted === 0) say('note: no fault hit an open transaction');
  for (const fault of verdict.faults) say(`FAULT ${fault}`);
  say(verdict.faults.length === 0 ? 'verdict: exactly once' : 'verdict: NOT exactly once');
  return verdict.faults.length === 0 ? 0 : 1;
});
