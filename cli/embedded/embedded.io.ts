import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { KAFKA_IMAGE, REGISTRY_IMAGE } from './artifacts.ts';
import { ensureCache, isComplete, openCache } from './cache.io.ts';
import { openRunFolder, ownFolder } from './data-folder.io.ts';
import { downloadWith } from './download.io.ts';
import { formatBroker, logFile, startBroker, startRegistry, tail, type Layout } from './launch.io.ts';
import { choosePort } from './ports.io.ts';
import { findRuntime, type Runtime } from './runtime.io.ts';
import { startSupervisor, type Supervised, type Supervisor } from './supervisor.io.ts';

const run = promisify(execFile);
/** Ports we chose ourselves may be taken by another between check and use: so often it is tried again. */
const PORT_ATTEMPTS = 3;

export interface EmbeddedOptions {
  /** Where data lives; without it a temporary folder that is removed at the end. */
  readonly dataDir?: string;
  /** Without it a free port below 32768. */
  readonly kafkaPort?: number;
  readonly registryPort?: number;
  /** Whether the schema registry is started too (default: yes). */
  readonly registry?: boolean;
  readonly onProgress?: (line: string) => void;
  /** More lines of `server.properties`; they win over ours. */
  readonly extraProperties?: Readonly<Record<string, string>>;
  /** Of the cluster this broker is one of; without it a new one. */
  readonly clusterId?: string;
  /** More arguments of `kafka-storage format`, such as users; they count for a new data folder, with Java. */
  readonly formatArguments?: readonly string[];
}

/** A real Apache Kafka and schema registry as child processes: they end with us, however we end. */
export interface Embedded {
  /** `127.0.0.1:port` */
  readonly brokers: string;
  /** Base address of the Confluent-compatible API; undefined where the registry was not wanted. */
  readonly registryUrl: string | undefined;
  readonly clusterId: string;
  /** Absolute; a temporary one is removed at the end. */
  readonly dataDir: string;
  /** Process of the broker (with Docker: of the `docker run`); another one after `restartBroker`. */
  readonly kafkaPid: number;
  readonly registryPid: number | undefined;
  /** Resolves with the end of its log when one of them ended that nobody here ended. */
  readonly died: Promise<string>;
  /** Ends both (SIGTERM, after 5 s SIGKILL) and removes a temporary folder. */
  stop(): Promise<void>;
  /** SIGKILL of the broker alone; its data stays. */
  killBroker(): Promise<void>;
  /** Starts the broker again on its data and port, ending it first where it runs. */
  restartBroker(): Promise<void>;
}

/**
 * Starts both and returns when both answer. The first start on a machine downloads them (see {@link ensureCache}).
 *
 * @throws Error where there is neither Java with Maven nor Docker, a wanted port or the data folder is in use, what was
 *   downloaded is not what is pinned, or one of them ends or takes longer than 60 s to start (with the end of its log). Nothing stays then.
 */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<Embedded> {
  const isTemporary = options.dataDir === undefined;
  const root = isTemporary ? await mkdtemp(join(tmpdir(), 'bankchurn-')) : resolve(options.dataDir);
  const supervisor = startSupervisor(root, isTemporary);
  try {
    await choosePorts(options); // before any download: a busy port is told at once
    const { runtime, artifacts } = await prepare(supervisor, options.onProgress ?? ((): void => undefined));
    if (!isTemporary) await ownFolder(root, supervisor.pid);
    const where = { runtime, artifacts, supervisor, root, isTemporary, runFolder: await openRunFolder(root) };
    return await startOnPorts(where, options, PORT_ATTEMPTS);
  } catch (error) {
    await supervisor.close();
    throw error;
  }
}

async function prepare(
  supervisor: Supervisor,
  onProgress: (line: string) => void,
): Promise<{ runtime: Runtime; artifacts: string }> {
  const cache = await openCache(process.env);
  const runtime = await findRuntime(process.env, await isComplete(cache));
  if (runtime.kind === 'docker') await pullImages(onProgress);
  else {
    await ensureCache(cache, downloadWith(supervisor, onProgress), onProgress).catch((cause: unknown) => {
      throw new Error(`the embedded Kafka could not be fetched: ${(cause as Error).message}`, { cause });
    });
  }
  return { runtime, artifacts: cache.folder };
}

