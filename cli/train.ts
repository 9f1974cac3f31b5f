import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command, Option } from 'commander';
import { writeRelease } from '../models/store.io.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import { DEFAULT_PARAMETERS } from '../training/boosting.ts';
import type { Evaluation } from '../training/evaluation.ts';
import { reportHoldout, type HoldoutReport } from '../training/holdout-report.ts';
import { metricsFile } from '../training/metrics-file.ts';
import { FIGURES, modelCard } from '../training/model-card.ts';
import { splitDataset } from '../training/split.ts';
import { trainRelease, type TrainingResult } from '../training/train.ts';
import type { BadRowsRule } from '../schemas/csv/bad-rows.ts';
import { createProgress, readConfig, say, withConfig } from './context.ts';
import { CSV_HELP, withBadRows } from './event-file.io.ts';
import { positiveInteger, positiveNumber, wholeNumber } from './options.ts';
import { recordTraining } from './record-training.ts';
import { DEFAULT_DATA, openDataset, PLACES, placesOf, simulatedDataset, SIMULATED_FOLDER, type Places } from './training-data.ts'; // prettier-ignore

interface TrainOptions {
  readonly config: string;
  readonly data?: string;
  readonly badRows: BadRowsRule;
  readonly simulated?: true;
  readonly out?: string;
  readonly metrics?: string;
  readonly holdoutRows?: string;
  readonly seed: number;
  readonly rounds: number;
  readonly columnSampling: number;
  readonly earlyStopping: number;
}

/** The runbook's gate: weighted F1 on the holdout. */
const GATE_F1 = 0.8;

export function trainCommand(): Command {
  return withBadRows(withConfig(new Command('train')))
    .description(
      'train a model, evaluate it on the holdout, release it if it passes the gate (weighted F1 > 0.80)',
    )
    .addHelpText('after', CSV_HELP)
    .option('--data <csv>', `labelled customers (default: ${DEFAULT_DATA})`)
    .addOption(
      new Option('--simulated', `simulated customers instead; writes below ${SIMULATED_FOLDER}`).conflicts(
        'data',
      ),
    )
    .option(
      '--out <folder>',
      `of the release (default: ${PLACES.real.out}, ${PLACES.simulated.out} if simulated)`,
    )
    .option(
      '--metrics <file>',
      `figures as JSON (default: ${PLACES.real.metrics}, ${PLACES.simulated.metrics} if simulated)`,
    )
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
      const { resampling, mlflow, model, customer } = readConfig(options);
      const reading = { badRows: options.badRows, notice: say };
      const places = placesOf(options, model.dir);
      const dataset =
        options.simulated === true ? simulatedDataset() : await openDataset(options.data, customer, reading);
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
      await gateAndWrite(places, options.seed, result, dataset.name, Date.now() - begun);
      await recordTraining(mlflow, result.release, places, begun);
    });
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
  { out, metrics }: Places,
  seed: number,
  { release, evaluation, holdout }: TrainingResult,
  data: string,
  ms: number,
): Promise<void> {
  const { manifest } = release;
  const report = reportHoldout(holdout, evaluation.threshold, seed);
  say(`trained in ${(ms / 1000).toFixed(1)} s\n`);
  for (const line of summary(evaluation, report)) say(line);
  const f1 = evaluation.f1_weighted.toFixed(4);
  if (!(evaluation.f1_weighted > GATE_F1)) {
    throw new Error(
      `weighted F1 ${f1} on the holdout of ${data} is not above ${String(GATE_F1)}: nothing released`,
    );
  }
  const card = modelCard({ manifest, evaluation, report, gateF1: GATE_F1 });
  await writeRelease(out, release);
  for (const [path, text] of card) await writeText(join(out, path), text);
  await writeText(metrics, metricsFile(manifest, evaluation, report));
  say(
    `\ngate passed: weighted F1 ${f1} > ${GATE_F1.toFixed(2)} (of both classes by their size; the churn class alone has ${evaluation.f1_churn.toFixed(4)})`,
  );
  say(`released ${manifest.version} to ${out} (model card: README.md), figures in ${metrics}`);
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
