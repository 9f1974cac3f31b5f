import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command, Option } from 'commander';
import { placesOf } from '../config-places.ts';
import type { Config } from '../config.ts';
import { orderFault } from '../models/customer-schema.ts';
import { readRelease, writeRelease } from '../models/store.io.ts';
import type { BadRowsRule } from '../schemas/csv/bad-rows.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import { DEFAULT_PARAMETERS } from '../training/boosting.ts';
import type { Dataset } from '../training/dataset.ts';
import { examine } from '../training/examine.ts';
import { gateRules } from '../training/gate.ts';
import { runTraining, type TrainingOutcome, type TrainingTask } from '../training/run.ts';
import { splitDataset, type Split } from '../training/split.ts';
import { createProgress, readConfig, say, withConfig } from './context.ts';
import { refreshLock } from './dvc-lock.io.ts';
import { CSV_HELP, withBadRows } from './event-file.io.ts';
import { positiveInteger, positiveNumber, wholeNumber } from './options.ts';
import { recordTraining } from './record-training.ts';
import { dataFile, openDataset, outputsOf, simulatedDataset, SIMULATED_FOLDER, type Outputs } from './training-data.ts'; // prettier-ignore
import { trainingSummary } from './training-summary.ts';

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

const SHIPPED = placesOf(true, '');
const OTHERS = placesOf(false, '<name>');

export function trainCommand(): Command {
  return withBadRows(withConfig(new Command('train')))
    .description(
      'train a model, evaluate it on the holdout, release it if it passes the gate: what the customer schema asks under `gate` (the shipped one: weighted F1 > 0.80), or better than a constant score',
    )
    .addHelpText('after', CSV_HELP)
    .option(
      '--data <csv>',
      `labelled customers (default: ${SHIPPED.data ?? ''}, with the shipped customer schema)`,
    )
    .addOption(
      new Option('--simulated', `simulated customers instead; writes below ${SIMULATED_FOLDER}`).conflicts(
        'data',
      ),
    )
    .option(
      '--out <folder>',
      `of the release (default: ${SHIPPED.model}; ${OTHERS.model} with another customer schema; ${SIMULATED_FOLDER}/champion if simulated)`,
    )
    .option(
      '--metrics <file>',
      `figures as JSON (default: ${SHIPPED.metrics}; ${OTHERS.metrics} with another customer schema; ${SIMULATED_FOLDER}/metrics.json if simulated)`,
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
    .action(train);
}

async function train(options: TrainOptions): Promise<void> {
  const config = readConfig(options);
  const outputs = outputsOf(options, config);
  await checkOrder([outputs.out, config.places.model], config);
  const file = options.simulated === true ? undefined : dataFile(options.data, config);
  const dataset =
    file === undefined
      ? simulatedDataset()
      : await openDataset(file, config, { badRows: options.badRows, notice: say });
  const split = splitDataset(dataset, options.seed, await readHoldout(options.holdoutRows));
  announce(config, dataset, split);
  const { customer } = config;
  const examination = examine(dataset, split, customer);
  warn(examination.warnings);
  const gate = gateRules(customer, config.training.minWeightedF1);
  const task = { customer, dataset, split, examination, gate, seed: options.seed };
  const begun = Date.now();
  const outcome = runWithProgress(task, options, config);
  await proveRelease(outcome.release);
  say(`trained in ${((Date.now() - begun) / 1000).toFixed(1)} s\n`);
  for (const line of trainingSummary(outcome.evaluation, outcome.report)) say(line);
  warn(outcome.warnings);
  await release(outputs, outcome, dataset.name);
  if (file !== undefined && isUsual(options)) tellLock(file, outputs, config);
  await recordTraining(config.mlflow, outcome.release, outputs, begun);
}

/** Throws an Error if the order of the schema's inputs contradicts that of a model in one of some folders. */
async function checkOrder(folders: readonly string[], { customer }: Pick<Config, 'customer'>): Promise<void> {
  for (const folder of folders) {
    const champion = await readRelease(folder).catch(() => undefined); // a training may replace a broken one
    const fault = champion && orderFault(champion.manifest, customer);
    if (fault !== undefined) throw new Error(`nothing was trained: ${fault}`);
  }
}

function announce(
  { places, customer, resampling }: Config,
  dataset: Dataset,
  { train, holdout, name }: Split,
): void {
  if (!places.isShipped)
    say(
      `customer schema "${customer.name}": its model and figures lie in ${dirname(places.model)}, not in ${SHIPPED.model}`,
    );
  say(
    `training on ${String(train.length)} customers of ${dataset.name}, holdout of ${String(holdout.length)} (${name}), resampling: ${resampling.strategy}`,
  );
  if (resampling.strategy !== 'none')
    say(
      'resampling costs calibration and does not raise F1 once the threshold is chosen by cross-validation',
    );
}

function warn(warnings: readonly string[]): void {
  for (const warning of warnings) say(`warning: ${warning}`);
}

function runWithProgress(task: TrainingTask, options: TrainOptions, { resampling }: Config): TrainingOutcome {
  const progress = createProgress();
  try {
    return runTraining(task, {
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
  } finally {
    progress.end();
  }
}

async function readHoldout(path: string | undefined): Promise<{ name: string; rows: number[] } | undefined> {
  if (path === undefined) return undefined;
  const lines = (await readFile(path, 'utf8')).split(/\s+/).filter((line) => line !== '');
  const rows = lines.map(Number);
  const bad = rows.findIndex((row) => !Number.isInteger(row));
  if (bad >= 0) throw new Error(`${path}: "${lines[bad] ?? ''}" is not a row number`);
  return { name: path.replace(/^.*\//, '').replace(/\.txt$/, ''), rows };
}

/** Writes what passes the gate. */
async function release(
  { out, metrics }: Outputs,
  { release, evaluation, verdict, documents, metrics: figures }: TrainingOutcome,
  data: string,
): Promise<void> {
  if (!verdict.passed)
    throw new Error(
      `the gate refuses the model on the holdout of ${data}: ${verdict.reason}: nothing released`,
    );
  await writeRelease(out, release);
  for (const [path, text] of documents) await writeText(join(out, path), text);
  await writeText(metrics, figures);
  say(
    `\ngate passed: ${verdict.reason}. The F1 of the churn class alone is ${evaluation.f1_churn.toFixed(4)}`,
  );
  say(
    `released ${release.manifest.version} to ${out} (model card: README.md, data card: DATA.md), figures in ${metrics}`,
  );
}

async function writeText(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** Whether this is the training that `dvc.yaml` describes: `make train` with the settings that ship. */
function isUsual({ holdoutRows, seed, rounds, columnSampling, earlyStopping }: TrainOptions): boolean {
  const { earlyStoppingRounds, ...usual } = DEFAULT_PARAMETERS;
  return (
    holdoutRows === undefined &&
    seed === usual.seed &&
    rounds === usual.rounds &&
    columnSampling === usual.columnSampling &&
    earlyStopping === earlyStoppingRounds
  );
}

/** Brings `dvc.lock` in step with what was trained and written, where that is what `dvc.yaml` describes. */
function tellLock(file: string, { out, metrics }: Outputs, config: Config): void {
  if (!config.places.isShipped || out !== SHIPPED.model || metrics !== SHIPPED.metrics) return;
  const result = refreshLock(file, config);
  if (result !== undefined) say(result);
}