async function pullImages(onProgress: (line: string) => void): Promise<void> {
  for (const image of [KAFKA_IMAGE, REGISTRY_IMAGE]) {
    const isHere = await run('docker', ['image', 'inspect', image]).catch(() => undefined);
    if (isHere !== undefined) continue;
    onProgress(`no Java with Maven here: pulling ${image} (once)`);
    await run('docker', ['pull', '-q', image], { timeout: 900_000 });
  }
}

async function startOnPorts(
  where: Omit<Layout, 'ports' | 'extraProperties' | 'clusterId' | 'formatArguments'>,
  options: EmbeddedOptions,
  attempts: number,
): Promise<Embedded> {
  const begun = performance.now();
  const layout = {
    ...where,
    ports: await choosePorts(options),
    extraProperties: options.extraProperties ?? {},
    clusterId: options.clusterId,
    formatArguments: options.formatArguments ?? [],
  };
  options.onProgress?.(
    'starting Apache Kafka' + (options.registry === false ? '' : ' and the schema registry'),
  );
  const broker = formatBroker(layout).then(async (clusterId) => ({
    clusterId,
    child: await startBroker(layout, clusterId),
  }));
  const [kafka, registry] = await Promise.allSettled([
    broker,
    options.registry === false ? undefined : startRegistry(layout),
  ]);
  if (kafka.status === 'fulfilled' && registry.status === 'fulfilled') {
    options.onProgress?.(`ready after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    return control(layout, kafka.value.clusterId, kafka.value.child, registry.value);
  }
  const failed = (kafka.status === 'rejected' ? kafka : registry) as PromiseRejectedResult;
  const reason = failed.reason as Error;
  const { message } = reason;
  if (attempts <= 1 || !/already (in use|bound|allocated)/i.test(message)) throw reason;
  if (kafka.status === 'fulfilled') await kafka.value.child.stop();
  if (registry.status === 'fulfilled') await registry.value?.stop();
  return startOnPorts(where, options, attempts - 1);
}

async function choosePorts(options: EmbeddedOptions): Promise<Layout['ports']> {
  const taken = new Set<number>();
  const kafka = await choosePort(options.kafkaPort, 'Kafka', taken);
  const registry =
    options.registry === false ? 0 : await choosePort(options.registryPort, 'the schema registry', taken);
  return { kafka, registry, controller: await choosePort(undefined, 'the controller', taken) };
}

function control(
  layout: Layout,
  clusterId: string,
  first: Supervised,
  registry: Supervised | undefined,
): Embedded {
  const { ports, supervisor } = layout;
  let broker = first;
  const ended = new Set<Supervised>(); // by us
  let tellDied!: (words: string) => void;
  const died = new Promise<string>((resolveDied) => (tellDied = resolveDied));
  const watch = async (child: Supervised, name: 'kafka' | 'registry'): Promise<void> => {
    const code = await child.exited;
    if (ended.has(child)) return;
    tellDied(`${name} ended by itself (exit code ${String(code)}):\n  ${await tail(logFile(layout, name))}`);
  };
  void watch(broker, 'kafka');
  if (registry !== undefined) void watch(registry, 'registry');
  const endBroker = async (how: 'stop' | 'kill'): Promise<void> => {
    ended.add(broker);
    await broker[how]();
  };
  return {
    brokers: `127.0.0.1:${String(ports.kafka)}`,
    registryUrl: registry && `http://127.0.0.1:${String(ports.registry)}/apis/ccompat/v7`,
    clusterId,
    dataDir: layout.root,
    get kafkaPid() {
      return broker.pid;
    },
    registryPid: registry?.pid,
    died,
    stop: async () => {
      ended.add(broker);
      if (registry !== undefined) ended.add(registry);
      await supervisor.close();
    },
    killBroker: () => endBroker('kill'),
    restartBroker: async () => {
      await endBroker('stop');
      broker = await startBroker(layout, clusterId);
      void watch(broker, 'kafka');
    },
  };
}
