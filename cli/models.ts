import { Command } from 'commander';
import { checkInputs } from '../models/customer-schema.ts';
import { decideResume } from '../models/log-decisions.ts';
import type { ModelLog } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { say, withConfig, withContext } from './context.ts';
import {
  activateModel,
  approveModel,
  releaseModel,
  rollbackModel,
  type ReleaseOptions,
  type RollbackOptions,
} from './models-change.ts';
import type { ChangeOptions, ModelsContext } from './models-wait.ts';
import { factJson, factLine, listJson, listLines, liveJson, skippedLine } from './models-show.ts';
import { moment, positiveInteger, probability } from './options.ts';
import { print } from './printable.ts';
import { printable } from '../schemas/printable.ts';

interface Options {
  readonly config: string;
}
interface ShowOptions extends Options {
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  $ bankchurn models list
  $ bankchurn models history --json | tail -20
  $ bankchurn models at 2026-11-24T10:00Z            which model was live then
  $ bankchurn models release models/champion --reason "trained on June"
  $ bankchurn models release --from churn-2ccb2fe9 --threshold 0.35 --reason "ticket 4711"
  $ bankchurn models activate churn-2ccb2fe9 --reason "ticket 4711"
  $ bankchurn models approve stream-2ccb2fe9 --reason "looked at with risk"
  $ bankchurn models rollback --dry-run              what would serve
  $ bankchurn models rollback --to churn-2ccb2fe9`;

export function modelsCommand(): Command {
  const root = new Command('models')
    .description('the history of what is in production')
    .addHelpText('after', EXAMPLES);
  const commands = [listCommand, historyCommand, atCommand, releaseCommand, activateCommand, approveCommand, rollbackCommand, resumeCommand]; // prettier-ignore
  for (const create of commands) root.addCommand(create());
  return root;
}

const withJson = (command: Command): Command => withConfig(command).option('--json', 'as JSON');
const withReason = (command: Command): Command =>
  withConfig(command).option('--reason <text>', 'why; kept in the log');
const withWait = (command: Command): Command =>
  withReason(command)
    .option('--timeout <seconds>', 'to wait until a scorer serves or refuses it', positiveInteger, 60)
    .option('--no-wait', 'do not wait for a scorer');

function listCommand(): Command {
  return withJson(new Command('list'))
    .description('releases, what served when, and the answers to retrain requests')
    .action((options: ShowOptions) =>
      withModels(options, async ({ modelLog, ...context }) => {
        const log = await modelLog.read();
        if (options.json === true) print(JSON.stringify(listJson(log)));
        else for (const line of listLines(log)) print(line);
        saySkipped(log, context.config.topics.names.churnModels);
      }),
    );
}

function historyCommand(): Command {
  return withJson(new Command('history'))
    .description('each fact in order: releases, activations, what scorers said of them, refusals, holds')
    .action((options: ShowOptions) =>
      withModels(options, ({ modelLog }) =>
        modelLog.scan((entry) =>
          print(options.json === true ? JSON.stringify(factJson(entry)) : factLine(entry)),
        ),
      ),
    );
}

function atCommand(): Command {
  return withJson(new Command('at'))
    .description('which model was live at a moment')
    .argument('<time>', 'such as 2026-11-24T10:00Z', moment)
    .action((atMs: number, options: ShowOptions) =>
      withModels(options, async ({ modelLog, ...context }) => {
        const log = await modelLog.read();
        const live = liveJson(log, atMs) as { version: string; time: string; offset: number } | null;
        if (options.json === true) print(JSON.stringify(live));
        else
          print(
            live === null
              ? 'no model was live'
              : `${live.version}, since ${live.time} (activation ${String(live.offset)})`,
          );
        saySkipped(log, context.config.topics.names.churnModels);
      }),
    );
}

function releaseCommand(): Command {
  return withReason(new Command('release'))
    .description('put a release of a folder into the log, without serving it')
    .argument('[folder]', 'as `bankchurn train` writes it (default: where the service looks, `model.dir`)')
    .option('--from <release>', 'a release of the log instead: its version, or the beginning of its sha256')
    .option('--threshold <p>', 'correct the threshold; the release gets a version of its own', probability)
    .action((folder: string | undefined, options: Options & ReleaseOptions) =>
      withModels(options, (context) => releaseModel(context, folder ?? context.config.model.dir, options)),
    );
}

function activateCommand(): Command {
  return withWait(new Command('activate'))
    .description('serve a release: proves it, writes, and waits until a scorer serves or refuses it')
    .argument('<release>', 'its version, the beginning of its sha256, or VERSION@SHA256')
    .option('--allow-simulated', 'a model of simulated customers may replace one of real data')
    .action((which: string, options: Options & ChangeOptions) =>
      withModels(options, (context) => activateModel(context, which, options)),
    );
}

function approveCommand(): Command {
  return withWait(new Command('approve'))
    .description(
      'serve a challenger that passed the gate and waits for approval (`training.activation: approve`)',
    )
    .argument('<release>', 'its version, the beginning of its sha256, or VERSION@SHA256')
    .action((which: string, options: Options & ChangeOptions) =>
      withModels(options, (context) => approveModel(context, which, options)),
    );
}

function rollbackCommand(): Command {
  return withWait(new Command('rollback'))
    .description('serve what served before, and hold later challengers until `models resume`')
    .option('--to <version>', 'a certain one of the models before')
    .option('--allow-simulated', 'a model of simulated customers may replace one of real data')
    .option('--dry-run', 'say what would serve, and write nothing')
    .action((options: Options & RollbackOptions) =>
      withModels(options, (context) => rollbackModel(context, options)),
    );
}

function resumeCommand(): Command {
  return withConfig(new Command('resume'))
    .description('end the hold of a rollback')
    .action((options: Options) =>
      withModels(options, async ({ modelLog, say: tell }) => {
        await modelLog.write(decideResume, 'OPERATOR');
        tell('resumed: challengers that pass the gate are activated again');
      }),
    );
}

const withModels = (options: Options, work: (context: ModelsContext) => Promise<void>): Promise<void> =>
  withContext(options, (context) => {
    const modelLog = modelLogOf(context);
    const prove = async (release: Release): Promise<void> => {
      checkInputs(release.manifest, context.config.customer);
      await proveRelease(release);
    };
    return work({ ...context, modelLog, prove, say: (line) => say(printable(line)) });
  });

function saySkipped(log: ModelLog, topic: string): void {
  const line = skippedLine(log, topic);
  if (line !== undefined) say(line);
}
