import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, ensureArtifacts } from './cache.io.ts';
import { startChild, tail, type Child } from './child.io.ts';
import { JVM_FLAGS, LOG4J2_PROPERTIES, renderServerProperties, type BrokerPorts } from './properties.ts';

const run = promisify(execFile);
/** A loaded machine takes 8 s; a stuck one is not waited for longer than this, milliseconds. */
const START_TIMEOUT_MS = 60_000;
const READY_LINE = 'Kafka Server started';

export interface EmbeddedOptions {
  /** Where data lives; without it a temporary folder that is removed at the end. */
  readonly dataDir?: string;
  /** Without it a free port below 32768. */
  readonly kafkaPort?: number;
  readonly registryPort?: number;
  /** Whether the schema registry is started too (default: yes). */
  readonly registry?: boolean;
  readonly onProgress?: (line: string) => void;
  /** More lines of `server.properties`. */
  readonly extraProperties?: Readonly<Record<string, string>>;
}

/** A real Apache Kafka and schema registry as child processes: they end with us, however we end. */
export interface Embedded {
  /** `127.0.0.1:port` */
  readonly brokers: string;
  /** Base address of the Confluent-compatible API. */
  readonly registryUrl: string | undefined;
  readonly clusterId: string;
  readonly kafkaPid: () => number;
  readonly registryPid: number | undefined;
  /** Resolves when a child ended that nobody stopped, with the end of its log. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
  /** SIGKILL of the broker's JVM. */
  killBroker(): Promise<void>;
  /** Starts the broker again on its data. */
  restartBroker(): Promise<void>;
}

/** Starts both and returns when both answer. */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<Embedded> {
  const onProgress = options.onProgress ?? ((): void => undefined);
  await requireJava();
  const artifacts = await ensureArtifacts(onProgress, cacheFolder());
  const begun = Date.now();
  onProgress('starting Apache Kafka' + (options.registry === false ? '' : ' and the schema registry'));
  const ports = await choosePorts(options);
  const temporary = options.dataDir === undefined;
  const root = temporary ? await mkdtemp(join(tmpdir(), 'bankchurn-')) : resolve(options.dataDir);
  const layout: Layout = { artifacts, root, temporary, ports, options };
  const started = await Promise.allSettled([
    startKafka(layout),
    options.registry === false ? undefined : startRegistry(layout),
  ]);
  const [kafka, registry] = started;
  if (kafka.status === 'rejected' || registry.status === 'rejected') {
    if (kafka.status === 'fulfilled') await kafka.value.child.stop();
    if (registry.status === 'fulfilled') await registry.value?.stop();
    if (temporary) await rm(root, { recursive: true, force: true });
    throw (kafka.status === 'rejected' ? kafka.reason : (registry as PromiseRejectedResult).reason) as Error;
  }
  onProgress(`ready after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  return control(layout, kafka.value, registry.value);
}

interface Layout {
  readonly artifacts: string;
  readonly root: string;
  readonly temporary: boolean;
  readonly ports: BrokerPorts & { readonly registry: number };
  readonly options: EmbeddedOptions;
}
interface StartedKafka {
  readonly child: Child;
  readonly clusterId: string;
}

function control(layout: Layout, kafka: StartedKafka, registry: Child | undefined): Embedded {
  const { ports, root, temporary } = layout;
  let broker = kafka.child;
  let expected = false;
  const died = new Promise<string>((resolveDied) => {
    const watch = (child: Child, name: string): void => {
      void child.exited.then(async () => {
        if (!expected) resolveDied(`${name} ended by itself:\n  ${await tail(join(root, name, 'log'))}`);
      });
    };
    watch(broker, 'kafka');
    if (registry !== undefined) watch(registry, 'registry');
  });
  return {
    brokers: `127.0.0.1:${String(ports.kafka)}`,
    registryUrl:
      registry === undefined ? undefined : `http://127.0.0.1:${String(ports.registry)}/apis/ccompat/v7`,
    clusterId: kafka.clusterId,
    kafkaPid: () => broker.pid,
    registryPid: registry?.pid,
    died,
    stop: async () => {
      expected = true;
      await Promise.all([broker.stop(), registry?.stop()]);
      if (temporary) await rm(root, { recursive: true, force: true });
    },
    killBroker: () => {
      expected = true;
      return broker.kill();
    },
    restartBroker: async () => {
      await broker.exited;
      broker = await launchKafka(layout);
    },
  };
}

