/**
 * `make alerts`: fires each alert of `configs/alerts.yaml` by its cause, in a real Prometheus (Debian's `prometheus`, or the
 * program that PROMETHEUS names), and sees it end. Durations of the rules are divided, so that this takes minutes. At the
 * same time a healthy service is watched by the rules as they are: none may fire. ALERTS_QUIET_MINUTES (10; 0 leaves it out).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../../cli/context.ts';
import { messageOf } from '../../schemas/errors.ts';
import { openLab, until, type Lab } from './lab.ts';
import { hasPrometheus } from './prometheus.ts';
import { alertRules } from './rules.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

const DIVISOR = 15;
const FIRES_MS = 120_000;
const ENDS_MS = 240_000;
/** A healthy stream, events a second. */
const CALM_RATE = 50;

const quietMinutes = Number(process.env['ALERTS_QUIET_MINUTES'] ?? 10);
const only = process.argv[2];

/** How long it took to fire, and to end, by alert. Throws what did not happen. */
async function fire(scenario: Scenario): Promise<string> {
  const lab = await openLab({ ...scenario.options, divisor: DIVISOR });
  const calm = lab.stream(CALM_RATE);
  try {
    await sleep(5000);
    const early = await lab.prometheus.firing();
    if (early.size > 0) throw new Error(`${[...early].join(', ')} fired before anything was broken`);
    await calm.stop();
    return await caused(scenario, lab);
  } finally {
    await calm.stop();
    await lab.close();
  }
}

async function caused({ fires, run }: Scenario, lab: Lab): Promise<string> {
  const mend = new AbortController();
  const begun = Date.now();
  const seconds = (): string => `${((Date.now() - begun) / 1000).toFixed(0)} s`;
  const running = run(lab, mend.signal);
  running.catch(() => undefined);
  const seen = new Map<string, string>();
  try {
    const isFired = async (): Promise<boolean> => {
      const fresh = [...(await lab.prometheus.firing())].filter((name) => !seen.has(name));
      for (const name of fresh) seen.set(name, seconds());
      return fires.every((name) => seen.has(name));
    };
    await until(isFired, fires.join(' and '), FIRES_MS).catch((error: unknown) => {
      throw new Error(`${messageOf(error)}; fired: ${[...seen.keys()].join(', ') || 'none'}`, {
        cause: error,
      });
    });
  } finally {
    mend.abort();
    await running;
  }
  const calm = lab.stream(CALM_RATE);
  try {
    const isOver = async (): Promise<boolean> => {
      const firing = await lab.prometheus.firing();
      return fires.every((name) => !firing.has(name));
    };
    await until(isOver, `the end of ${fires.join(' and ')}`, ENDS_MS);
  } finally {
    await calm.stop();
  }
  const times = [...seen].map(([name, time]) => `${name} after ${time}`).join(', ');
  return `${times}; all over after ${seconds()}`;
}

/** Watches a healthy service with the rules as they are. Returns what fired. */
async function quiet(minutes: number): Promise<string[]> {
  const lab = await openLab({ divisor: 1 });
  const calm = lab.stream(CALM_RATE);
  const fired = new Set<string>();
  try {
    const end = Date.now() + minutes * 60_000;
    while (Date.now() < end) {
      for (const name of await lab.prometheus.firing()) fired.add(name);
      await sleep(1000);
    }
  } finally {
    await calm.stop();
    await lab.close();
  }
  return [...fired];
}

if (!hasPrometheus()) {
  say('no Prometheus here: apt-get install prometheus, or set PROMETHEUS to the program');
  process.exit(1);
}
const untried = alertRules().filter(({ alert }) => !SCENARIOS.some(({ fires }) => fires.includes(alert)));
const faults = untried.map(({ alert }) => `${alert}: no scenario fires it`);
const watching = only === undefined && quietMinutes > 0 ? quiet(quietMinutes) : Promise.resolve([]);
watching.catch(() => undefined);
for (const scenario of SCENARIOS) {
  if (only !== undefined && !scenario.fires.includes(only)) continue;
  try {
    say(`${scenario.cause}: ${await fire(scenario)}`);
  } catch (error) {
    faults.push(`${scenario.cause}: ${messageOf(error)}`);
    say(`FAILED ${faults.at(-1)!}`);
  }
}
for (const name of await watching) faults.push(`${name} fired on a healthy service`);
if (only === undefined && quietMinutes > 0) say(`${String(quietMinutes)} healthy minutes watched`);
for (const fault of faults) say(`FAULT ${fault}`);
say(
  faults.length === 0
    ? 'verdict: each alert fires by its cause, and none without'
    : 'verdict: NOT all as they should',
);
process.exit(faults.length === 0 ? 0 : 1);
