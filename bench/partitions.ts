/** What partitions cost one scorer: sockets, memory, time until all are ready, and what it takes while nothing happens. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../cli/context.ts';
import { startEmbedded } from '../cli/embedded/embedded.io.ts';
import type { ServiceProcess } from '../cli/service-process.io.ts';
import { cpuSeconds, isWhole, residentMiB, scored, sockets, startBuilt } from './built.ts';
import { fill, prepare, until } from './surroundings.ts';

const COUNTS = (process.env['BENCH_PARTITIONS'] ?? '6 256').split(' ').map(Number);
const EVENTS = 50_000;
const IDLE_SECONDS = 15;

/** Milliseconds from the start of the process until it scores all partitions. */
async function started(
  env: Readonly<Record<string, string>>,
  partitions: number,
): Promise<{ service: ServiceProcess; readyMs: number }> {
  const begun = performance.now();
  const service = await startBuilt(env);
  await until(() => isWhole(service, partitions), 'all partitions ready');
  return { service, readyMs: performance.now() - begun };
}

/** What there is to say of a number of partitions, by name. */
async function measure(brokers: string, partitions: number): Promise<ReadonlyMap<string, number>> {
  const env = {
    KAFKA_BROKERS: brokers,
    SCHEMA_REGISTRY_URL: '',
    TOPIC_PREFIX: `b${randomBytes(4).toString('hex')}.`,
    TOPICS_PARTITIONS: String(partitions),
    LOG_LEVEL: 'INFO',
  };
  const context = await prepare(env);
  const first = await started(env, partitions);
  await fill(context, 'json', EVENTS);
  await until(async () => (await scored(first.service)) === EVENTS, 'a score of each event');
  await first.service.stop();

  const { service, readyMs } = await started(env, partitions);
  await fill(context, 'json', EVENTS, 'c-');
  await until(async () => (await scored(service)) === EVENTS, 'a score of each event');
  await sleep(5000);
  const before = cpuSeconds(service.pid);
  await sleep(IDLE_SECONDS * 1000);
  const figures = new Map([
    ['sockets of the process', sockets(service.pid)],
    ['resident memory at most, MiB', residentMiB(service.pid, 'VmHWM')],
    ['resident memory at rest, MiB', residentMiB(service.pid, 'VmRSS')],
    ['from the start to all partitions ready, new group, ms', first.readyMs],
    ['the same after a stop, ms', readyMs],
    ['CPU at rest, % of a core', ((cpuSeconds(service.pid) - before) * 100) / IDLE_SECONDS],
  ]);
  await service.stop();
  return figures;
}

export async function partitions(): Promise<void> {
  const results: ReadonlyMap<string, number>[] = [];
  for (const count of COUNTS) {
    const embedded = await startEmbedded({ registry: false, onProgress: say });
    try {
      results.push(await measure(embedded.brokers, count));
    } finally {
      await embedded.stop();
    }
  }
  const [first] = results;
  console.log(`\n${'partitions'.padEnd(56)} ${COUNTS.map((count) => String(count).padStart(8)).join(' ')}`);
  for (const name of first?.keys() ?? []) {
    const row = results.map((figures) =>
      figures
        .get(name)!
        .toFixed(name.includes('%') ? 1 : 0)
        .padStart(8),
    );
    console.log(`${name.padEnd(56)} ${row.join(' ')}`);
  }
}
