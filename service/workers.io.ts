/** Several scorer processes in one container: started, watched, started again, shown as one. */
import type { ChildProcess } from 'node:child_process';
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, type PrometheusContentType, type Registry } from 'prom-client'; // prettier-ignore
import type { HealthState } from './health-state.ts';
import { SUPERVISOR_METRICS } from './metric-list.ts';
import { createList, type Metrics } from './metrics.io.ts';
import type { Log } from './role-view.ts';
import { combineHealth, isUp, restartDelayMs, restartsInRow, type WorkerReport } from './workers.ts';

type Figures = readonly MetricObjectWithValues<MetricValue<string>>[];

/** What a worker tells its supervisor, once a second. */
interface Message {
  readonly health: HealthState;
  readonly figures: Figures;
}

const REPORT_EVERY_MS = 1000;

/** The worker's side: reports health and figures to the process that started it. */
export function reportToSupervisor(view: { metrics: Metrics; health: () => HealthState }): {
  close(): Promise<void>;
} {
  let sending = false;
  const report = async (): Promise<void> => {
    if (sending || !process.connected) return;
    sending = true;
    const figures: Figures = await view.metrics.registry.getMetricsAsJSON();
    // Not connected any more: the supervisor is gone or wants us gone, and `disconnect` has said so.
    process.send?.({ health: view.health(), figures } satisfies Message, undefined, {}, () => {
      sending = false;
    });
  };
  void report();
  const timer = setInterval(() => void report(), REPORT_EVERY_MS);
  return {
    close: () => {
      clearInterval(timer);
      if (process.connected) process.disconnect();
      return Promise.resolve();
    },
  };
}

export interface WorkersSettings {
  readonly count: number;
  /** Starts worker n (1…count) with an IPC channel of structured clones. */
  readonly spawnWorker: (worker: number) => ChildProcess;
  /** Those of the supervisor. */
  readonly metrics: Metrics;
  readonly log: Log;
  /** From `stop` to the end of the last worker, milliseconds. */
  readonly stopBudgetMs: number;
  /** A worker that says nothing for this long is killed, milliseconds. */
  readonly stallMs: number;
}

/** The supervisor's side. */
export interface Workers {
  health(): HealthState;
  /** All workers' figures as one. */
  registry(): Promise<Registry>;
  /** Asks the workers to finish, waits. Resolves with the exit code: 0 where each of them ended well. */
  stop(): Promise<number>;
}

interface Slot {
  readonly worker: number;
  child: ChildProcess | undefined;
  startedMs: number;
  last: (WorkerReport & { readonly figures: Figures }) | undefined;
  restarts: number;
}

/** Starts the workers and keeps them running until `stop`. */
export function startWorkers(settings: WorkersSettings): Workers {
  const { count, spawnWorker, metrics, log } = settings;
  const begun = Date.now();
  const { workerRestarts } = createList(SUPERVISOR_METRICS, metrics.registry, {
    workersConfigured: () => count,
    workersUp: () => health().workers?.up ?? 0,
  });
  const ended = new Set<Promise<number>>();
  /** Counters and histograms of workers that are gone: a sum must not fall when one of them dies. */
  let retired: Figures = [];
  let stopping = false;
  const slots = createSlots(count);

  function start(slot: Slot): void {
    if (stopping) return;
    const child = spawnWorker(slot.worker);
    slot.child = child;
    slot.startedMs = Date.now();
    child.on('message', ({ health, figures }: Message) => {
      slot.last = { health, figures, atMs: Date.now() };
    });
    const exit = exitOf(child, (code, signal) => {
      log[stopping && code === 0 ? 'info' : 'error']({ worker: slot.worker, code, signal }, 'worker ended');
    });
    ended.add(exit);
    void exit.then(() => {
      slot.child = undefined;
      retired = withLasting(retired, slot.last?.figures ?? []);
      slot.last = undefined;
      if (stopping) return;
      ended.delete(exit);
      restart(slot);
    });
    log.info({ worker: slot.worker, pid: child.pid }, 'worker started');
  }

  function restart(slot: Slot): void {
    slot.restarts = restartsInRow(slot.restarts, Date.now() - slot.startedMs);
    const retryInMs = restartDelayMs(slot.restarts);
    slot.restarts += 1;
    workerRestarts.inc();
    log.warn({ worker: slot.worker, retryInMs }, 'worker is started again');
    setTimeout(() => start(slot), retryInMs).unref();
  }

  function health(): HealthState {
    const reports = slots.flatMap(({ last }) => (last === undefined ? [] : [last]));
    const uptimeSeconds = Math.round((Date.now() - begun) / 1000);
    return combineHealth(reports, { configured: count, stopping, uptimeSeconds, nowMs: Date.now() });
  }

  const watch = setInterval(() => killHanging(slots, settings), REPORT_EVERY_MS);
  for (const slot of slots) start(slot);
  return {
    health,
    registry: async () => {
      const own: Figures = await metrics.registry.getMetricsAsJSON();
      return aggregate([own, retired, ...slots.map(({ last }) => figuresOf(last, Date.now()))]);
    },
    stop: async () => {
      stopping = true;
      clearInterval(watch);
      const codes = await stopAll(slots, ended, settings.stopBudgetMs);
      return codes.every((code) => code === 0) ? 0 : 1;
    },
  };
}

