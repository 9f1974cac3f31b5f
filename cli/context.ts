import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { loadConfig } from '../config-file.io.ts';
import { misspeltVariables } from '../config-variables.ts';
import type { Config } from '../config.ts';
import { kafkaOf, registryOf } from '../service/wiring.io.ts';
import type { KafkaClient } from '../kafka/port.ts';
import { withoutCredentials } from '../schemas/address.ts';
import { printable } from '../schemas/printable.ts';
import type { Registry } from '../schemas/registry.io.ts';

/** The folder of the package, from the sources and from the compiled program alike. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** Words of commands, on stderr; data goes to stdout (`print`). A newline starts a new line. */
export function say(words: string): void {
  process.stderr.write(`${withoutCredentials(words).split('\n').map(printable).join('\n')}\n`);
}

/** An empty variable counts as not set. */
const set = (env: NodeJS.ProcessEnv, name: string): string | undefined => env[name] || undefined;

/** Adds `--config`, as every command has it that needs the configuration. */
export function withConfig(command: Command): Command {
  return command.option(
    '--config <file>',
    'configuration file',
    set(process.env, 'CONFIG') ?? join(packageRoot(), 'configs/config.yaml'),
  );
}

/** What most commands work with. */
export interface Context {
  readonly config: Config;
  readonly kafka: KafkaClient;
  readonly registry: Registry | undefined;
}

/** Loads the configuration (relative model folders count from the package, those of another customer schema from the present folder); `warn` is called for misspelt variables. */
export function readConfig(
  options: { config: string },
  env: NodeJS.ProcessEnv = process.env,
  warn: (warning: string) => void = say,
): Config {
  misspeltVariables(env).forEach(warn);
  const config = loadConfig({ path: options.config, env, root: packageRoot() });
  const { isShipped, model } = config.places;
  const isOwn = !isShipped && config.model.dir === model;
  const inPackage = !isOwn && set(env, 'MODEL_DIR') === undefined && !existsSync(config.model.dir);
  return inPackage
    ? { ...config, model: { ...config.model, dir: join(packageRoot(), config.model.dir) } }
    : config;
}

export function openContext(config: Config): Context {
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet };
  return { config, kafka: kafkaOf(config, log), registry: registryOf(config) };
}

/** Opens what a command works with, and closes it however the work ends. */
export async function withContext(
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

/** One line that is rewritten on a terminal, and written every few seconds elsewhere. */
export function createProgress(everyMs = 2000): { update(line: string): void; end(): void } {
  const terminal = process.stderr.isTTY;
  let last = 0;
  return {
    update: (line) => {
      const now = Date.now();
      if (now - last < (terminal ? 100 : everyMs)) return;
      last = now;
      process.stderr.write(terminal ? `\r\x1b[K${printable(line)}` : `${printable(line)}\n`);
    },
    end: () => {
      if (terminal) process.stderr.write('\r\x1b[K');
    },
  };
}
