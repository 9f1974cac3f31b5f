/** Wiring: configuration, roles, sidecar, signals. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino, type Logger } from 'pino';
import type { Config } from '../config.ts';
import { createStallRule, processHealth, type Concerns, type HealthState } from './health.ts';
import type { KafkaClient } from '../kafka/port.ts';
import { partitionCounts } from '../kafka/topics.ts';
import { BankChurnError, messageOf } from '../schemas/errors.ts';
import { createMetrics, type Metrics } from './metrics.io.ts';
import { watchRegistry } from './registry-watch.io.ts';
import type { RunningRole } from './run-role.io.ts';
import type { Refusal } from './model-choice.io.ts';
import { keepServing } from './model-follower.io.ts';
import { startSidecar, type Sidecar, type SidecarOptions } from './sidecar.io.ts';
import { startWorkers, type WorkersSettings } from './workers.io.ts';
import { startRole } from './roles.io.ts';
import type { Wrap } from './role-settings.ts';
import { ROLES, type RoleName } from './role-topics.ts';
import { kafkaOf, modelLogOf, registryOf } from './wiring.io.ts';

const WATCH_EVERY_MS = 5000;
const PROBE_TIMEOUT_MS = 10_000;

/**
 * JSON lines on stdout, levels in capitals: `grep ERROR` finds errors.
 *
 * @param shown what a line becomes before it is written.
 */
export function createLog(level: string, shown: (line: string) => string = (line) => line): Logger {
  const stdout = pino.destination(1);
  const options = {
    level: level.toLowerCase(),
    base: { service: 'bankchurn' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label.toUpperCase() }) },
  };
  return pino(options, { write: (line: string) => void stdout.write(`${shown(line.trimEnd())}\n`) });
}

/** Where a running service shows itself: the sidecar, or the process that started it. */
export type Outlet = (view: {
  readonly metrics: Metrics;
  readonly health: () => HealthState;
}) => Promise<{ close(): Promise<void> }> | { close(): Promise<void> };

/** Runs the service until a signal, the loss of its supervisor or a fatal error. Resolves with the exit code. */
export async function serve(
  config: Config,
  log: Logger,
  roleNames: readonly RoleName[] = ROLES,
  { outlet = (view) => openSidecar(config, log, view), wrap = {} }: { outlet?: Outlet; wrap?: Wrap } = {},
): Promise<number> {
  const begun = Date.now();
  const metrics = createMetrics();
  const registry = registryOf(config);
  const kafka = kafkaOf(config, log);
  const { dir: modelDir, source, allowSimulated } = config.model;
  const scores = roleNames.includes('scorer');
  const actor = `${roleNames.join('+')} on ${hostname()}`;
  const modelLog = modelLogOf({ config, kafka, registry }, { log, metrics, actor });
  let giveUp: (error: unknown) => void = () => undefined;
  const givenUp = new Promise<unknown>((resolve) => {
    giveUp = resolve;
  });
  const models = keepServing({
    ...{ modelDir, source, allowSimulated, scores, log, metrics, modelLog },
    fatal: giveUp,
  });
  let roles: readonly RunningRole[] = [];
  let stopping = false;
  let stalled = false;
  const concerns: Concerns = { deadLetterShare: undefined, warnings: [] };
  const health = (): HealthState =>
    processHealth({
      roles: roles.map((role) => role.state()),
      roleNames,
      manifest: models.manifest(),
      modelFault: models.fault() ?? refusalText(models.refused()),
      stopping,
      stalled,
      concerns,
      begunMs: begun,
      nowMs: Date.now(),
    });
  const shown = await outlet({ metrics, health });
  const registryWatch = watchRegistry(registry, metrics, log);

  const exitCode = await new Promise<number>((resolve) => {
    const fatal = (error: unknown): void => {
      const code = error instanceof BankChurnError ? error.code : undefined;
      log.error({ code, fault: messageOf(error) }, 'cannot go on');
      resolve(1);
    };
    void givenUp.then(fatal);
    onSignals(log, () => resolve(0));
    // A worker whose supervisor is gone, or asks it to stop.
    process.once('disconnect', () => resolve(0));
    if ((process.connected as boolean | undefined) === false) resolve(0);
    void startWhenModel(
      () => models.manifest() !== undefined,
      () => stopping,
    ).then(() => {
      if (stopping) return;
      const isAlone = roleNames.length === 1;
      const around = { config, kafka, registry, metrics, log, models, concerns, isAlone, fatal, wrap };
      roles = roleNames.map((name) => startRole(name, around));
    }, fatal);
    watch(config, kafka, health, () => {
      stalled = true;
      fatal(new Error(`nothing consumed for ${String(config.limits.stallMs)} ms while Kafka answers`));
    });
  });

  stopping = true;
  await Promise.all(roles.map((role) => role.stop()));
  await models.stop();
  registryWatch.stop();
  registry?.close();
  metrics.close();
  await shown.close();
  log.info({ exitCode }, 'stopped');
  return exitCode;
}