const createSlots = (count: number): Slot[] =>
  Array.from({ length: count }, (_, i) => ({
    worker: i + 1,
    child: undefined,
    startedMs: 0,
    last: undefined,
    restarts: 0,
  }));

/** Resolves with the exit code; one that could not be started or was killed counts as 1. */
function exitOf(
  child: ChildProcess,
  onExit: (code: number | null, signal: NodeJS.Signals | null) => void,
): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code, signal) => {
      onExit(code, signal);
      resolve(code ?? 1);
    });
  });
}

/** A process that hangs says nothing, and only its end helps. */
function killHanging(slots: readonly Slot[], { stallMs, log }: WorkersSettings): void {
  for (const { worker, child, last, startedMs } of slots) {
    const silentMs = Date.now() - (last?.atMs ?? startedMs);
    if (child === undefined || silentMs < stallMs) continue;
    log.error({ worker, silentMs }, 'worker hangs, it is killed');
    child.kill('SIGKILL');
  }
}

/** Asks each worker to stop, kills those that have not in time; resolves with the exit codes. */
async function stopAll(
  slots: readonly Slot[],
  ended: ReadonlySet<Promise<number>>,
  budgetMs: number,
): Promise<number[]> {
  // The closed channel is the request to stop: it also comes where the supervisor is killed.
  for (const { child } of slots) if (child?.connected) child.disconnect();
  const late = setTimeout(() => {
    for (const { child } of slots) child?.kill('SIGKILL');
  }, budgetMs);
  const codes = await Promise.all(ended);
  clearTimeout(late);
  return codes;
}

const COUNTING = new Set(['counter', 'histogram']);

/** Of a worker that says nothing only what counts: another may have its partitions by now, and show their lag. */
function figuresOf(last: Slot['last'], nowMs: number): Figures {
  if (last === undefined) return [];
  return isUp(last, nowMs) ? last.figures : lasting(last.figures);
}

const lasting = (figures: Figures): Figures => figures.filter(({ type }) => COUNTING.has(String(type)));

/** Adds what counts in the figures of a worker that ended. */
const withLasting = (retired: Figures, figures: Figures): Figures =>
  aggregate([retired, lasting(figures)]).getMetricsAsArray() as unknown as Figures;

/** One registry of several processes' figures; each metric knows how it is aggregated. */
function aggregate(figures: readonly Figures[]): Registry {
  const registry = AggregatorRegistry.aggregate<PrometheusContentType>(figures as unknown as object[]);
  // The library renames a metric for OpenMetrics and then renders what `get` gives: let it be the same object.
  for (const metric of registry.getMetricsAsArray()) Object.assign(metric, { get: () => metric });
  return registry;
}
