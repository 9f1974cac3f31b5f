/** The roles of the service, each made of a configuration: what it reads and writes, and what it is told. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { challenge } from '../consumers/challenge.io.ts';
import { collectFreshRows } from '../consumers/fresh-rows.ts';
import { ASSUMED_BYTES } from '../kafka/message-limits.ts';
import type { WrittenBefore } from '../kafka/port.ts';
import type { LoopPorts } from '../consumers/loop-ports.ts';
import type { Metrics } from './metrics.io.ts';
import { createMonitor } from '../consumers/monitor.ts';
import { recordScores } from './count-scores.ts';
import { createUnknownFields } from './unknown-fields.ts';
import { tellResult, tellVerdict } from './tell-results.ts';
import { runRole, type RunningRole } from './run-role.io.ts';
import type { Serving } from './model-follower.io.ts';
import { createEarlierOutputs } from '../consumers/earlier-outputs.ts';
import { createScorer, rejectEvent } from '../consumers/scorer.ts';
import { createTrainer } from '../consumers/trainer.ts';
import type { LogChange } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import type { RecordDecoder } from '../schemas/decoder.ts';
import type { CustomerEvent, DriftCounts } from '../schemas/generated.ts';
import type { OpenRole, Reject, Role } from '../schemas/ports.ts';
import { recordInMlflow } from '../training/mlflow.io.ts';
import { decodeOwn, decoderOf, shapesOf, topicEncoder } from './codecs.ts';
import { roleTopics, type RoleName } from './role-topics.ts';
import { controlEncoderOf, modelLogOf, readLastVerdict, type Clients } from './wiring.io.ts';

/** What a role of the service needs. */
export interface Surroundings extends Clients {
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly models: Serving;
  readonly fatal: (error: unknown) => void;
  readonly wrap: Wrap;
}

/** Where tests put faults between the parts; the service itself runs without. */
export interface Wrap {
  readonly ports?: (ports: LoopPorts) => LoopPorts;
  readonly decoder?: (decoder: RecordDecoder<CustomerEvent>) => RecordDecoder<CustomerEvent>;
}

const START: Readonly<Record<RoleName, (around: Surroundings) => RunningRole>> = {
  scorer: startScorer,
  monitor: startMonitor,
  trainer: startTrainer,
};

/** Starts a role; it runs until it is stopped. */
export const startRole = (name: RoleName, around: Surroundings): RunningRole => START[name](around);

function common({ config, kafka, metrics, log, wrap }: Surroundings, role: RoleName) {
  return {
    ...roleTopics(role, config),
    kafka,
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    wrap: wrap.ports,
    delivery: config.delivery,
    maxBatchRecords: config.limits.maxBatchRecords,
    stopBudgetMs: config.limits.stopBudgetMs - 2000,
    metrics,
    log,
  };
}

function startScorer(around: Surroundings): RunningRole {
  const { config, metrics, log, fatal } = around;
  const { names } = config.topics;
  const countUnknownFields = createUnknownFields(metrics, log);
  let limits: ReadonlyMap<string, number> = new Map();
  const maxLetterBytes = (): number => limits.get(names.deadLetters) ?? ASSUMED_BYTES;
  const settings = {
    ...common(around, 'scorer'),
    reject: rejectEvent({ topics: names, group: config.group, maxLetterBytes }),
    onLimits: (found: typeof limits) => {
      limits = found;
    },
    writtenBefore: writtenBefore(around),
    onCommitted: (
      ...[batch, decision, stageMs]: Parameters<Parameters<typeof runRole>[0]['onCommitted']>
    ) => {
      recordScores(metrics, batch, decision, stageMs, Date.now());
      countUnknownFields(decision);
    },
  };
  return runRole(settings, scorerRole(around, maxLetterBytes), fatal);
}

function writtenBefore({ kafka, config, log }: Surroundings): WrittenBefore {
  const { topic, outputs, startFrom } = roleTopics('scorer', config);
  return createEarlierOutputs({
    ...{ kafka, topic, outputs, group: config.group, now: Date.now },
    onFound: (partition, offset) =>
      log.error({ partition, offset }, 'no committed offset, but outputs: going on after the last of them'),
    onNewGroup: (partition) =>
      log.warn(
        { partition, group: config.group, startFrom },
        'the outputs are of other groups: this group is new, and starts where START_FROM says',
      ),
  });
}

/** The encoder of scores is made for the first batch: a registry that is away stops none but those that wait for it. */
function scorerRole(around: Surroundings, maxLetterBytes: () => number): OpenRole {
  const { config, registry, models, log, wrap } = around;
  const { names } = config.topics;
  const plain = decoderOf({ config, registry }, shapesOf(config).event);
  const decoder = wrap.decoder?.(plain) ?? plain;
  const openCounts = controlEncoderOf(around, 'driftCounts', log);
  const open = async (): Promise<Role> =>
    createScorer({
      model: models.current,
      decoder,
      encodeScore: await topicEncoder(config, registry, 'churnScores'),
      encodeCounts: await openCounts(),
      contentType: registry === undefined ? 'application/json' : 'application/avro',
      group: config.group,
      topics: names,
      tombstones: config.tombstones,
      maxLetterBytes,
    });
  const scorer = createLazily(open);
  const role: Role = async (...batch) => (await scorer())(...batch);
  return () => Promise.resolve(role);
}