async function startKafka(layout: Layout): Promise<StartedKafka> {
  const folder = join(layout.root, 'kafka');
  const properties = join(folder, 'server.properties');
  await mkdir(folder, { recursive: true });
  await writeFile(properties, renderServerProperties(folder, layout.ports, layout.options.extraProperties));
  await writeFile(join(folder, 'log4j2.properties'), LOG4J2_PROPERTIES);
  const clusterId = (await formattedCluster(folder)) ?? randomBytes(16).toString('base64url');
  const format = ['format', '--cluster-id', clusterId, '--config', properties, '--ignore-formatted'];
  await run(
    'java',
    [...JVM_FLAGS, '-cp', `${layout.artifacts}/kafka/*`, 'kafka.tools.StorageTool', ...format],
    { timeout: START_TIMEOUT_MS },
  );
  return { child: await launchKafka(layout), clusterId };
}

/** Cluster id of a folder that has one already. */
async function formattedCluster(folder: string): Promise<string | undefined> {
  const meta = await readFile(join(folder, 'data', 'meta.properties'), 'utf8').catch(() => '');
  return /^cluster\.id=(.+)$/m.exec(meta)?.[1];
}

async function launchKafka({ artifacts, root, temporary }: Layout): Promise<Child> {
  const folder = join(root, 'kafka');
  const log = join(folder, 'log');
  await writeFile(log, '');
  const args = [
    ...JVM_FLAGS,
    `-Dlog4j2.configurationFile=${join(folder, 'log4j2.properties')}`,
    '-cp',
    `${artifacts}/kafka/*`,
    'kafka.Kafka',
    join(folder, 'server.properties'),
  ];
  const child = await startChild('java', args, log, temporary ? folder : '');
  await until(child, 'Kafka', log, async () => (await readFile(log, 'utf8')).includes(READY_LINE));
  return child;
}

async function startRegistry({ artifacts, root, temporary, ports }: Layout): Promise<Child> {
  const folder = join(root, 'registry');
  const log = join(folder, 'log');
  await mkdir(folder, { recursive: true });
  await writeFile(log, '');
  const database = temporary ? 'mem:registry' : `file:${join(folder, 'registry')}`;
  const properties = {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': String(ports.registry),
    'quarkus.datasource.jdbc.url': `jdbc:h2:${database};DB_CLOSE_ON_EXIT=FALSE`,
  };
  const flags = Object.entries(properties).map(([key, value]) => `-D${key}=${value}`);
  const jar = `${artifacts}/registry/apicurio-registry-app-2.6.13.Final-runner.jar`;
  const child = await startChild('java', [...JVM_FLAGS, ...flags, '-jar', jar], log, temporary ? folder : '');
  const address = `http://127.0.0.1:${String(ports.registry)}/apis/ccompat/v7/subjects`;
  await until(child, 'the schema registry', log, async () => {
    const answer = await fetch(address, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.ok === true;
  });
  return child;
}

async function until(
  child: Child,
  name: string,
  log: string,
  isReady: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isReady())) {
    if (child.hasExited()) throw new Error(`${name} ended while it started:\n  ${await tail(log)}`);
    if (Date.now() > deadline) {
      await child.stop();
      throw new Error(`${name} did not start in ${String(START_TIMEOUT_MS / 1000)} s:\n  ${await tail(log)}`);
    }
    await new Promise((next) => setTimeout(next, 50));
  }
}

async function choosePorts(options: EmbeddedOptions): Promise<Layout['ports']> {
  const taken = new Set<number>();
  const choose = async (wanted: number | undefined, what: string): Promise<number> => {
    if (wanted !== undefined) {
      if (!(await isFree(wanted)))
        throw new Error(
          `port ${String(wanted)} for ${what} is in use: choose another one, or end what listens there`,
        );
      return wanted;
    }
    for (let tries = 0; tries < 200; tries++) {
      const port = 20_000 + Math.floor(Math.random() * 12_000);
      if (!taken.has(port) && (await isFree(port))) {
        taken.add(port);
        return port;
      }
    }
    throw new Error('no free port between 20000 and 32000');
  };
  const kafka = await choose(options.kafkaPort, 'Kafka');
  const registry = options.registry === false ? 0 : await choose(options.registryPort, 'the schema registry');
  return { kafka, registry, controller: await choose(undefined, 'the controller') };
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolveFree) => {
    const server = createServer();
    server.once('error', () => resolveFree(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolveFree(true)));
  });
}

/** One sentence for who has neither; the containers of `docker compose` are the other way to a broker. */
async function requireJava(): Promise<void> {
  const missing: string[] = [];
  for (const [tool, flag] of [
    ['java', '-version'],
    ['mvn', '-v'],
  ] as const) {
    await run(tool, [flag], { timeout: 20_000 }).catch(() => missing.push(tool));
  }
  if (missing.length === 0) return;
  throw new Error(
    `the embedded Kafka needs Java 17 and Maven (not found: ${missing.join(', ')}): install them ` +
      '(Debian: apt-get install openjdk-17-jre-headless maven), or start a Kafka with Docker and set KAFKA_BROKERS',
  );
}
