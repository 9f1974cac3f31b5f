/** A broker and a registry of this run alone; scorers reach both through proxies, the oracle directly. */
import { startEmbedded, type Embedded } from '../../cli/embedded/embedded.io.ts';
import { choosePort } from '../../cli/embedded/ports.io.ts';
import { openContext, packageRoot, readConfig, type Context } from '../../cli/context.ts';
import { prepareTopics } from '../../cli/topics.ts';
import { startProxy, type Proxy } from './proxy.ts';

export interface Cluster {
  readonly embedded: Embedded;
  /** Past the proxies. */
  readonly direct: Context;
  /** Environment of a scorer. */
  readonly env: Record<string, string>;
  readonly kafka: Proxy;
  readonly registry: Proxy;
  close(): Promise<void>;
}

export async function startCluster(onProgress: (line: string) => void): Promise<Cluster> {
  const taken = new Set<number>();
  const [plain, proxied, controller] = [
    await choosePort(undefined, 'Kafka', taken),
    await choosePort(undefined, 'Kafka behind the proxy', taken),
    await choosePort(undefined, 'the controller', taken),
  ];
  const kafka = await startProxy(() => proxied);
  const at = (port: number): string => `127.0.0.1:${String(port)}`;
  const embedded = await startEmbedded({
    kafkaPort: plain,
    onProgress,
    extraProperties: {
      listeners: `PLAINTEXT://${at(plain)},PROXIED://${at(proxied)},CONTROLLER://${at(controller)}`,
      'advertised.listeners': `PLAINTEXT://${at(plain)},PROXIED://${at(kafka.port)}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'controller.quorum.voters': `1@${at(controller)}`,
    },
  });
  const registryUrl = embedded.registryUrl!;
  const registry = await startProxy(() => Number(new URL(registryUrl).port));
  const common = { TOPIC_PREFIX: 'chaos.', LOG_LEVEL: 'INFO', SESSION_TIMEOUT_MS: '4000' };
  const direct = openContext(
    readConfig(
      { config: `${packageRoot()}/configs/config.yaml` },
      { ...common, KAFKA_BROKERS: embedded.brokers, SCHEMA_REGISTRY_URL: registryUrl },
    ),
  );
  await prepareTopics(direct);
  return {
    embedded,
    direct,
    env: {
      ...common,
      KAFKA_BROKERS: at(kafka.port),
      SCHEMA_REGISTRY_URL: registryUrl.replace(/:\d+\//, `:${String(registry.port)}/`),
    },
    kafka,
    registry,
    close: async () => {
      direct.registry?.close();
      await embedded.stop();
      await kafka.close();
      await registry.close();
    },
  };
}
