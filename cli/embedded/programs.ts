import { KAFKA_IMAGE, REGISTRY_IMAGE, REGISTRY_JAR } from './artifacts.ts';
import type { Properties } from './properties.ts';

/** A command and its arguments. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

/** Flags that start a small JVM fast. */
const JVM_FLAGS = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'] as const;

/** `kafka-storage format`: gives an empty data folder its cluster id. */
export function formatCommand(
  java: string,
  artifacts: string,
  properties: string,
  clusterId: string,
  more: readonly string[] = [],
): CommandLine {
  const format = ['format', '--cluster-id', clusterId, '--config', properties, '--ignore-formatted'];
  return {
    command: java,
    args: [...JVM_FLAGS, '-cp', `${artifacts}/kafka/*`, 'kafka.tools.StorageTool', ...format, ...more],
  };
}

/** The broker's JVM. */
export function brokerCommandLine(
  java: string,
  artifacts: string,
  properties: string,
  log4j: string,
): CommandLine {
  const log = `-Dlog4j2.configurationFile=${log4j}`;
  return {
    command: java,
    args: [...JVM_FLAGS, log, '-cp', `${artifacts}/kafka/*`, 'kafka.Kafka', properties],
  };
}

/**
 * The registry's JVM, on loopback.
 *
 * @param database H2's name of the database: `mem:name` or `file:path`.
 */
export function registryCommandLine(
  java: string,
  artifacts: string,
  port: number,
  database: string,
): CommandLine {
  const properties = {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': String(port),
    'quarkus.datasource.jdbc.url': `jdbc:h2:${database};DB_CLOSE_ON_EXIT=FALSE`,
    'quarkus.datasource.jdbc.min-size': '1',
    'quarkus.datasource.jdbc.initial-size': '1',
  };
  const flags = Object.entries(properties).map(([key, value]) => `-D${key}=${value}`);
  return { command: java, args: [...JVM_FLAGS, ...flags, '-jar', `${artifacts}/registry/${REGISTRY_JAR}`] };
}

/** Where the broker's image keeps its data: a volume that belongs to the image's user. */
export const CONTAINER_DATA = '/var/lib/kafka/data';

/** The broker as a container: settings go in as environment variables, data into a named volume. */
export function brokerContainer(
  name: string,
  volume: string,
  clusterId: string,
  port: number,
  properties: Properties,
): CommandLine {
  const env = Object.entries(properties).flatMap(([key, value]) => [
    '-e',
    `${environmentName(key)}=${value}`,
  ]);
  const run = containerRun(name, port, port);
  return {
    command: 'docker',
    args: [...run, '-v', `${volume}:${CONTAINER_DATA}`, '-e', `CLUSTER_ID=${clusterId}`, ...env, KAFKA_IMAGE],
  };
}

/** The registry as a container; it keeps its schemas in memory. */
export function registryContainer(name: string, port: number): CommandLine {
  return { command: 'docker', args: [...containerRun(name, port, 8080), REGISTRY_IMAGE] };
}

function containerRun(name: string, port: number, inside: number): string[] {
  return ['run', '--rm', '--name', name, '-p', `127.0.0.1:${String(port)}:${String(inside)}`];
}

/** How the broker's image names a setting: `a.b-c_d` is `KAFKA_A_B__C___D`. */
function environmentName(key: string): string {
  return `KAFKA_${key.replaceAll('_', '___').replaceAll('-', '__').replaceAll('.', '_').toUpperCase()}`;
}
