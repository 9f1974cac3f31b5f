import { Command } from 'commander';
import {
  activeModel,
  decideActivation,
  decideRollback,
  type LogChange,
  type ModelLog,
} from '../models/log.ts';
import { readRelease } from '../models/store.io.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import { modelLogOf } from '../service/wiring.io.ts';
import { openContext, readConfig, say, withConfig, type Context } from './context.ts';
import { print } from './printable.ts';

export function modelsCommand(): Command {
  const list = withConfig(new Command('list'))
    .description('releases and what served when')
    .action(async (options: { config: string }) => {
      await withLog(options, async (context) => {
        for (const line of describe(await modelLogOf(context).read())) print(line);
      });
    });
  const activate = withConfig(new Command('activate'))
    .description('serve a release')
    .argument('<release>', 'its version, or the beginning of its sha256')
    .action(async (which: string, options: { config: string }) =>
      change(options, (log) => decideActivation(log, which)),
    );
  const rollback = withConfig(new Command('rollback'))
    .description('serve what served before, and hold later challengers until `models resume`')
    .action(async (options: { config: string }) => change(options, decideRollback));
  const resume = withConfig(new Command('resume'))
    .description('end the hold of a rollback')
    .action(async (options: { config: string }) => change(options, decideResume));
  const release = withConfig(new Command('release'))
    .description('put a release of a folder into the log, without serving it')
    .argument('[folder]', 'as `bankchurn train` writes it', 'models/champion')
    .action(async (folder: string, options: { config: string }) => {
      const brought = await readRelease(folder);
      await proveRelease(brought);
      const { sha256 } = brought.manifest;
      const decide = (log: ModelLog): LogChange => ({
        release: !log.releases.has(sha256),
        kinds: [],
        sha256,
      });
      await withLog(options, async (context) => {
        const { change: done } = await modelLogOf(context).write(decide, 'OPERATOR', brought);
        say(
          `${brought.manifest.version}: ${done.release ? 'released' : 'was released before'}; serve it: bankchurn models activate ${brought.manifest.version}`,
        );
      });
    });
  const root = new Command('models').description('the history of what is in production');
  for (const command of [list, release, activate, rollback, resume]) root.addCommand(command);
  return root;
}

function decideResume(log: ModelLog): LogChange {
  const active = activeModel(log);
  if (!log.held || active === undefined) throw new Error('nothing is held');
  return { release: false, kinds: ['RESUME'], sha256: active.sha256 };
}

async function withLog(
  options: { config: string },
  work: (context: Context) => Promise<void>,
): Promise<void> {
  const context = openContext(readConfig(options));
  try {
    await work(context);
  } finally {
    context.registry?.close();
  }
}

async function change(options: { config: string }, decide: (log: ModelLog) => LogChange): Promise<void> {
  await withLog(options, async (context) => {
    const { log, change: done } = await modelLogOf(context).write(decide, 'OPERATOR');
    say(
      `${done.kinds.join(' and ').toLowerCase()}: ${log.releases.get(done.sha256)?.version ?? done.sha256}`,
    );
  });
}

/** The newest answers to retrain requests; all are in the log. */
const ANSWERS_SHOWN = 10;

function* describe(log: ModelLog): Generator<string> {
  const active = activeModel(log);
  for (const { version, sha256 } of log.releases.values()) {
    const times = log.activations.filter((activation) => activation.sha256 === sha256);
    const origins = times.map(({ offset, origin }) => `${origin.toLowerCase()}@${String(offset)}`).join(' ');
    yield `${active?.sha256 === sha256 ? '*' : ' '} ${version.padEnd(24)} ${sha256.slice(0, 12)}  ${origins === '' ? 'never active' : `active: ${origins}`}`;
  }
  const answers = [...log.answers.values()];
  if (answers.length > 0) yield 'retrain requests, newest last:';
  for (const { requestId, kind, reason } of answers.slice(-ANSWERS_SHOWN))
    yield `  ${requestId}  ${kind.toLowerCase()}: ${reason}`;
  if (log.held) yield 'held: challengers are not activated until `bankchurn models resume`';
}
