/** Wiring: configuration, roles, sidecar, signals. */
import { pino, type Logger } from 'pino';
import type { Config } from './config.ts';
import type { HealthState } from './consumers/health.ts';
import { partitionCounts } from './consumers/kafka.io.ts';
import { createMetrics, type Metrics } from './consumers/metrics.io.ts';
import { runRole, type RunningRole } from './consumers/run-role.io.ts';
import { createScorer, type ScorerPorts } from './consumers/scorer.ts';
import { startSidecar } from './consumers/sidecar.io.ts';
import { createKafka, type Kafka } from './producers/kafka.io.ts';
import { createAvroEncoder } from './schemas/avro.ts';
import { createEventDecoder } from './schemas/decoder.ts';
import { BankChurnError } from './schemas/errors.ts';
import type { Role } from './schemas/ports.ts';
import { createRegistry, type Registry } from './schemas/registry.io.ts';
import { subjectName } from './schemas/subjects.ts';
import { TOPICS } from './schemas/topics.ts';
import { loadModel } from './scoring/load-model.io.ts';
import type { Model } from './scoring/model.ts';

const MODEL_RETRY_MS = { first: 1000, longest: 30_000 };
const WATCH_EVERY_MS = 5000;
const PROBE_TIMEOUT_MS = 10_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

/** JSON lines on stdout, levels in capitals: `grep ERROR` finds errors. */
export function createLog(level: string): Logger {
  return pino({
    level: level.toLowerCase(),
    base: { service: 'bankchurn' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label.toUpperCase() }) },
  });
}

/** The Kafka client of a configuration. */
export function kafkaOf({ kafka }: Config, log: Pick<Logger, 'debug' | 'info' | 'warn'>): Kafka {
  const path = (value: string | null): string | undefined => value ?? undefined;
  const ssl = kafka.ssl
    ? { caFile: path(kafka.caFile), certFile: path(kafka.certFile), keyFile: path(kafka.keyFile) }
    : false;
  const sasl =
    kafka.saslMechanism === null
      ? undefined
      : {
          mechanism: kafka.saslMechanism,
          username: path(kafka.saslUsername),
          passwordFile: kafka.saslPasswordFile ?? '',
        };
  return createKafka(
    { brokers: kafka.brokers, clientId: kafka.clientId, ssl, sasl },
    (level, message, details) => log[level](details, message),
  );
}

/** The schema registry of a configuration, if it names one. */
export function registryOf({ registry }: Config): Registry | undefined {
  const { url, caFile, username, passwordFile, ...rest } = registry;
  if (url === null) return undefined;
  const path = (value: string | null): string | undefined => value ?? undefined;
  return createRegistry({
    ...rest,
    url,
    caFile: path(caFile),
    username: path(username),
    passwordFile: path(passwordFile),
  });
}

/** Registers (or looks up) the schema of scores, and encodes them. */
async function scoreEncoder(
  config: Config,
  registry: Registry | undefined,
): Promise<Pick<ScorerPorts, 'encodeScore' | 'contentType'>> {
  if (registry === undefined)
    return { encodeScore: (score) => JSON.stringify(score), contentType: 'application/json' };
  const subject = subjectName(config.registry.subjectStrategy, config.topics.names.churnScores, 'ChurnScore');
  const id = await registry.schemaId(
    subject,
    'ChurnScore',
    TOPICS.churnScores.compatibility as 'FULL_TRANSITIVE',
  );
  return { encodeScore: createAvroEncoder('ChurnScore', id), contentType: 'application/avro' };
}

/**
 * The scorer as a role. The encoder is made at the first batch, so that a registry that is away at the start is a
 * transient fault like any other.
 */
function scorerRole(config: Config, registry: Registry | undefined, model: () => Model | undefined): Role {
  const { names } = config.topics;
  const subjects = [subjectName(config.registry.subjectStrategy, names.customerEvents, 'CustomerEvent')];
  const decoder = createEventDecoder({
    maxRecordBytes: config.limits.maxRecordBytes,
    findWriter: registry?.findWriter(subjects),
  });
  let scorer: Role | undefined;
  return async (batch) => {
    scorer ??= createScorer({
      model,
      decoder,
      ...(await scoreEncoder(config, registry)),
      topics: names,
      tombstones: config.tombstones,
    });
    return scorer(batch);
  };
}

