/**
 * How the drift rules do on streams with and without drift: false alerts and requests, delays, ranks, beside PSI thresholds on the
 * same windows. `BENCH_STREAMS` and `BENCH_SHIFTS` set how many without and with drift, `BENCH_SEED` the seed, `CHURN_CSV` names real rows.
 */
import { join } from 'node:path';
import { packageRoot, readConfig } from '../cli/context.ts';
import { rankShifts } from '../drift/explain.ts';
import { initialState, takeCounts, type Verdict } from '../drift/monitor.ts';
import { readRelease } from '../models/store.io.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import type { DriftCounts } from '../schemas/generated.ts';
import { createRandom, type Random } from '../schemas/random.ts';
import { openModel, type Model } from '../scoring/model.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { readRealDataset } from '../training/real-data.fixture.ts';
import {
  CALM,
  drawFlapping,
  drawHalves,
  drawShift,
  SHIFTS,
  type Calm,
  type Shift,
} from './drift-scenarios.ts';
import {
  binsOf,
  countsOf,
  openPool,
  profileOf,
  type Draw,
  type Pool,
  type Profile,
} from './drift-streams.ts';

const CALM_STREAMS = Number(process.env['BENCH_STREAMS'] ?? 300);
const SHIFT_STREAMS = Number(process.env['BENCH_SHIFTS'] ?? 100);
const SEED = Number(process.env['BENCH_SEED'] ?? 1);
const { drift: RULE } = readConfig({ config: join(packageRoot(), 'configs/config.yaml') }, {});
const CALM_EVENTS = 40 * RULE.paneEvents;
const LEAD = 20_000;
const SIMULATED = 20_000;
const POOLS_PER_PROFILE = 5;

interface Site {
  readonly model: Model;
  readonly events: readonly CustomerEvent[];
  readonly pool: Pool;
}

const drawRows = (random: Random, size: number, count: number): number[] =>
  Array.from({ length: count }, () => random.int(size));

/** The verdicts of a monitor on a stream. */
function verdictsOf(profile: Profile, records: Iterable<DriftCounts>): Verdict[] {
  let state = initialState('m'.repeat(64), 0);
  const verdicts: Verdict[] = [];
  let offset = 0;
  for (const record of records) {
    const step = takeCounts(state, record, offset++, profile, RULE);
    state = step.state;
    if (step.verdict !== undefined) verdicts.push(step.verdict);
  }
  return verdicts;
}

/** When the rules that are compared first say drift, as events of the stream; undefined: never. */
function firstOf(verdicts: readonly Verdict[]) {
  const inRow = (is: (verdict: Verdict) => boolean): number | undefined => {
    const at = verdicts.findIndex((_, i) => i >= 2 && verdicts.slice(i - 2, i + 1).every(is));
    return at < 0 ? undefined : (at + 1) * RULE.paneEvents;
  };
  const psiFrom = (least: number) => inRow(({ psi, events }) => events >= RULE.minEvents && psi.some((one) => one.psi >= least)); // prettier-ignore
  const first = (is: (verdict: Verdict) => boolean): number | undefined => {
    const at = verdicts.findIndex(is);
    return at < 0 ? undefined : (at + 1) * RULE.paneEvents;
  };
  return {
    alert: first(({ alert }) => alert),
    request: first(({ request }) => request),
    requests: verdicts.filter(({ request }) => request).length,
    'PSI ≥ .2': psiFrom(0.2),
    'PSI ≥ .1': psiFrom(0.1),
  };
}

function stream(site: Site, profile: Profile, draw: Draw, events: number, random: Random, others: readonly Pool[] = []) {
  const pools = [site.pool, ...others];
  const bins = pools.map((pool) => binsOf(profile, pool));
  const shape = { draw, events, recordEvents: RULE.paneEvents / 2, stepMs: 100 };
  return verdictsOf(profile, countsOf(shape, { manifest: site.model.manifest, profile, pools, bins }, random, random.int(2 ** 30)));
} // prettier-ignore

function calmStreams(site: Site, calm: Calm): void {
  const random = createRandom(SEED);
  const false_ = { alert: 0, request: 0, 'PSI ≥ .2': 0, 'PSI ≥ .1': 0 };
  for (let i = 0; i < CALM_STREAMS; i++) {
    const rows = drawRows(random, site.pool.size, calm.profileRows);
    const profile = profileOf(site.model.manifest, site.pool, rows, calm.scoreRows);
    const draw = calm.draw(random, site.pool.size, CALM_EVENTS + 10_000);
    const first = firstOf(stream(site, profile, draw, CALM_EVENTS + 10_000, random));
    for (const rule of Object.keys(false_) as (keyof typeof false_)[]) if (first[rule] !== undefined) false_[rule]++;
  }
  const shown = Object.entries(false_).map(([rule, n]) => `${rule} ${String((n / CALM_STREAMS) * 1000)}`);
  console.log(`${calm.name.padEnd(28)} false per 1,000: ${shown.join(', ')}`);
} // prettier-ignore

const median = (values: readonly (number | undefined)[]): string => {
  const middle = values.map((value) => value ?? Infinity).sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  return middle === Infinity ? 'never' : String(middle);
}; // prettier-ignore

