/** Brokers and a registry of this run alone; scorers reach each through a proxy, the oracle directly. */
import { startEmbedded, type Embedded } from '../../cli/embedded/embedded.io.ts';
import { newClusterId } from '../../cli/embedded/launch.io.ts';
import { choosePort } from '../../cli/embedded/ports.io.ts';
import { openContext, packageRoot, readConfig, type Context } from '../../cli/context.ts';
import { prepareTopics } from '../../cli/topics.ts';
import { startProxy, type Proxy } from './proxy.ts';

/** Of the dead letters' topic: less than the largest poison records have, so that their letters are cut. */
const DEAD_LETTER_BYTES = 200_000;

export interface Cluster {
  /** The brokers; node ids count from 1. */
  readonly nodes: readonly Embedded[];
  /** Addresses past the proxies, `host:port,…`. */
  readonly brokers: string;
  readonly registryUrl: string;
  /** Past the proxies. */
  readonly direct: Context;
  /** Environment of a scorer. */
  readonly env: Record<string, string>;
  /** The network before all brokers. */
  readonly kafka: Pick<Proxy, 'setMode' | 'reset' | 'holdCommits' | 'releaseCommits'>;
  readonly registry: Proxy;
  close(): Promise<void>;
}

interface Ports {
  readonly plain: number;
  readonly proxied: number;
  readonly controller: number;
}

const at = (port: number): string => `127.0.0.1:${String(port)}`;

/** Of three brokers: everything is on all of them, and two must have a record before it counts. */
const REPLICATED = {
  'offsets.topic.num.partitions': '3',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.num.partitions': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
};

/** @param brokers 1, or 3 with replication 3 and min.insync.replicas 2. */
export async function startCluster(onProgress: (line: string) => void, brokers: 1 | 3 = 1): Promise<Cluster> {
  const taken = new Set<number>();
  const ports: Ports[] = [];
  for (let i = 0; i < brokers; i++)
    ports.push({
      plain: await choosePort(undefined, 'Kafka', taken),
      proxied: await choosePort(undefined, 'Kafka behind the proxy', taken),
      controller: await choosePort(undefined, 'the controller', taken),
    });
  const proxies = await Promise.all(ports.map(({ proxied }) => startProxy(() => proxied)));
  const nodes = await startNodes(ports, proxies, onProgress);
  const registryUrl = nodes[0]!.registryUrl!;
  const registry = await startProxy(() => Number(new URL(registryUrl).port));
  const common = { TOPIC_PREFIX: 'chaos.', LOG_LEVEL: 'INFO', SESSION_TIMEOUT_MS: '4000' };
  const direct = nodes.map(({ brokers: address }) => address).join(',');
  const config = readConfig(
    { config: `${packageRoot()}/configs/config.yaml` },
    { ...common, KAFKA_BROKERS: direct, SCHEMA_REGISTRY_URL: registryUrl },
  );
  const [replicationFactor, minInsyncReplicas] = brokers === 3 ? [3, 2] : [1, 1];
  const context = openContext({
    ...config,
    topics: { ...config.topics, replicationFactor, minInsyncReplicas },
  });
  const settings = {
    'min.insync.replicas': String(minInsyncReplicas),
    'max.message.bytes': String(DEAD_LETTER_BYTES),
  };
  const letters = {
    name: config.topics.names.deadLetters,
    partitions: config.topics.partitions,
    replicationFactor,
    settings,
  };
  await context.kafka.administer((admin) => admin.createTopics([letters]));
  await prepareTopics(context);
  return {
    nodes,
    brokers: direct,
    registryUrl,
    direct: context,
    env: {
      ...common,
      KAFKA_BROKERS: proxies.map(({ port }) => at(port)).join(','),
      SCHEMA_REGISTRY_URL: registryUrl.replace(/:\d+\//, `:${String(registry.port)}/`),
    },
    kafka: {
      setMode: (mode) => proxies.forEach((proxy) => proxy.setMode(mode)),
      reset: (atMost = Infinity) =>
        proxies.reduce((done, proxy) => done + proxy.reset(Math.max(0, atMost - done)), 0),
      holdCommits: () => proxies.forEach((proxy) => proxy.holdCommits()),
      releaseCommits: async (lateMs) => {
        const late = await Promise.all(proxies.map((proxy) => proxy.releaseCommits(lateMs)));
        return late.reduce((sum, count) => sum + count, 0);
      },
    },
    registry,
    close: async () => {
      context.registry?.close();
      await Promise.all(nodes.map((node) => node.stop()));
      await Promise.all([...proxies, registry].map((proxy) => proxy.close()));
    },
  };
}

/** All at once: a broker is ready when most controllers are there. Where one fails, none stays. */
async function startNodes(
  ports: readonly Ports[],
  proxies: readonly Proxy[],
  onProgress: (line: string) => void,
): Promise<Embedded[]> {
  const clusterId = newClusterId();
  const voters = ports.map(({ controller }, i) => `${String(i + 1)}@${at(controller)}`).join(',');
  const starts = await Promise.allSettled(
    ports.map(({ plain, proxied, controller }, i) =>
      startEmbedded({
        kafkaPort: plain,
        registry: i === 0,
        clusterId,
        onProgress,
        extraProperties: {
          ...(ports.length > 1 ? REPLICATED : {}),
          'node.id': String(i + 1),
          listeners: `PLAINTEXT://${at(plain)},PROXIED://${at(proxied)},CONTROLLER://${at(controller)}`,
          'advertised.listeners': `PLAINTEXT://${at(plain)},PROXIED://${at(proxies[i]!.port)}`,
          'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
          'controller.quorum.voters': voters,
        },
      }),
    ),
  );
  const nodes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed === undefined) return nodes;
  await Promise.all(nodes.map((node) => node.stop()));
  throw failed.reason;
}