/** Keeps trying until there is a model; tells each new fault once. */
function keepModel(config: Config, metrics: Metrics, log: Logger) {
  let model: Model | undefined;
  let fault: string | undefined;
  let stopped = false;
  const loop = async (): Promise<void> => {
    for (let waitMs = MODEL_RETRY_MS.first; !stopped; waitMs = Math.min(waitMs * 2, MODEL_RETRY_MS.longest)) {
      try {
        model = await loadModel(config.model.dir);
        fault = undefined;
        const { version, sha256 } = model.manifest;
        metrics.modelInfo.set({ version, sha256 }, 1);
        metrics.modelSwaps.inc({ result: 'activated' });
        log.info({ version, sha256 }, 'model in service');
        return;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (message !== fault)
          log.error(
            { code: error instanceof BankChurnError ? error.code : undefined, retryInMs: waitMs },
            message,
          );
        if (message !== fault) metrics.modelSwaps.inc({ result: 'refused' });
        fault = message;
        await sleep(waitMs);
      }
    }
  };
  void loop();
  return {
    model: () => model,
    fault: () => fault,
    stop: async () => {
      stopped = true;
      await model?.close();
    },
  };
}

/** Runs the service until a signal or a fatal error. Resolves with the exit code. */
export async function serve(config: Config, log: Logger): Promise<number> {
  const begun = Date.now();
  const metrics = createMetrics();
  const registry = registryOf(config);
  const kafka = kafkaOf(config, log);
  const models = keepModel(config, metrics, log);
  let role: RunningRole | undefined;
  let stopping = false;
  let stalled = false;
  const health = (): HealthState => {
    const state = role?.state();
    const manifest = models.model()?.manifest;
    return {
      model: manifest === undefined ? undefined : { version: manifest.version, sha256: manifest.sha256 },
      modelFault: models.fault(),
      joined: state?.joined ?? false,
      waitingFor: state?.waitingFor,
      assigned: state?.assigned ?? [],
      ready: state?.ready ?? [],
      silentMs: state?.lastAliveMs === undefined ? undefined : Date.now() - state.lastAliveMs,
      stopping,
      stalled,
      uptimeSeconds: Math.round((Date.now() - begun) / 1000),
    };
  };
  const sidecar = await startSidecar({ ...config.http, metrics, health });
  log.info({ port: sidecar.port }, 'sidecar listens');

  const exitCode = await new Promise<number>((resolve) => {
    const fatal = (error: unknown): void => {
      log.error({ fault: error instanceof Error ? error.message : String(error) }, 'cannot go on');
      resolve(1);
    };
    onSignals(log, () => resolve(0));
    void startWhenModel(models.model, () => stopping).then(() => {
      if (stopping) return;
      role = runRole(
        roleSettings(config, kafka, metrics, log),
        scorerRole(config, registry, models.model),
        fatal,
      );
    }, fatal);
    watch(config, kafka, health, () => {
      stalled = true;
      fatal(new Error(`nothing consumed for ${String(config.limits.stallMs)} ms while Kafka answers`));
    });
  });

  stopping = true;
  await role?.stop();
  await models.stop();
  registry?.close();
  metrics.close();
  await sidecar.close();
  log.info({ exitCode }, 'stopped');
  return exitCode;
}

function roleSettings(config: Config, kafka: Kafka, metrics: Metrics, log: Logger) {
  const { names } = config.topics;
  return {
    kafka,
    topic: names.customerEvents,
    outputs: [names.churnScores, names.deadLetters],
    groupId: config.group,
    startFrom: config.startFrom,
    delivery: config.delivery,
    maxBatchRecords: config.limits.maxBatchRecords,
    stopBudgetMs: config.limits.stopBudgetMs - 2000,
    metrics,
    log,
  };
}

/** A scorer without a model takes no partitions: others may have one. */
async function startWhenModel(model: () => Model | undefined, isStopping: () => boolean): Promise<void> {
  while (model() === undefined && !isStopping()) await sleep(100);
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
function watch(config: Config, kafka: Kafka, health: () => HealthState, onStall: () => void): void {
  let probing = false;
  const check = async (): Promise<void> => {
    const { silentMs, stopping } = health();
    if (probing || stopping || silentMs === undefined || silentMs < config.limits.stallMs) return;
    probing = true;
    try {
      const probe = partitionCounts(kafka, [config.topics.names.customerEvents]);
      const late = sleep(PROBE_TIMEOUT_MS).then(() => Promise.reject(new Error('late')));
      await Promise.race([probe, late]);
      if ((health().silentMs ?? 0) >= config.limits.stallMs) onStall();
    } catch {
      // Kafka is away: nothing that a restart would mend.
    } finally {
      probing = false;
    }
  };
  setInterval(() => void check(), WATCH_EVERY_MS).unref();
}
