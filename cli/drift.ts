import { Command } from 'commander';
import { readLastVerdict } from '../service/wiring.io.ts';
import { openContext, readConfig, say, withConfig } from './context.ts';
import { print } from './printable.ts';

export function driftCommand(): Command {
  return withConfig(new Command('drift'))
    .description('the newest verdict of the monitor: PSI of the score and of each feature')
    .option('--json', 'the whole record as JSON')
    .action(async (options: { config: string; json?: true }) => {
      const context = openContext(readConfig(options));
      const verdict = await readLastVerdict(context);
      context.registry?.close();
      if (verdict === undefined) {
        say(
          `no verdict yet on ${context.config.topics.names.driftVerdicts}: one is taken every ${String(context.config.drift.paneEvents)} events`,
        );
        return;
      }
      if (options.json) {
        print(JSON.stringify(verdict));
        return;
      }
      const { threshold } = context.config.drift;
      const series = [...verdict.psi].sort((a, b) => b.psi - a.psi);
      for (const { name, psi } of series) {
        print(
          `${name.padEnd(18)} ${psi.toFixed(4).padStart(8)}${psi >= threshold ? `  at or above ${String(threshold)}` : ''}`,
        );
      }
      say(
        `${verdict.drifted ? 'drifted' : 'no drift'}: ${String(verdict.events)} events against model ${verdict.modelSha256.slice(0, 8)}`,
      );
    });
}
