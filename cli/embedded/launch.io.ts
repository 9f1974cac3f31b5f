import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  brokerCommandLine,
  brokerContainer,
  CONTAINER_DATA,
  formatCommand,
  registryCommandLine,
  registryContainer,
  type CommandLine,
} from './programs.ts';
import {
  brokerProperties,
  containerProperties,
  LOG4J2_PROPERTIES,
  renderProperties,
  type BrokerPorts,
  type Properties,
} from './properties.ts';
import type { Runtime } from './runtime.io.ts';
import type { Supervised, Supervisor } from './supervisor.io.ts';

/** A loaded machine takes 8 s; a stuck one is not waited for longer than this. */
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 40;
const BROKER_READY = 'Kafka Server started';
const REGISTRY_READY = 'Listening on:';

/** What every start needs to know. */
export interface Layout {
  readonly runtime: Runtime;
  readonly supervisor: Supervisor;
  /** Folder with `kafka/` and `registry/` jars; unused with Docker. */
  readonly artifacts: string;
  /** Data folder, absolute. */
  readonly root: string;
  /** Folder of this start below it, for logs and settings. */
  readonly runFolder: string;
  readonly isTemporary: boolean;
  readonly ports: BrokerPorts & { readonly registry: number };
  readonly extraProperties: Properties;
  /** Of a new data folder; undefined: a new one. */
  readonly clusterId: string | undefined;
  readonly formatArguments: readonly string[];
}

/** Log of a program of this layout. */
export function logFile(layout: Layout, name: 'kafka' | 'registry'): string {
  return join(layout.runFolder, `${name}.log`);
}

/** Gives the data folder its cluster id, or reads the one it has. */
export async function formatBroker(layout: Layout): Promise<string> {
  const folder = join(layout.root, 'kafka');
  await mkdir(folder, { recursive: true });
  if (layout.runtime.kind === 'docker') return containerClusterId(folder);
  const properties = join(layout.runFolder, 'server.properties');
  const settings = brokerProperties(join(folder, 'data'), layout.ports, layout.extraProperties);
  await writeFile(properties, renderProperties(settings));
  await writeFile(join(layout.runFolder, 'log4j2.properties'), LOG4J2_PROPERTIES);
  const meta = await readFile(join(folder, 'data/meta.properties'), 'utf8').catch(() => '');
  const found = /^cluster\.id=(.+)$/m.exec(meta)?.[1];
  if (found !== undefined) return found;
  const clusterId = layout.clusterId ?? newClusterId();
  const log = join(layout.runFolder, 'format.log');
  const { java } = layout.runtime;
  const command = formatCommand(java, layout.artifacts, properties, clusterId, layout.formatArguments);
  const format = await layout.supervisor.start({ ...command, logFile: log });
  const code = await format.exited;
  if (code !== 0)
    throw new Error(
      `the data folder could not be formatted (exit code ${String(code)}):\n  ${await tail(log)}`,
    );
  return clusterId;
}

/** The image formats by itself; the id must be the same at each start. */
async function containerClusterId(folder: string): Promise<string> {
  const file = join(folder, 'cluster-id');
  const found = await readFile(file, 'utf8').catch(() => '');
  if (found !== '') return found;
  const clusterId = newClusterId();
  await writeFile(file, clusterId);
  return clusterId;
}

/** 16 random bytes as Kafka writes them; the first bit is 0, so that the text never begins with `-`, which would be an option. */
export function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('base64url');
}

/** Starts the broker on its formatted folder and waits until it takes connections. */
export async function startBroker(layout: Layout, clusterId: string): Promise<Supervised> {
  const { runtime, root, runFolder, ports } = layout;
  const log = await freshLog(layout, 'kafka');
  const isReady = async (): Promise<boolean> => (await readFile(log, 'utf8')).includes(BROKER_READY);
  if (runtime.kind === 'java') {
    const line = brokerCommandLine(
      runtime.java,
      layout.artifacts,
      join(runFolder, 'server.properties'),
      join(runFolder, 'log4j2.properties'),
    );
    return until(await layout.supervisor.start({ ...line, logFile: log }), 'Kafka', log, isReady);
  }
  const volume = `bankchurn-${createHash('sha256').update(root).digest('hex').slice(0, 12)}`;
  const name = containerName('kafka');
  const settings = containerProperties(CONTAINER_DATA, ports, layout.extraProperties);
  if (layout.isTemporary) layout.supervisor.afterwards(['docker', 'volume', 'rm', '-f', volume]);
  const line = brokerContainer(name, volume, clusterId, ports.kafka, settings);
  return until(await startContainer(layout.supervisor, name, line, log), 'Kafka', log, isReady);
}

/** Starts the registry and waits until it answers. */
export async function startRegistry(layout: Layout): Promise<Supervised> {
  const { runtime, supervisor, root, ports, isTemporary } = layout;
  const log = await freshLog(layout, 'registry');
  const name = containerName('registry');
  const database = isTemporary ? 'mem:registry' : `file:${join(root, 'registry/registry')}`;
  const child =
    runtime.kind === 'java'
      ? await supervisor.start({
          ...registryCommandLine(runtime.java, layout.artifacts, ports.registry, database),
          logFile: log,
        })
      : await startContainer(supervisor, name, registryContainer(name, ports.registry), log);
  const address = `http://127.0.0.1:${String(ports.registry)}/apis/ccompat/v7/subjects`;
  return until(child, 'the schema registry', log, async () => {
    // Its own log first: another registry on this port would answer as well.
    if (!(await readFile(log, 'utf8')).includes(REGISTRY_READY)) return false;
    const answer = await fetch(address, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.ok === true;
  });
}

function containerName(what: string): string {
  return `bankchurn-${what}-${randomBytes(4).toString('hex')}`;
}

async function startContainer(
  supervisor: Supervisor,
  name: string,
  line: CommandLine,
  log: string,
): Promise<Supervised> {
  return supervisor.start({ ...line, logFile: log, killCommand: ['docker', 'rm', '-f', name] });
}

/** An empty log; that of a broker killed before stays beside it as `.1`. */
async function freshLog(layout: Layout, name: 'kafka' | 'registry'): Promise<string> {
  const log = logFile(layout, name);
  await rm(`${log}.1`, { force: true });
  await rename(log, `${log}.1`).catch(() => undefined);
  await writeFile(log, '');
  return log;
}

async function until(
  child: Supervised,
  name: string,
  log: string,
  isReady: () => Promise<boolean>,
): Promise<Supervised> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await isReady())) {
    if (child.hasExited()) throw new Error(`${name} ended while it started:\n  ${await tail(log)}`);
    if (performance.now() > deadline) {
      await child.stop();
      throw new Error(`${name} did not start in ${String(START_TIMEOUT_MS / 1000)} s:\n  ${await tail(log)}`);
    }
    await sleep(POLL_MS);
  }
  if (child.hasExited()) throw new Error(`${name} ended right after it started:\n  ${await tail(log)}`);
  return child;
}

/** The last lines of a log, and before them its first error where that lies further up. */
export async function tail(log: string, lines = 20): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => `(no ${basename(log)})`);
  const all = text.trimEnd().split('\n');
  const cause = all.slice(0, -lines).findIndex((line) => /ERROR|FATAL/.test(line));
  return [...(cause < 0 ? [] : [...all.slice(cause, cause + 3), '…']), ...all.slice(-lines)].join('\n  ');
}