/**
 * Runs several worker processes as one service until a signal. Resolves with the exit code.
 *
 * @param spawnWorker starts `serve` as worker n, with an IPC channel.
 */
export async function superviseWorkers(
  config: Config,
  log: Logger,
  spawnWorker: WorkersSettings['spawnWorker'],
): Promise<number> {
  const metrics = createMetrics();
  const { stopBudgetMs, stallMs } = config.limits;
  const settings = { count: config.workers, spawnWorker, metrics, log, stopBudgetMs, stallMs };
  const workers = startWorkers(settings);
  const sidecar = await openSidecar(config, log, { metrics, ...workers });
  await new Promise<void>((resolve) => onSignals(log, resolve));
  const exitCode = await workers.stop();
  metrics.close();
  await sidecar.close();
  log.info({ exitCode }, 'stopped');
  return exitCode;
}

async function openSidecar(
  config: Config,
  log: Logger,
  view: Omit<SidecarOptions, 'host' | 'port'>,
): Promise<Sidecar> {
  const sidecar = await startSidecar({ ...config.http, ...view });
  log.info({ port: sidecar.port }, 'sidecar listens');
  return sidecar;
}

/** What `/health` says of a newer model that does not serve. */
const refusalText = (refused: Refusal | undefined): string | undefined =>
  refused === undefined ? undefined : `${refused.version} is refused: ${refused.reason}`;

/** A scorer without a model takes no partitions: others may have one. */
async function startWhenModel(isThere: () => boolean, isStopping: () => boolean): Promise<void> {
  while (!isThere() && !isStopping()) await sleep(100, undefined, { ref: false });
}

/** First signal: stop in order. Second: at once. */
function onSignals(log: Logger, stop: () => void): void {
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    if (signals > 1) process.exit(1);
    log.info({ signal }, 'stopping');
    stop();
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
}

/** Running but not consuming, and Kafka answers: only a restart helps. */
function watch(config: Config, kafka: KafkaClient, health: () => HealthState, onStall: () => void): void {
  let probing = false;
  const isStall = createStallRule(config.limits.stallMs);
  const check = async (): Promise<void> => {
    const { silentMs, stopping } = health();
    if (probing || stopping || silentMs === undefined || silentMs < config.limits.stallMs / 2) return;
    probing = true;
    try {
      const probe = partitionCounts(kafka, [config.topics.names.customerEvents]);
      const late = sleep(PROBE_TIMEOUT_MS, undefined, { ref: false }).then(() =>
        Promise.reject(new Error('late')),
      );
      await Promise.race([probe, late]);
      if (isStall(Date.now(), health().silentMs ?? 0, true)) onStall();
    } catch {
      isStall(Date.now(), silentMs, false); // Kafka is away: nothing that a restart would mend
    } finally {
      probing = false;
    }
  };
  setInterval(() => void check(), WATCH_EVERY_MS).unref();
}
