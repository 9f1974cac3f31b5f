import { spawn, type ChildProcess } from 'node:child_process';
import { Command, Option } from 'commander';
import type { Config } from '../config.ts';
import { reportToSupervisor } from '../service/workers.io.ts';
import { rolesOfWorker } from '../service/workers.ts';
import { createLog, serve, superviseWorkers } from '../service/serve.io.ts';
import { ROLES, type RoleName } from '../service/role-topics.ts';
import { withoutCredentials } from '../schemas/address.ts';
import { printable } from '../schemas/printable.ts';
import { readConfig, withConfig } from './context.ts';
import { listOf } from './options.ts';
import { createTopicsInBackground } from './topics-in-background.ts';
import { programArguments } from './service-process.io.ts';

interface ServeOptions {
  readonly config: string;
  readonly roles: readonly RoleName[];
  readonly withParent?: true;
  readonly createTopics?: true;
  /** Which worker of a supervisor this process is, from 1. */
  readonly worker?: string;
}

export function serveCommand(): Command {
  return withConfig(new Command('serve'))
    .description(
      'score customer events until SIGTERM; health and metrics on PORT; WORKERS=n scorer processes',
    )
    .option('--roles <list>', `of ${ROLES.join(', ')}`, listOf(ROLES), [...ROLES])
    .option('--with-parent', 'stop when standard input closes (for programs that start this one)')
    .option('--create-topics', 'create the topics that are missing, as soon as Kafka is there')
    .addOption(new Option('--worker <n>', 'be worker n of a supervisor').hideHelp())
    .action(async (options: ServeOptions) => {
      const warnings: string[] = [];
      const config = readConfig(options, process.env, (warning) => warnings.push(warning));
      if (options.withParent) process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume();
      process.exitCode = await run(config, options, warnings);
      // What a library left open must not keep a stopped service alive.
      setTimeout(() => process.exit(), 100).unref();
      process.stdin.destroy();
    });
}

function run(config: Config, options: ServeOptions, warnings: readonly string[]): Promise<number> {
  const { roles, worker } = options;
  const log = createLog(config.logLevel, (line) => printable(withoutCredentials(line)));
  if (worker !== undefined)
    return serve(config, log.child({ worker: Number(worker) }), roles, { outlet: reportToSupervisor });
  for (const warning of warnings) log.warn(warning);
  if (options.createTopics) void createTopicsInBackground(config, log);
  // Only scoring is worth more than one process.
  if (config.workers === 1 || !roles.includes('scorer')) return serve(config, log, roles);
  return superviseWorkers(config, log, (n) => spawnWorker(n, options));
}

function spawnWorker(worker: number, { config, roles }: ServeOptions): ChildProcess {
  const own = [
    '--worker',
    String(worker),
    '--config',
    config,
    '--roles',
    rolesOfWorker(roles, worker).join(','),
  ];
  return spawn(process.execPath, [...programArguments(), 'serve', ...own], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
}
