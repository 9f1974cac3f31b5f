/** What training and scoring cost and how well they rank, beside CatBoost, LightGBM and shap where Python is there. */
import { pythonOf, runPython } from '../e2e/environments/python.ts';
import { featureRows } from '../models/feature-row.ts';
import { readRelease } from '../models/store.io.ts';
import { simulateEvents } from '../producers/simulate-events.io.ts';
import { say } from '../cli/context.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { openModel, type Model, type OnnxModel } from '../scoring/model.ts';
import { DEFAULT_PARAMETERS, fitEnsemble, predictMargins, type BoostingData } from '../training/boosting.ts';
import { rocAuc } from '../training/evaluation.ts';
import { exportOnnx } from '../training/export.ts';
import { readRealDataset } from '../training/real-data.fixture.ts';
import { takeRows } from '../training/resampling.ts';
import { explainEnsemble } from '../training/shapley.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';

const BATCH = 256;
const TRAIN_ROWS = 8000;
const FITS = 7;
const ROUNDS = 7;
const SCORING_SECONDS = 0.5;
const SEEDS = [42, 0, 1, 2, 3, 4];
const PYTHON_MS = 15 * 60_000;

interface Table {
  readonly name: string;
  readonly value: number;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** A table whose first row is 1. */
function print(title: string, unit: string, digits: number, rows: readonly Table[]): void {
  console.log(`\n${title.padEnd(72)} ${unit.padStart(12)}   ratio`);
  for (const { name, value } of rows) {
    const ratio = (value / rows[0]!.value).toFixed(2);
    console.log(`${name.padEnd(72)} ${value.toFixed(digits).padStart(12)}   ${ratio}`);
  }
}

/** Ours, then the others where there is Python. */
export async function models(): Promise<void> {
  const release = await readRelease('models/champion');
  const real = await readRealDataset();
  if (real === undefined) say('no CHURN_CSV: simulated customers');
  const simulated = [...simulateEvents(TRAIN_ROWS * 1.25, 1, 'm-')];
  const events = real?.events ?? simulated.map(({ event }) => event);
  const y = real?.labels ?? Uint8Array.from(simulated, ({ churned }) => Number(churned));
  const { features, columns } = release.manifest;
  const x = featureRows(features, events);
  const all = { x, y, columns };

  const python = pythonOf('bench');
  if (python === undefined) say('no CatBoost, LightGBM, shap: `make environments ENVIRONMENTS=bench`');
  if (python !== undefined && real !== undefined) await quality(python, all);
  const model = await openModel(release, createSession);
  const others = python === undefined ? undefined : await costOfOthers(python, all);
  fits(all, others);
  await scoring(all, model, events, release.onnx, others);
  await model.close();
}

const toRows = ({ x, y, columns }: BoostingData): (number | null)[][] =>
  Array.from(y, (_, row) =>
    Array.from(x.subarray(row * columns, (row + 1) * columns), (v) => (Number.isNaN(v) ? null : v)),
  );

/** ROC AUC on the holdouts of six splits. */
async function quality(python: string, all: BoostingData): Promise<void> {
  say('ranking six holdouts');
  const request = { x: toRows(all), y: [...all.y], seeds: SEEDS };
  const { splits } = (await runPython(python, 'bench/python/auc.py', request, PYTHON_MS)) as {
    splits: { seed: number; train: number[]; holdout: number[]; auc: number }[];
  };
  const ours = splits.map(({ train, holdout }) => {
    const part = takeRows(all, holdout);
    return rocAuc(predictMargins(fitEnsemble(takeRows(all, train), DEFAULT_PARAMETERS), part.x), part.y);
  });
  const theirs = splits.map(({ auc }) => auc);
  const line = (name: string, values: readonly number[]): void => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    console.log(`${name.padEnd(20)} ${[...values, mean].map((value) => value.toFixed(4)).join('   ')}`);
  };
  console.log(`\nROC AUC by split     ${SEEDS.map((seed) => String(seed).padEnd(6)).join('   ')}   mean`);
  line('CatBoost, tuned', theirs);
  line('BankChurn', ours);
  line(
    'difference',
    ours.map((auc, i) => auc - theirs[i]!),
  );
}