/** Makes something when it is first needed; after a failure it is tried again at the next need. */
function createLazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}

/** Skips a record; the observer has logged it. `commits`: offsets that are committed with it. */
const skip =
  (commits: 1 | undefined): Reject =>
  ({ records: [record] }) => ({
    emit: [],
    commit: commits === undefined ? undefined : record!.offset + commits,
    outcomes: new Map([['PROCESSING_FAILED', 1]]),
  });

function startMonitor(around: Surroundings): RunningRole {
  const settings = {
    ...common(around, 'monitor'),
    // Committed with the next verdict: the pane that is filling is read again after a restart.
    reject: skip(undefined),
    onCommitted: () => undefined,
  };
  return runRole(settings, monitorRole(around), around.fatal);
}

function monitorRole(around: Surroundings): OpenRole {
  const { config, registry, models, log } = around;
  const openVerdicts = controlEncoderOf(around, 'driftVerdicts', log);
  const openRequests = controlEncoderOf(around, 'retrainEvents', log);
  return async (partition, offset) => {
    const open = createMonitor({
      rule: config.drift,
      decodeCounts: (record) => decodeOwn(record, registry, 'DriftCounts') as Promise<DriftCounts>,
      encodeVerdict: await openVerdicts(),
      encodeRequest: await openRequests(),
      lastVerdict: () => readLastVerdict(around),
      manifestOf: models.manifestOf,
      topics: config.topics.names,
      onVerdict: (verdict) => tellVerdict(around, verdict),
    });
    return open(partition, offset);
  };
}

function startTrainer(around: Surroundings): RunningRole {
  const settings = {
    ...common(around, 'trainer'),
    reject: skip(1),
    onCommitted: () => undefined,
  };
  return runRole(settings, trainerRole(around), around.fatal);
}

const LONGEST_RETRY_MS = 300_000;

function trainerRole(around: Surroundings): OpenRole {
  const { config, kafka, registry, log } = around;
  const { training, topics, group } = config;
  const modelLog = modelLogOf(around, log);
  const freshRows = {
    ...training,
    kafka,
    group,
    topics: topics.names,
    decodeEvents: decoderOf(around, shapesOf(config).event),
    decodeOutcomes: decoderOf(around, shapesOf(config).outcome),
    onUnreadable: (count: number, fault: string) =>
      log.warn({ count, fault }, 'outcomes that cannot be read'),
  };
  const challenging = {
    baseCsv: training.baseCsv,
    resampling: config.resampling.strategy,
    memoryBudgetBytes: config.resampling.memoryBudgetMiB * 1024 * 1024,
    gate: training,
    fetchRelease: modelLog.fetch,
    onProgress: (stage: string, share: number) => log.debug({ stage, share }, 'training'),
  };
  const trainer = createTrainer({
    decodeRequest: (record) => decodeOwn(record, registry, 'RetrainRequested'),
    readLog: modelLog.read,
    collect: (request) => collectFreshRows(freshRows, request),
    challenge: (champion, fresh, signal) => {
      const rows = { train: fresh.train.length, holdout: fresh.holdout.length };
      log.info({ champion: champion.version, ...rows }, 'training a challenger');
      return challenge(challenging, champion, fresh, signal);
    },
    write: async (decide, release) => {
      const done = await modelLog.write(decide, 'GATE', release);
      if (release !== undefined && done.change.release) void recordChallenger(around, release, done.change);
      return done;
    },
    clock: { now: Date.now, sleep },
    rule: { ...training, retryMs: { first: training.retryMs, longest: LONGEST_RETRY_MS } },
    onResult: (...result) => tellResult(around, ...result),
    onUnreadable: (offset, fault) => log.error({ offset, fault }, 'no retrain request: passed over'),
  });
  return async (...where) => {
    await modelLog.check();
    return trainer(...where);
  };
}

/** The challenger in MLflow, where that is on: bounded, and nothing depends on it. */
async function recordChallenger(
  { config, log }: Surroundings,
  release: Release,
  { kinds, answer }: LogChange,
): Promise<void> {
  if (!config.mlflow.enabled) return;
  const endedMs = Date.now();
  const outcome = await recordInMlflow(config.mlflow, {
    release,
    alias: kinds.includes('ACTIVATION') ? 'champion' : 'challenger',
    begunMs: endedMs,
    endedMs,
    files: { 'gate.txt': `${answer?.reason ?? ''}\n` },
  });
  if (outcome.recorded)
    log.info({ run: outcome.runUrl, version: outcome.modelVersion }, 'recorded in MLflow');
  else log.warn({ fault: outcome.fault }, 'not recorded in MLflow; the release stands');
}
