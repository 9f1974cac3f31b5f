import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { createSimulator } from '../producers/simulator.ts';
import { sha256 } from '../models/release-files.ts';
import { writeRelease } from '../models/store.io.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import { DEFAULT_PARAMETERS } from '../training/boosting.ts';
import { readDataset } from '../training/dataset.io.ts';
import { assertTrainable, type Dataset } from '../training/dataset.ts';
import type { Evaluation } from '../training/evaluation.ts';
import { reportHoldout, type HoldoutReport } from '../training/holdout-report.ts';
import { metricsFile } from '../training/metrics-file.ts';
import { FIGURES, modelCard } from '../training/model-card.ts';
import { splitDataset } from '../training/split.ts';
import { trainRelease, type TrainingResult } from '../training/train.ts';
import { createProgress, packageRoot, readConfig, say, withConfig } from './context.ts';
import { CSV_HELP } from './event-file.io.ts';
import { positiveInteger, positiveNumber, wholeNumber } from './options.ts';
import { recordTraining } from './record-training.ts';

interface TrainOptions {
  readonly config: string;
  readonly data?: string;
  readonly out: string;
  readonly metrics: string;
  readonly holdoutRows?: string;
  readonly seed: number;
  readonly rounds: number;
  readonly columnSampling: number;
  readonly earlyStopping: number;
}

/** The runbook's gate: weighted F1 on the holdout. */
const GATE_F1 = 0.8;
const SIMULATED = 10_000;
const DEFAULT_DATA = 'data/raw/Churn.csv';

export function trainCommand(): Command {
  return withConfig(new Command('train'))
    .description(
      'train a model, evaluate it on the holdout, release it if it passes the gate (weighted F1 > 0.80)',
    )
    .addHelpText('after', CSV_HELP)
    .option('--data <csv>', `labelled customers (default: ${DEFAULT_DATA}, else simulated customers)`)
    .option('--out <folder>', 'of the release', 'models/champion')
    .option('--metrics <file>', 'figures as JSON', 'models/metrics.json')
    .option('--holdout-rows <file>', 'row numbers of the holdout, one a line')
    .option('--seed <n>', 'of row sampling and splits', positiveInteger, DEFAULT_PARAMETERS.seed)
    .option('--rounds <n>', 'of boosting', positiveInteger, DEFAULT_PARAMETERS.rounds)
    .option(
      '--column-sampling <share>',
      'of the columns, drawn for each tree',
      positiveNumber,
      DEFAULT_PARAMETERS.columnSampling,
    )
    .option(
      '--early-stopping <n>',
      'end after n rounds without a lower loss on one fold, then fit all rows with the best number; 0: all rounds',
      wholeNumber,
      DEFAULT_PARAMETERS.earlyStoppingRounds,
    )
    .action(async (options: TrainOptions) => {
      const { resampling, mlflow } = readConfig(options);
      const dataset = await openDataset(options.data);
      const split = splitDataset(dataset, options.seed, await readHoldout(options.holdoutRows));
      say(
        `training on ${String(split.train.length)} customers of ${dataset.name}, holdout of ${String(split.holdout.length)} (${split.name}), resampling: ${resampling.strategy}`,
      );
      if (resampling.strategy !== 'none')
        say(
          'resampling costs calibration and does not raise F1 once the threshold is chosen by cross-validation',
        );
      const progress = createProgress();
      const begun = Date.now();
      const result = trainRelease(dataset, split, {
        parameters: {
          seed: options.seed,
          rounds: options.rounds,
          columnSampling: options.columnSampling,
          earlyStoppingRounds: options.earlyStopping,
        },
        resampling: resampling.strategy,
        memoryBudgetBytes: resampling.memoryBudgetMiB * 1024 * 1024,
        onProgress: (stage, share) => progress.update(`${stage} ${(share * 100).toFixed(0)} %`),
      });
      progress.end();
      await proveRelease(result.release);
      await gateAndWrite(options, result, dataset, Date.now() - begun);
      await recordTraining(mlflow, result.release, options, begun);
    });
}