interface Others {
  /** CPU seconds. */
  readonly fitLightgbm: number;
  readonly fitCatboost: number;
  /** Rows per CPU second. */
  readonly lightgbmMargins: number;
  readonly lightgbmShap: number;
  readonly lightgbmShapMany: number;
}

async function costOfOthers(python: string, all: BoostingData): Promise<Others> {
  say('fitting and scoring with LightGBM, CatBoost, shap');
  const part = takeRows(all, [...all.y.keys()].slice(0, TRAIN_ROWS));
  const request = { x: toRows(part), y: [...part.y], parameters: DEFAULT_PARAMETERS };
  return (await runPython(python, 'bench/python/cost.py', request, PYTHON_MS)) as Others;
}

function fits(all: BoostingData, others: Others | undefined): void {
  const part = takeRows(all, [...all.y.keys()].slice(0, TRAIN_ROWS));
  const seconds = Array.from({ length: FITS }, () => {
    const begun = cpuSeconds();
    fitEnsemble(part, DEFAULT_PARAMETERS);
    return cpuSeconds() - begun;
  });
  print(`one fit, ${String(TRAIN_ROWS)} rows, the default parameters, one thread`, 'CPU s', 3, [
    { name: 'BankChurn', value: median(seconds) },
    { name: 'BankChurn, first fit of a process', value: seconds[0]! },
    ...(others === undefined
      ? []
      : [
          { name: 'LightGBM', value: others.fitLightgbm },
          { name: 'CatBoost', value: others.fitCatboost },
        ]),
  ]);
}

/** Rows per CPU second of `run`, which handles BATCH rows. */
async function rowsPerSecond(run: () => Promise<unknown>): Promise<number> {
  const begun = cpuSeconds();
  let batches = 0;
  do {
    for (let i = 0; i < 20; i++) await run();
    batches += 20;
  } while (cpuSeconds() - begun < SCORING_SECONDS);
  return (batches * BATCH) / (cpuSeconds() - begun);
}

async function scoring(
  all: BoostingData,
  model: Model,
  events: readonly CustomerEvent[],
  onnx: Uint8Array,
  others: Others | undefined,
): Promise<void> {
  const rows = all.x.subarray(0, BATCH * all.columns);
  const requests = events
    .slice(0, BATCH)
    .map((event, i) => ({ event, scoreId: `customer-events/0/${String(i)}` }));
  const withReasons = await createSession(onnx);
  const marginOnly = await createSession(marginsOf(all));
  const run = (session: OnnxModel) => () => session.run(rows, BATCH);
  const subjects = [
    { name: 'the margin alone (1 output)', run: run(marginOnly), rates: [] as number[] },
    { name: 'with reasons (11 outputs), the release', run: run(withReasons), rates: [] as number[] },
    { name: 'events to scores with reasons (feature rows, ONNX, objects)', run: () => model.score(requests), rates: [] as number[] },
  ]; // prettier-ignore
  for (let round = 0; round < ROUNDS; round++)
    for (const { run: action, rates } of subjects) rates.push(await rowsPerSecond(action));
  await withReasons.close();
  await marginOnly.close();
  const measured = subjects.map(({ name, rates }) => ({ name, value: median(rates) }));
  print(`scoring, batches of ${String(BATCH)}, one thread`, 'rows/CPU s', 0, measured);
  if (others === undefined) return;
  print(`reasons in Node and in Python, batches of ${String(BATCH)}`, 'rows/CPU s', 0, [
    { name: 'LightGBM and shap in Python', value: others.lightgbmShap },
    { name: 'the same, batches of 2000', value: others.lightgbmShapMany },
    { name: 'LightGBM in Python, the margin alone', value: others.lightgbmMargins },
    ...measured.slice(1),
  ]);
}

/** The same model without its reasons. */
function marginsOf(all: BoostingData): Uint8Array {
  const ensemble = fitEnsemble(all, DEFAULT_PARAMETERS);
  return exportOnnx(ensemble, explainEnsemble(ensemble, new Array<number>(all.columns).fill(0)).trees, 0);
}
