import { Command } from 'commander';
import { say } from './context.ts';
import { startEmbedded } from './embedded/embedded.io.ts';
import { portNumber } from './options.ts';

interface BrokerOptions {
  readonly kafkaPort: number;
  readonly registryPort: number;
  readonly data: string;
}

export function brokerCommand(): Command {
  return new Command('broker')
    .description('run the embedded Kafka and schema registry in the foreground until Ctrl-C')
    .option('--kafka-port <port>', 'of Kafka', portNumber, 9092)
    .option('--registry-port <port>', 'of the schema registry', portNumber, 8081)
    .option('--data <folder>', 'where records stay', '.data/broker')
    .action(async ({ kafkaPort, registryPort, data }: BrokerOptions) => {
      const asked = new Promise<void>((resolve) => {
        process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
      });
      const embedded = await startEmbedded({ kafkaPort, registryPort, dataDir: data, onProgress: say });
      process.stdout.write(
        `KAFKA_BROKERS=${embedded.brokers}\nSCHEMA_REGISTRY_URL=${embedded.registryUrl ?? ''}\n`,
      );
      say('Ctrl-C ends');
      const died = await Promise.race([asked, embedded.died]);
      await embedded.stop();
      if (died !== undefined) throw new Error(died);
      say('stopped');
    });
}
