/** The whole loop on a drift that comes and goes: how many models it makes, and what they are worth against never replacing one. */
import { join } from 'node:path';
import { packageRoot, readConfig } from '../cli/context.ts';
import { createCounter, type CountEvents } from '../drift/counts.ts';
import { countCustomers } from '../drift/customers.ts';
import { initialState, takeCounts, type MonitorState } from '../drift/monitor.ts';
import { namedDrift, type DriftName } from '../producers/drift-scenarios.ts';
import { createDrifter } from '../producers/drift-stream.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { columnsOfEvents } from '../schemas/customer/columns.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import { openModel, type Model } from '../scoring/model.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { challengerData, splitFresh, type FreshRows } from '../training/challenger.ts';
import type { Dataset } from '../training/dataset.ts';
import { rocAuc } from '../training/evaluation.ts';
import type { LabelledEvent } from '../training/labels.ts';
import { splitDataset } from '../training/split.ts';
import { trainRelease } from '../training/train.ts';

const STREAMS = Number(process.env['BENCH_LOOPS'] ?? 20);
const SEED = Number(process.env['BENCH_SEED'] ?? 1);
const { drift: RULE, training } = readConfig({ config: join(packageRoot(), 'configs/config.yaml') }, {});
/** Events before the drift, as many as fill the request window. */
const CALM = 20_000;
const EVENTS = CALM + 100_000;
const EVERY = 5000;
const RECORD = 250;
const STEP_MS = 100;
/** Labelled rows that a challenger waits for. */
const LABELS = Math.ceil(training.minRecentLabels / training.holdoutShare);
const BASE_ROWS = 10_000;

interface Loop {
  model: Model;
  count: CountEvents;
  activation: number;
  state: MonitorState;
  /** The request that waits for labels, and the event since which rows are taken. */
  waiting: { readonly id: string; readonly since: number } | undefined;
  readonly refused: Map<string, number>;
  activations: number;
  requests: number;
}

const timeOf = (nth: number): number => 1_764_000_000_000 + nth * STEP_MS;

/** Events with a drift that is there in every other stretch. */
function flappingRows(name: DriftName, seed: number): LabelledEvent[] {
  const change = createDrifter(namedDrift(name), 0, seed + 1);
  return [...simulateEvents(EVENTS, seed, 'e-')].map((sourced, nth) => {
    const { event, churned } =
      nth >= CALM && Math.floor((nth - CALM) / EVERY) % 2 === 0 ? change(sourced) : sourced;
    return { event, churned: churned === true };
  });
}

function baseSet(seed: number): { dataset: Dataset; split: ReturnType<typeof splitDataset> } {
  const rows = [...simulateEvents(BASE_ROWS, seed, 'base-')];
  const events: CustomerEvent[] = rows.map(({ event }) => event);
  const labels = Uint8Array.from(rows, ({ churned }) => Number(churned));
  const dataset = {
    name: 'base',
    sha256: '0'.repeat(64),
    events,
    labels,
    rowNumbers: rows.map((_, i) => i + 1),
  };
  return { dataset, split: splitDataset(dataset, 42) };
}

const aucOf = async (model: Model, rows: readonly LabelledEvent[]): Promise<number> => {
  const { probabilities } = await model.evaluate(columnsOfEvents(BANK, rows.map(({ event }) => event)));
  return rocAuc([...probabilities], rows.map(({ churned }) => Number(churned)));
}; // prettier-ignore

/** A challenger, if it holds against the model in service. */
async function challenge(fresh: FreshRows, base: ReturnType<typeof baseSet>, champion: Model): Promise<Model | undefined> {
  const { dataset, split, profileRows, scoreProfileRows } = challengerData(fresh, base);
  const { release } = trainRelease(dataset, split, { customer: BANK, profile: { rows: profileRows, scoreRows: scoreProfileRows } });
  const challenger = await openModel(release, createSession);
  const isGood = (await aucOf(challenger, fresh.holdout)) >= (await aucOf(champion, fresh.holdout)) - training.maxAucLoss;
  if (!isGood) await challenger.close();
  return isGood ? challenger : undefined;
} // prettier-ignore