async function openDataset(path: string | undefined): Promise<Dataset> {
  const fallback = join(packageRoot(), DEFAULT_DATA);
  const file = path ?? [DEFAULT_DATA, fallback].find((candidate) => existsSync(candidate));
  if (file !== undefined) {
    const dataset = await readDataset(file, 'churn');
    assertTrainable(dataset, file);
    return dataset;
  }
  say(
    `no ${DEFAULT_DATA}: training on ${String(SIMULATED)} simulated customers (place the bank's file there, or use --data)`,
  );
  const next = createSimulator({ seed: 1, startMs: 0, stepMs: 1, idPrefix: 'sim-' });
  const customers = Array.from({ length: SIMULATED }, next);
  return {
    name: 'simulated',
    sha256: sha256(JSON.stringify(customers)),
    events: customers.map(({ event }) => event),
    labels: Uint8Array.from(customers, ({ churned }) => Number(churned)),
    rowNumbers: customers.map((_, i) => i + 1),
  };
}

async function readHoldout(path: string | undefined): Promise<{ name: string; rows: number[] } | undefined> {
  if (path === undefined) return undefined;
  const lines = (await readFile(path, 'utf8')).split(/\s+/).filter((line) => line !== '');
  const rows = lines.map(Number);
  const bad = rows.findIndex((row) => !Number.isInteger(row));
  if (bad >= 0) throw new Error(`${path}: "${lines[bad] ?? ''}" is not a row number`);
  return { name: path.replace(/^.*\//, '').replace(/\.txt$/, ''), rows };
}

async function gateAndWrite(
  options: TrainOptions,
  { release, evaluation, holdout }: TrainingResult,
  dataset: Dataset,
  ms: number,
): Promise<void> {
  const { manifest } = release;
  const report = reportHoldout(holdout, evaluation.threshold, options.seed);
  say(`trained in ${(ms / 1000).toFixed(1)} s\n`);
  for (const line of summary(evaluation, report)) say(line);
  const f1 = evaluation.f1_weighted.toFixed(4);
  if (!(evaluation.f1_weighted > GATE_F1)) {
    throw new Error(
      `weighted F1 ${f1} on the holdout of ${dataset.name} is not above ${String(GATE_F1)}: nothing released`,
    );
  }
  const card = modelCard({ manifest, evaluation, report, gateF1: GATE_F1 });
  await writeRelease(options.out, release);
  for (const [path, text] of card) await writeText(join(options.out, path), text);
  await writeText(options.metrics, metricsFile(manifest, evaluation, report));
  say(
    `\ngate passed: weighted F1 ${f1} > ${GATE_F1.toFixed(2)} (of both classes by their size; the churn class alone has ${evaluation.f1_churn.toFixed(4)})`,
  );
  say(
    `released ${manifest.version} to ${options.out} (model card: README.md), figures in ${options.metrics}`,
  );
}

async function writeText(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** The figures with their intervals, and who is found how often. */
function* summary(
  evaluation: Evaluation,
  { intervals, slices, recall_gaps }: HoldoutReport,
): Generator<string> {
  yield `${'on the holdout'.padEnd(38)}  value   95 % interval`;
  for (const [name, label] of FIGURES) {
    const { low, high } = intervals[name];
    yield `  ${label.padEnd(36)} ${evaluation[name].toFixed(4)}   ${low.toFixed(4)} .. ${high.toFixed(4)}`;
  }
  const { tp, fp, fn, tn } = evaluation.confusion;
  yield `  of ${String(tp + fn)} who left ${String(tp)} were found, of ${String(fp + tn)} who stayed ${String(fp)} were called leaving (threshold ${evaluation.threshold.toFixed(4)})`;
  for (const [dimension, groups] of Object.entries(slices)) {
    const recalls = Object.entries(groups).map(
      ([group, { recall }]) => `${group} ${recall === null ? '–' : recall.toFixed(2)}`,
    );
    const gap = recall_gaps[dimension];
    yield `  recall by ${dimension}: ${recalls.join(', ')}${gap == null ? '' : ` (gap ${gap.toFixed(2)})`}`;
  }
}
