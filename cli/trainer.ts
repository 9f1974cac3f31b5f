/** `bankchurn trainer`: shows what the trainer waits for, and pauses it. Everything is on Kafka, so it works from any shell. */
import { Command } from 'commander';
import { decideTrainer } from '../models/log-requests.ts';
import { readRequests } from '../service/retrain-requests.io.ts';
import { groupsOf } from '../service/role-topics.ts';
import { LONGEST_RETRY_MS } from '../service/trainer-role.io.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { say, withConfig, type Context, withContext } from './context.ts';
import { print } from './printable.ts';
import { statusJson, statusLines, type Standing } from './trainer-status.ts';

interface Options {
  readonly config: string;
}

const EXAMPLES = `
Examples:
  $ bankchurn trainer status
  $ bankchurn trainer pause --reason "audit until Monday"
  $ bankchurn trainer resume`;

export function trainerCommand(): Command {
  return new Command('trainer')
    .description('what the trainer waits for; pause and resume it')
    .addHelpText('after', EXAMPLES)
    .addCommand(statusCommand())
    .addCommand(changeCommand('pause'))
    .addCommand(changeCommand('resume'));
}

function statusCommand(): Command {
  return withConfig(new Command('status'))
    .description('which request it answers, how many labels there are, when it looks again')
    .option('--json', 'as JSON')
    .action((options: Options & { json?: true }) =>
      withContext(options, async (context) => {
        const standing = await readStanding(context);
        if (options.json === true) print(JSON.stringify(statusJson(standing)));
        else for (const line of statusLines(standing)) print(line);
      }),
    );
}

/** A training that has begun is finished and answered; a pause holds whatever comes next. */
function changeCommand(name: 'pause' | 'resume'): Command {
  return withConfig(new Command(name))
    .description(
      name === 'pause'
        ? 'train nothing until `trainer resume`; survives restarts; requests wait'
        : 'let a paused trainer go on',
    )
    .option('--reason <text>', 'why; kept in the log')
    .action((options: Options & { reason?: string }) =>
      withContext(options, async (context) => {
        const word = name === 'pause' ? 'paused' : 'resumed';
        await modelLogOf(context).write((log) => decideTrainer(log, word, options.reason), 'OPERATOR');
        say(`the trainer is ${word}`);
      }),
    );
}

async function readStanding(context: Context): Promise<Standing> {
  const { config, kafka } = context;
  const { retryMs, expiryMs } = config.training;
  return {
    log: await modelLogOf(context).read(),
    requests: await readRequests(context),
    trainers: await kafka.administer((admin) => admin.groupMembers(groupsOf(config).trainer)),
    nowMs: Date.now(),
    retryMs: { first: retryMs, longest: LONGEST_RETRY_MS },
    expiryMs,
  };
}