/** Scores and counts some events; the monitor takes the record. */
async function take(loop: Loop, rows: readonly LabelledEvent[], from: number): Promise<Float64Array> {
  const columns = columnsOfEvents(BANK, rows.map(({ event }) => event)); // prettier-ignore
  const { probabilities, outputs } = await loop.model.evaluate(columns);
  const counts = {
    ...{ modelSha256: loop.model.manifest.sha256, activation: loop.activation, sourceTopic: 't', sourcePartition: 0 },
    ...{ firstOffset: from, lastOffset: from + rows.length - 1, maxTimestamp: timeOf(from + rows.length), events: rows.length },
    series: loop.count(columns, probabilities, outputs),
    customers: Array.from(countCustomers(columns.customerId, rows.length)),
  }; // prettier-ignore
  const beside = { refusedAt: (id: string) => loop.refused.get(id) };
  const { state, verdict } = takeCounts(loop.state, counts, from, loop.model.manifest.profile, RULE, beside);
  loop.state = state;
  if (verdict?.request === true) {
    loop.requests++;
    const sinceMs = state.driftSince ?? verdict.maxTimestamp;
    loop.waiting = { id: verdict.requestId, since: Math.max(0, Math.round((sinceMs - timeOf(0)) / STEP_MS)) };
  }
  return probabilities;
}

/** The trainer, as soon as there are labels. */
async function answer(loop: Loop, rows: readonly LabelledEvent[], now: number, base: ReturnType<typeof baseSet>): Promise<void> {
  const { waiting } = loop;
  if (waiting === undefined || now - waiting.since < LABELS) return;
  loop.waiting = undefined;
  const fresh = splitFresh(rows.slice(Math.max(waiting.since, now - training.maxRows), now), training.holdoutShare);
  const challenger = await challenge(fresh, base, loop.model);
  if (challenger === undefined) {
    loop.refused.set(waiting.id, timeOf(now));
    return;
  }
  if (loop.activation > 0) await loop.model.close();
  Object.assign(loop, { model: challenger, count: createCounter(challenger.manifest), activation: loop.activation + 1 });
  loop.activations++;
} // prettier-ignore

async function run(champion: Model, rows: readonly LabelledEvent[], base: ReturnType<typeof baseSet>) {
  const state = initialState(champion.manifest.sha256, 0);
  const loop: Loop = {
    ...{ model: champion, count: createCounter(champion.manifest), activation: 0, state, waiting: undefined },
    ...{ refused: new Map(), activations: 0, requests: 0 },
  };
  const scores: number[] = [];
  for (let from = 0; from < EVENTS; from += RECORD) {
    scores.push(...(await take(loop, rows.slice(from, from + RECORD), from)));
    await answer(loop, rows, from + RECORD, base);
  }
  if (loop.activation > 0) await loop.model.close();
  const drifting = rows.slice(CALM);
  const auc = rocAuc(scores.slice(CALM), drifting.map(({ churned }) => Number(churned))); // prettier-ignore
  return {
    auc,
    never: await aucOf(champion, drifting),
    activations: loop.activations,
    requests: loop.requests,
  };
}

/** Streams of 100,000 simulated events that drift in every other 5,000, behind calm ones. */
export async function driftLoops(): Promise<void> {
  const base = baseSet(SEED + 500);
  const options = { customer: BANK };
  const { release } = trainRelease(base.dataset, base.split, options);
  const champion = await openModel(release, createSession);
  console.log(`\nflapping drift after ${String(CALM)} calm events, ${String(EVENTS - CALM)} events, on and off every ${String(EVERY)}; champion trained on ${String(BASE_ROWS)} simulated rows`); // prettier-ignore
  for (const name of ['ageing', 'new-product', 'geography'] as const) {
    const found: Awaited<ReturnType<typeof run>>[] = [];
    for (let i = 0; i < STREAMS; i++)
      found.push(await run(champion, flappingRows(name, SEED * 1000 + i), base));
    const mean = (of: (one: (typeof found)[number]) => number): number => found.reduce((sum, one) => sum + of(one), 0) / found.length; // prettier-ignore
    const most = Math.max(...found.map(({ activations }) => activations));
    console.log(
      `${name.padEnd(14)} activations ${mean((one) => one.activations).toFixed(1)} (at most ${String(most)}), requests ${mean((one) => one.requests).toFixed(1)}; ` +
        `ROC AUC of the stream ${mean((one) => one.auc).toFixed(4)}, never replaced ${mean((one) => one.never).toFixed(4)}`,
    );
  }
  await champion.close();
}
