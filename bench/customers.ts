/** How well the default model ranks the customers of any labelled CSV, beside CatBoost as it comes. */
import { join } from 'node:path';
import { packageRoot, readConfig, say } from '../cli/context.ts';
import { pythonOf, runPython } from '../e2e/environments/python.ts';
import { columnsOf, featureRows } from '../models/feature-row.ts';
import type { FeatureSpec } from '../models/manifest.ts';
import { trainedInputs, type CustomerEvent, type CustomerSchema } from '../schemas/customer/schema.ts';
import { DEFAULT_PARAMETERS, fitEnsemble, predictMargins, type BoostingData } from '../training/boosting.ts';
import { readDataset } from '../training/dataset.io.ts';
import { takeRows, type Dataset } from '../training/dataset.ts';
import { rocAuc } from '../training/evaluation.ts';
import { featureSpecs } from '../training/features.ts';

const SEEDS = [0, 1, 2, 3, 4];
const PYTHON_MS = 30 * 60_000;

interface PythonSplit {
  readonly seed: number;
  readonly train: readonly number[];
  readonly holdout: readonly number[];
  readonly auc: number;
}

/** ROC AUC on the holdouts of five stratified 80/20 splits of `BENCH_DATA`, a CSV that fits `CUSTOMER_SCHEMA`. */
export async function customers(): Promise<void> {
  const path = process.env['BENCH_DATA'];
  const python = process.env['BENCH_PYTHON'] ?? pythonOf('bench');
  if (path === undefined || python === undefined) {
    say(
      path === undefined
        ? 'no BENCH_DATA: name a labelled CSV, and its customer schema in CUSTOMER_SCHEMA'
        : 'no CatBoost: `make environments ENVIRONMENTS=bench`',
    );
    return;
  }
  const { customer } = readConfig({ config: join(packageRoot(), 'configs/config.yaml') });
  const dataset = await readDataset(path, customer, customer.name);
  const request = { columns: columnsFor(dataset, customer), y: [...dataset.labels], seeds: SEEDS };
  say(`ranking ${String(SEEDS.length)} holdouts of ${customer.name}`);
  const { splits } = (await runPython(python, 'bench/python/catboost_default.py', request, PYTHON_MS)) as {
    splits: readonly PythonSplit[];
  };
  const ours = splits.map((split) => aucOf(dataset, customer, split));
  const theirs = splits.map(({ auc }) => auc);
  const line = (name: string, values: readonly number[]): void => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    console.log(`${name.padEnd(20)} ${[...values, mean].map((value) => value.toFixed(4)).join('   ')}`);
  };
  console.log(`\nROC AUC by split     ${SEEDS.map((seed) => String(seed).padEnd(6)).join('   ')}   mean`);
  line('CatBoost, default', theirs);
  line('BankChurn', ours);
  line('difference', ours.map((auc, i) => auc - theirs[i]!)); // prettier-ignore
}

/** The inputs as Python takes them: levels stay texts. */
function columnsFor({ events }: Dataset, customer: CustomerSchema) {
  return trainedInputs(customer).map(({ name, type }) => ({
    isCategory: type === 'category',
    values: events.map((event) => {
      const value = event[name] ?? null;
      return typeof value === 'boolean' ? Number(value) : value;
    }),
  }));
}

function aucOf(dataset: Dataset, customer: CustomerSchema, split: PythonSplit): number {
  const [train, holdout] = [takeRows(dataset, split.train), takeRows(dataset, split.holdout)];
  const features = featureSpecs(customer, train.events);
  const ensemble = fitEnsemble(rowsOf(features, train), DEFAULT_PARAMETERS);
  return rocAuc(predictMargins(ensemble, rowsOf(features, holdout).x), holdout.labels);
}

function rowsOf(
  features: readonly FeatureSpec[],
  { events, labels }: { events: readonly CustomerEvent[]; labels: Uint8Array },
): BoostingData {
  return { x: featureRows(features, events), y: labels, columns: columnsOf(features) };
}
