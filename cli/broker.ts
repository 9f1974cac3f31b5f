import { Command } from 'commander';
import { say } from './context.ts';
import { startEmbedded, type EmbeddedOptions } from './embedded/embedded.io.ts';
import { portNumber } from './options.ts';
import { print } from './printable.ts';

interface BrokerOptions {
  readonly kafkaPort: number;
  readonly registryPort: number;
  readonly data: string;
}

/** `bankchurn broker`: Kafka and schema registry in the foreground until Ctrl-C; data stays for the next time. */
export function brokerCommand(): Command {
  return new Command('broker')
    .description('run the embedded Kafka and schema registry in the foreground until Ctrl-C')
    .option('--kafka-port <port>', 'of Kafka on 127.0.0.1; 0 = any free one', portNumber, 9092)
    .option(
      '--registry-port <port>',
      'of the schema registry on 127.0.0.1; 0 = any free one',
      portNumber,
      8081,
    )
    .option('--data <folder>', 'where data stays from one start to the next', '.data/broker')
    .action(async ({ kafkaPort, registryPort, data }: BrokerOptions) => {
      const ports = { ...(kafkaPort > 0 && { kafkaPort }), ...(registryPort > 0 && { registryPort }) };
      await runBroker({ dataDir: data, ...ports, onProgress: say });
    });
}

/**
 * Returns after a signal that asks to stop.
 *
 * @throws Error where it cannot start, or one of the two ended by itself.
 */
async function runBroker(options: EmbeddedOptions): Promise<void> {
  const asked = untilSignal();
  const embedded = await Promise.race([startEmbedded(options), asked]);
  if (embedded === undefined) process.exit(0); // asked before it was ready: what was started ends with us
  print(`KAFKA_BROKERS=${embedded.brokers}`);
  print(`SCHEMA_REGISTRY_URL=${embedded.registryUrl ?? ''}`);
  say(`data in ${embedded.dataDir}; Ctrl-C ends it`);
  const died = await Promise.race([embedded.died, asked]);
  await embedded.stop();
  if (died !== undefined) throw new Error(died);
  say('stopped');
}

/** Resolves at the first signal that asks to stop; a second one exits at once. */
function untilSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        resolve(undefined);
        process.on(signal, () => process.exit(1));
      });
    }
  });
}