const ranksFirst = ({ shift, alertTest }: Verdict, feature: string): boolean =>
  rankShifts(shift.features.map((one, i) => ({ ...one, drifted: alertTest.series[i]!.drifted })))[0]?.name ===
  feature;

async function shiftedStreams(site: Site, shift: Shift): Promise<void> {
  const random = createRandom(SEED + 1000);
  const others = await Promise.all(shift.pools.map((change) => openPool(site.model, site.events.map(change))));
  const found: ReturnType<typeof firstOf>[] = [];
  let [ranked, worst] = [0, 0];
  let profile: Profile | undefined;
  for (let i = 0; i < SHIFT_STREAMS; i++) {
    if (i % POOLS_PER_PROFILE === 0) profile = profileOf(site.model.manifest, site.pool, drawRows(random, site.pool.size, 8000));
    const draw = drawShift(shift, site.pool.size, LEAD);
    const verdicts = stream(site, profile!, draw, LEAD + (shift.over === 0 ? 40_000 : 60_000), random, others);
    found.push(firstOf(verdicts));
    const at = verdicts.find(({ alert }) => alert);
    if (at !== undefined && ranksFirst(at, shift.feature)) ranked++;
    worst = Math.max(worst, ...verdicts.map((one) => Math.abs(one.shift.residual)));
  }
  const delay = (rule: 'alert' | 'request' | 'PSI ≥ .2' | 'PSI ≥ .1'): string =>
    median(found.map((first) => first[rule] === undefined ? undefined : first[rule] - LEAD));
  const once = found.filter(({ requests, request }) => requests === 1 && request! - LEAD <= RULE.requestEvents + 5000).length;
  console.log(
    `${shift.name.padEnd(28)} alert ${delay('alert')} (asked ${String(shift.within ?? '–')}), request ${delay('request')}, PSI ≥ .2 ${delay('PSI ≥ .2')}, PSI ≥ .1 ${delay('PSI ≥ .1')}; ` +
      `one request in time ${String(once)} of ${String(SHIFT_STREAMS)}; ${shift.feature} ranks first ${String(ranked)}; residual ${worst.toExponential(1)}`,
  );
} // prettier-ignore

function halves(site: Site, feature: string, every: number): void {
  const random = createRandom(SEED + 2000);
  const at = [...site.model.manifest.features.map(({ name }) => name), 'score'].indexOf(feature);
  const values = site.pool.values[at]!;
  const order = [...values.keys()].sort((a, b) => Number(values[a] ?? 0) - Number(values[b] ?? 0));
  let [alerts, requests] = [0, 0];
  for (let i = 0; i < SHIFT_STREAMS; i++) {
    const profile = profileOf(site.model.manifest, site.pool, drawRows(random, site.pool.size, 8000));
    const first = firstOf(stream(site, profile, drawHalves(order, every), 100_000, random));
    alerts += Number(first.alert !== undefined);
    requests += Number(first.request !== undefined);
  }
  console.log(`${`halves of ${feature}, ${String(every)} each`.padEnd(28)} alerts in ${String(alerts)}, requests in ${String(requests)} of ${String(SHIFT_STREAMS)}`); // prettier-ignore
}

async function flapping(site: Site, shift: Shift): Promise<void> {
  const random = createRandom(SEED + 3000);
  const others = await Promise.all(shift.pools.map((change) => openPool(site.model, site.events.map(change))));
  const counts: number[] = [];
  for (let i = 0; i < Math.min(20, SHIFT_STREAMS); i++) {
    const profile = profileOf(site.model.manifest, site.pool, drawRows(random, site.pool.size, 8000));
    counts.push(firstOf(stream(site, profile, drawFlapping(shift, site.pool.size, 5000), 100_000, random, others)).requests);
  }
  console.log(`${`${shift.name} on and off every 5,000`.padEnd(28)} requests ${String(Math.min(...counts))} to ${String(Math.max(...counts))}`);
} // prettier-ignore

async function rulesOn(name: string, model: Model, events: readonly CustomerEvent[]): Promise<void> {
  console.log(`\n${name}: ${String(events.length)} rows, seed ${String(SEED)}`);
  const site = { model, events, pool: await openPool(model, events) };
  for (const calm of CALM) calmStreams(site, calm);
  for (const [feature, every] of [['age', 10_000], ['score', 10_000], ['age', 5000], ['age', 2500], ['balance', 2000]] as const) halves(site, feature, every); // prettier-ignore
  for (const shift of SHIFTS) await shiftedStreams(site, shift);
  for (const shift of SHIFTS.filter(({ sustained }) => sustained === true)) await flapping(site, shift);
}

export async function driftRules(): Promise<void> {
  const model = await openModel(await readRelease(join(packageRoot(), 'models/champion')), createSession);
  const simulated = [...simulateEvents(SIMULATED, SEED, 'pool-')].map(({ event }) => event);
  await rulesOn('simulated customers', model, simulated);
  const real = await readRealDataset();
  if (real === undefined) console.log('\nno real rows: name a CSV of the bank in CHURN_CSV');
  else await rulesOn('real rows', model, real.events);
  await model.close();
}
