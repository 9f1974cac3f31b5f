/** Helpers of the tests that need Docker: the image of this tree, a broker in a network of its own. */
import { execFile, spawnSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { GenericContainer, Wait, type StartedNetwork, type StartedTestContainer } from 'testcontainers';
import { onTestFinished } from 'vitest';
import { openContext, packageRoot, readConfig } from '../cli/context.ts';
import { KAFKA_IMAGE } from '../cli/embedded/artifacts.ts';
import type { World } from './world.ts';

/** Without a Docker engine these tests are skipped, and counted. */
export const hasDocker = spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0;

const run = promisify(execFile);

/** One Docker command; its standard output. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { cwd: packageRoot(), maxBuffer: 1e8 });
  return stdout.trim();
}

/** Builds the image of this tree. */
export async function buildImage(tag: string): Promise<void> {
  await docker('build', '--quiet', '--tag', tag, '.');
}

/** A port of this machine that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** A broker: `kafka:9092` inside of the network, `localhost:<port>` here; the port stays through a restart. */
export async function startBroker(network: StartedNetwork, port: number): Promise<StartedTestContainer> {
  return new GenericContainer(KAFKA_IMAGE)
    .withNetwork(network)
    .withHostname('kafka')
    .withNetworkAliases('kafka')
    .withExposedPorts({ container: 29_092, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@kafka:9093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'INSIDE',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'INSIDE:PLAINTEXT,HOST:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_LISTENERS: 'INSIDE://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093,HOST://0.0.0.0:29092',
      KAFKA_ADVERTISED_LISTENERS: `INSIDE://kafka:9092,HOST://localhost:${String(port)}`,
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_BROKER_SESSION_TIMEOUT_MS: '3000',
      KAFKA_BROKER_HEARTBEAT_INTERVAL_MS: '500',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(120_000)
    .start();
}

/** As the manifests run it: no capability, nothing to write to, little memory. */
class SealedContainer extends GenericContainer {
  constructor(image: string) {
    super(image);
    this.hostConfig.ReadonlyRootfs = true;
    this.withDroppedCapabilities('ALL').withSecurityOpt('no-new-privileges');
    this.withResourcesQuota({ memory: 0.5 });
  }
}

/** The image as a service, healthy by its own check. */
export async function startImage(
  tag: string,
  network: StartedNetwork,
  env: Readonly<Record<string, string>> = {},
): Promise<StartedTestContainer> {
  const container = await new SealedContainer(tag)
    .withNetwork(network)
    .withEnvironment({ KAFKA_BROKERS: 'kafka:9092', ...env })
    .withExposedPorts(8000)
    .withAutoRemove(false)
    .withWaitStrategy(Wait.forHealthCheck())
    .withStartupTimeout(120_000)
    .start();
  onTestFinished(async () => {
    await container.stop({ remove: true, timeout: 1000 }).catch(() => undefined);
  });
  return container;
}

/** What the helpers of world.ts need to write to and read from a broker in a container. */
export function worldAt(env: Record<string, string>): World {
  const context = openContext(readConfig({ config: `${packageRoot()}/configs/config.yaml` }, env));
  onTestFinished(() => context.registry?.close());
  return { env, context, start: () => Promise.reject(new Error('the service is a container here')) };
}
