import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, describeCluster } from '../../kafka/kafkajs/cluster.fixture.ts';
import { isAlive } from './lock.io.ts';

const EMBEDDED = new URL('embedded.io.ts', import.meta.url).href;
const BROKER = new URL('../broker.ts', import.meta.url).href;

/** A program of ours in a process of its own, as text for `node -e`. */
function start(code: string): {
  child: ChildProcess;
  hasEnded(): boolean;
  ended: Promise<unknown[]>;
  stdout(): string;
  stderr(): string;
} {
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk) => (texts[name] += String(chunk)));
  let hasEnded = false;
  const ended = once(child, 'close').finally(() => (hasEnded = true)); // and not `exit`: its last words come after that
  return { child, ended, hasEnded: () => hasEnded, stdout: () => texts.stdout, stderr: () => texts.stderr };
}

async function until(isSo: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isSo()) {
    if (performance.now() > deadline)
      throw new Error(`not so after ${String(timeoutMs)} ms: ${isSo.toString()}`);
    await sleep(50);
  }
}

describe('a process that started the embedded broker', () => {
  it('takes everything with it when it is killed', async () => {
    const { child, stdout } = start(
      `import(${JSON.stringify(EMBEDDED)}).then(({ startEmbedded }) => startEmbedded()).then((embedded) =>
        console.log(JSON.stringify([embedded.kafkaPid, embedded.registryPid, embedded.dataDir])))`,
    );
    await until(() => stdout().includes('\n'), 60_000);
    const [kafkaPid, registryPid, dataDir] = JSON.parse(stdout()) as [number, number, string];
    expect([isAlive(kafkaPid), isAlive(registryPid), existsSync(dataDir)]).toEqual([true, true, true]);
    child.kill('SIGKILL');
    await until(() => !isAlive(kafkaPid) && !isAlive(registryPid) && !existsSync(dataDir), 10_000);
  }, 80_000);
});

describe('bankchurn broker', () => {
  let data: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'bankchurn-broker-'));
  });
  afterAll(() => rm(data, { recursive: true, force: true }));

  const run = async (): Promise<ReturnType<typeof start> & { brokers: string; registryUrl: string }> => {
    const args = JSON.stringify(['--kafka-port', '0', '--registry-port', '0', '--data', data]);
    const started = start(
      `import(${JSON.stringify(BROKER)})
        .then(({ brokerCommand }) => brokerCommand().parseAsync(${args}, { from: 'user' }))
        .catch((error) => { console.error(error.message); process.exitCode = 1; })`,
    );
    await until(
      () => started.stdout().includes('SCHEMA_REGISTRY_URL=') || started.child.exitCode !== null,
      60_000,
    );
    const value = (name: string): string =>
      new RegExp(`^${name}=(.+)$`, 'm').exec(started.stdout())?.[1] ?? '';
    return { ...started, brokers: value('KAFKA_BROKERS'), registryUrl: value('SCHEMA_REGISTRY_URL') };
  };
  const subjects = async (url: string): Promise<unknown> => (await fetch(`${url}/subjects`)).json();
  it('ends with 0 on SIGTERM, keeps its data, and ends with 1 and the log when its broker dies', async () => {
    const first = await run();
    expect(first.brokers, first.stderr()).not.toBe('');
    const kept = { name: 'kept', partitions: 1, replicationFactor: 1, settings: {} };
    await connectTo(first.brokers).administer((admin) => admin.createTopics([kept]));
    const { clusterId } = await describeCluster(first.brokers);
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
    const body = JSON.stringify({ schema: '"string"' });
    await fetch(`${first.registryUrl}/subjects/kept-value/versions`, { method: 'POST', headers, body });
    first.child.kill('SIGTERM');
    expect(await first.ended).toEqual([0, null]);

    const second = await run();
    expect(await connectTo(second.brokers).administer((admin) => admin.listTopics())).toContain('kept');
    expect((await describeCluster(second.brokers)).clusterId).toBe(clusterId);
    expect(await subjects(second.registryUrl)).toEqual(['kept-value']);

    const third = await run();
    expect(third.stderr()).toContain(`${data} is in use by another broker`);
    expect(third.child.exitCode).toBe(1);

    expect(await subjects(second.registryUrl), 'the second was left alone').toEqual(['kept-value']);

    process.kill(await kafkaPidOf(second.child), 'SIGKILL');
    expect(await second.ended).toEqual([1, null]);
    expect(second.stderr()).toMatch(/kafka ended by itself \(exit code 137\):\n.*INFO/s);
  }, 120_000);
});

/** The broker's JVM among the children of the supervisor, which is the child of the process. */
async function kafkaPidOf(child: ChildProcess): Promise<number> {
  const { execFileSync } = await import('node:child_process');
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row))
    .filter((row) => row !== null)
    .map(([, pid, ppid, args]) => ({ pid: Number(pid), ppid: Number(ppid), args: String(args) }));
  const supervisors = rows.filter(({ ppid }) => ppid === child.pid).map(({ pid }) => pid);
  const broker = rows.find(({ ppid, args }) => supervisors.includes(ppid) && args.includes('kafka.Kafka'));
  if (broker === undefined) throw new Error('no broker found');
  return broker.pid;
}
