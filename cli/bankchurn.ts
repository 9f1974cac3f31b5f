/** The program: one file per command. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, CommanderError } from 'commander';
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import { packageRoot, say } from './context.ts';

const DONE = 0;
const FAILED = 1;
const USAGE = 2;

/** In the order of the help. Only the file of the command that is asked for is loaded: it brings much of the program with it. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./init.ts')).initCommand(),
  serve: async () => (await import('./serve.ts')).serveCommand(),
  produce: async () => (await import('./produce.ts')).produceCommand(),
  consume: async () => (await import('./consume.ts')).consumeCommand(),
  score: async () => (await import('./score.ts')).scoreCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  train: async () => (await import('./train.ts')).trainCommand(),
  drift: async () => (await import('./drift.ts')).driftCommand(),
  models: async () => (await import('./models.ts')).modelsCommand(),
  retrain: async () => (await import('./retrain.ts')).retrainCommand(),
  trainer: async () => (await import('./trainer.ts')).trainerCommand(),
  offsets: async () => (await import('./offsets.ts')).offsetsCommand(),
  topics: async () => (await import('./topics.ts')).topicsCommand(),
  broker: async () => (await import('./broker.ts')).brokerCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
};

async function program([, , name = '']: readonly string[]): Promise<Command> {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  const root = new Command('bankchurn')
    .description('Customer events in, churn scores with exact reasons out, exactly once, on Kafka.')
    .version(version)
    .showHelpAfterError('(--help tells more)');
  const asked = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]!] : Object.values(COMMANDS);
  for (const command of await Promise.all(asked.map((load) => load()))) root.addCommand(command);
  throwOnExit(root);
  return root;
}

function throwOnExit(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: (words) => say(words.trimEnd()) });
  for (const nested of command.commands) throwOnExit(nested);
}

/** Whoever reads the output has had enough (`| head`): nothing more is to be said. Other errors of a stream are thrown. */
function endWithReader(): void {
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(FAILED);
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', onError);
}

/** Runs one command; sets the exit code: 0 done, 1 failed, 2 usage or configuration. */
export async function main(argv: readonly string[]): Promise<void> {
  endWithReader();
  try {
    await (await program(argv)).parseAsync([...argv]);
  } catch (error) {
    process.exitCode = exitCode(error);
    if (!(error instanceof CommanderError)) say(`bankchurn: ${sentenceOf(error)}`);
    // A failed command may have left connections open.
    setTimeout(() => process.exit(), 500).unref();
  }
}

/** What is wrong with a file that cannot be used, and what to do, by the system's code. */
const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder: check the name',
  EISDIR: 'it is a folder: name a file in it',
  EACCES: 'permission denied: check the rights',
};

/** What a command says of its failure. Kafka's client does not say whose connection it is that fails. */
export function sentenceOf(error: unknown): string {
  const isAway = error instanceof BankChurnError && error.code === 'BROKER_UNAVAILABLE';
  return isAway
    ? `Kafka does not answer as it should: ${messageOf(error)} (is it running, and is KAFKA_BROKERS right?)`
    : (sentenceOfFile(error) ?? messageOf(error));
}

function sentenceOfFile(error: unknown): string | undefined {
  const { code, path } = error as Partial<NodeJS.ErrnoException>;
  const what = code === undefined || !(error instanceof Error) ? undefined : FILE_ERRORS[code];
  return what && `${path ?? 'the file'}: ${what}`;
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : USAGE;
  return error instanceof BankChurnError && error.code === 'CONFIG_INVALID' ? USAGE : FAILED;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main(process.argv);
