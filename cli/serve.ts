import { Command } from 'commander';
import { createLog, serve } from '../main.ts';
import { ROLES, type RoleName } from '../wiring.ts';
import { readConfig, withConfig } from './context.ts';
import { listOf } from './options.ts';

export function serveCommand(): Command {
  return withConfig(new Command('serve'))
    .description('score customer events until SIGTERM; health and metrics on PORT')
    .option('--roles <list>', `of ${ROLES.join(', ')}`, listOf(ROLES), [...ROLES])
    .option('--with-parent', 'stop when standard input closes (for programs that start this one)')
    .action(async (options: { config: string; roles: readonly RoleName[]; withParent?: true }) => {
      const config = readConfig(options);
      const log = createLog(config.logLevel);
      if (options.withParent) process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume();
      process.exitCode = await serve(config, log, options.roles);
      // What a library left open must not keep a stopped service alive.
      setTimeout(() => process.exit(), 1000).unref();
      process.stdin.destroy();
    });
}
