/** `make chaos`: CHAOS_EVENTS (300,000), CHAOS_SEED (random), CHAOS_BROKERS (1, or 3: killed by role), CHAOS_RATE (events a second). Prints seed, fault log, verdict. */
import { randomInt } from 'node:crypto';
import { SIZES } from './plan.ts';
import { runChaos } from './run.ts';

const events = Number(process.env['CHAOS_EVENTS'] ?? 300_000);
const seed = Number(process.env['CHAOS_SEED'] ?? randomInt(1_000_000));
const wanted = process.env['CHAOS_BROKERS'] ?? '1';
if (wanted !== '1' && wanted !== '3') {
  process.stderr.write(`CHAOS_BROKERS is ${wanted}: must be 1 or 3\n`);
  process.exit(2);
}
const brokers = wanted === '3' ? 3 : 1;
const size =
  brokers === 3 ? 'three brokers' : events >= 1_000_000 ? 'record' : events >= 200_000 ? 'usual' : 'short';
const rate = process.env['CHAOS_RATE'] === undefined ? undefined : Number(process.env['CHAOS_RATE']);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

say(
  `chaos: ${String(events)} events, ${String(brokers)} broker${brokers === 1 ? '' : 's'}, faults: ${size}, seed ${String(seed)} (CHAOS_SEED=${String(seed)} repeats the plan)`,
);
const verdict = await runChaos({ events, seed, rate, brokers, faults: SIZES[size], log: say });
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
process.exit(verdict.faults.length === 0 ? 0 : 1);
