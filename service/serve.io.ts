/** Wiring: configuration, roles, sidecar, signals. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino, type Logger } from 'pino';
import type { Config } from '../config.ts';
import { checkEventSubject } from './event-subject.ts';
import { createStallRule } from './health.ts';
import { processHealth, type Concerns, type HealthState } from './health-state.ts';
import { faultOf, type Fault } from './fault.ts';
import { watchKafka } from './kafka-watch.io.ts';
import { BankChurnError, isTransient, messageOf } from '../schemas/errors.ts';
import { createMetrics, type Metrics } from './metrics.io.ts';
import { watchRegistry } from './registry-watch.io.ts';
import type { RunningRole } from './run-role.io.ts';
import type { Refusal } from './model-choice.io.ts';
import { keepServing } from './model-follower.io.ts';
import { startSidecar, type Sidecar, type SidecarOptions } from './sidecar.io.ts';
import { startWorkers, type WorkersSettings } from './workers.io.ts';
import { startRole } from './roles.io.ts';
import type { Wrap } from './role-settings.ts';
import { ROLES, roleTopics, type RoleName } from './role-topics.ts';
import type { TopicNeeds } from './topic-checks.ts';
import { readRelease } from '../models/store.io.ts';
import { kafkaOf, modelLogOf, registryOf } from './wiring.io.ts';

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

/** For closing what is left after the stop budget, milliseconds. */
const CLOSING_MS = 1000;

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
  const { customer, model } = config;
  const { dir: modelDir, source, allowSimulated } = model;
  const scores = roleNames.includes('scorer');
  const actor = `${roleNames.join('+')} on ${hostname()}`;
  const modelLog = modelLogOf({ config, kafka, registry }, { log, metrics, actor });
  let giveUp: (error: unknown) => void = () => undefined;
  const givenUp = new Promise<unknown>((resolve) => {
    giveUp = resolve;
  });
  const models = keepServing({
    ...{ modelDir, source, allowSimulated, scores, customer, log, metrics, modelLog },
    fatal: giveUp,
  });
  let roles: readonly RunningRole[] = [];
  let stopping = false;
  let stalled = false;
  let imageFault: Fault | undefined;
  if (source === 'auto' && scores)
    void readRelease(modelDir).catch((error: unknown) => (imageFault = faultOf(error)));
  const watch = watchKafka({
    ...{ kafka, metrics, log, brokers: config.kafka.brokers, needs: needsOf(config, roleNames) },
    onLook: (answers) => lookForStall(answers),
  });
  const concerns: Concerns = { deadLetterShare: undefined, warnings: [] };
  const health = (): HealthState =>
    processHealth({
      roles: roles.map((role) => role.state()),
      roleNames,
      manifest: models.manifest(),
      kafka: watch.view(),
      modelFault: models.fault() ?? refusalOf(models.refused()),
      imageFault,
      registryFault: registry?.state().error,
      stopping,
      stalled,
      concerns,
      begunMs: begun,
      nowMs: Date.now(),
    });
  const lookForStall = stallWatch(config.limits.stallMs, health, () => {
    stalled = true;
    giveUp(new Error(`nothing consumed for ${String(config.limits.stallMs)} ms while Kafka answers`));
  });
  const shown = await outlet({ metrics, health });
  const registryWatch = watchRegistry(registry, metrics, log);

  const isAlone = roleNames.length === 1;
  const exitCode = await untilItEnds(log, givenUp, async (fatal) => {
    const hasModel = startWhenModel(
      () => models.manifest() !== undefined,
      () => stopping,
    );
    await Promise.all([refuseOtherSubject(config, registry), hasModel]);
    if (stopping) return;
    const around = { config, kafka, registry, metrics, log, models, concerns, isAlone, fatal, wrap };
    roles = roleNames.map((name) => startRole(name, around));
  });

  stopping = true;
  const ended = Promise.all([watch.stop(), ...roles.map((role) => role.stop())]).then(() => models.stop());
  // A connection that does not close must not outlive the budget.
  await Promise.race([ended, sleep(config.limits.stopBudgetMs + CLOSING_MS, undefined, { ref: false })]);
  registryWatch.stop();
  registry?.close();
  metrics.close();
  await shown.close();
  log.info({ exitCode }, 'stopped');
  return exitCode;
}

/** Without a registry that answers, the scorer asks again before its first batch. */
const refuseOtherSubject = (...of: Parameters<typeof checkEventSubject>): Promise<void> =>
  checkEventSubject(...of).catch((error: unknown) => {
    if (!isTransient(error)) throw error;
  });

/** Resolves with the exit code: 0 at a signal or when the supervisor is gone, 1 at a fatal error. `start` is given what to call then. */
function untilItEnds(
  log: Logger,
  givenUp: Promise<unknown>,
  start: (fatal: (error: unknown) => void) => Promise<void>,
): Promise<number> {
  return new Promise<number>((resolve) => {
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
    start(fatal).catch(fatal);
  });
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
const refusalOf = (refused: Refusal | undefined): Fault | undefined =>
  refused && { code: 'MODEL_CORRUPT', detail: `${refused.version} is refused: ${refused.reason}` };

/** A scorer without a model takes no partitions: others may have one. */
async function startWhenModel(isThere: () => boolean, isStopping: () => boolean): Promise<void> {
  while (!isThere() && !isStopping()) await sleep(20, undefined, { ref: false });
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

/** Calls `onStall` when a process runs and does not consume although Kafka answers: only a restart helps. */
function stallWatch(stallMs: number, health: () => HealthState, onStall: () => void) {
  const isStall = createStallRule(stallMs);
  return (answers: boolean): void => {
    const { silentMs, stopping } = health();
    if (!stopping && silentMs !== undefined && isStall(Date.now(), silentMs, answers)) onStall();
  };
}

/** What the roles need of Kafka, and the follower of the model log. */
function needsOf(config: Config, roleNames: readonly RoleName[]): TopicNeeds[] {
  const { churnModels, modelArtifacts } = config.topics.names;
  // Who scores opens releases; the trainer's topics have them anyway, and the monitor reads the log alone.
  const singles = roleNames.includes('scorer') ? [modelArtifacts] : [];
  const log = { topic: churnModels, outputs: [], singles };
  return [
    ...roleNames.map((name) => roleTopics(name, config)),
    ...(config.model.source === 'image' ? [] : [log]),
  ];
}
