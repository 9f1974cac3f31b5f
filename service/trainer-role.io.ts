/** The trainer on Kafka: what it reads and writes, and what it shows. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { challenge } from '../consumers/challenge.io.ts';
import { collectFreshRows } from '../consumers/fresh-rows.ts';
import { createTrainer } from '../consumers/trainer.ts';
import type { LogChange } from '../models/log-decisions.ts';
import type { LoggedRelease } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import type { RetrainRequested } from '../schemas/generated.ts';
import type { OpenRole } from '../schemas/ports.ts';
import { gateRules } from '../training/gate.ts';
import { recordInMlflow } from '../training/mlflow.io.ts';
import { measureAtScrape } from './at-scrape.ts';
import { decodeOwn, decoderOf, shapesOf } from './codecs.ts';
import { fetchFirst } from './model-log-fetch.io.ts';
import type { ModelLogAccess } from './model-log-port.ts';
import { createSkips } from './own-records.ts';
import { commonSettings, skipRecord, type Surroundings } from './role-settings.ts';
import { runRole, type RunningRole } from './run-role.io.ts';
import { tellResult } from './tell-results.ts';
import { modelLogOf } from './wiring.io.ts';

export function startTrainer(around: Surroundings): RunningRole {
  const settings = {
    ...commonSettings(around, 'trainer'),
    reject: skipRecord(1),
    onCommitted: () => undefined,
  };
  return runRole(settings, trainerRole(around), around.fatal);
}

/** The longest wait for labels between two looks, milliseconds. */
export const LONGEST_RETRY_MS = 300_000;

function trainerRole(around: Surroundings): OpenRole {
  const { config, kafka, registry, metrics, log } = around;
  const { training, topics, group } = config;
  const modelLog = modelLogOf(around, { log, actor: `trainer on ${hostname()}` });
  let waitingSince: number | undefined;
  let seen = 0;
  measureAtScrape(metrics.retrainDeferred, () => {
    const ageMs = waitingSince === undefined ? 0 : Math.max(0, Date.now() - waitingSince);
    metrics.retrainDeferred.set(ageMs / 1000);
  });
  const freshRows = {
    ...training,
    kafka,
    group,
    topics: topics.names,
    decodeEvents: decoderOf(around, shapesOf(config, config.customer).event),
    decodeOutcomes: decoderOf(around, shapesOf(config, config.customer).outcome),
    onUnreadable: (count: number, fault: string) =>
      log.warn({ count, fault }, 'outcomes that cannot be read'),
  };
  const challenging = {
    customer: config.customer,
    baseCsv: training.baseCsv,
    resampling: config.resampling.strategy,
    memoryBudgetBytes: config.resampling.memoryBudgetMiB * 1024 * 1024,
    baseHoldoutCsv: config.gate.baseHoldoutCsv,
    gate: {
      ...config.gate,
      base: gateRules(config.customer, training.minWeightedF1),
      maxAucLoss: training.maxAucLoss,
      minRecentLabels: training.minRecentLabels,
    },
    fetchRelease: (candidates: readonly LoggedRelease[]) => fetchFirst(modelLog, candidates),
    onProgress: (stage: string, share: number) => log.debug({ stage, share }, 'training'),
  };
  const trainer = createTrainer({
    decodeRequest: (record) => decodeOwn(record, registry, 'RetrainRequested') as Promise<RetrainRequested>,
    readLog: async () => {
      seen = await modelLog.end();
      return modelLog.read();
    },
    untilChange: (ms, signal) => untilChange(modelLog, seen, ms, signal),
    collect: (request) => collectFreshRows(freshRows, request),
    challenge: (champion, fresh, signal) => {
      const rows = { train: fresh.train.length, holdout: fresh.holdout.length };
      log.info({ champion: champion[0]?.version, ...rows }, 'training a challenger');
      return challenge(challenging, champion, fresh, signal);
    },
    write: async (decide, release) => {
      const done = await modelLog.write(decide, 'GATE', release);
      if (release !== undefined && done.change.release) void recordChallenger(around, release, done.change);
      return done;
    },
    clock: { now: Date.now, sleep },
    rule: {
      ...training,
      minLeavers: config.gate.minLeavers,
      retryMs: { first: training.retryMs, longest: LONGEST_RETRY_MS },
    },
    onResult: (...result) => tellResult(around, ...result),
    onWaiting: (requestedAtMs) => {
      waitingSince = requestedAtMs;
    },
    onSkipped: createSkips(around, topics.names.retrainEvents, Date.now),
  });
  return async (...where) => {
    await modelLog.check();
    return trainer(...where);
  };
}

/** How often the end of the model log is looked at, milliseconds. */
const LOG_LOOK_MS = 3000;

/** Waits until the model log has grown beyond an offset; so many milliseconds at most. */
async function untilChange(
  modelLog: Pick<ModelLogAccess, 'end'>,
  seen: number,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  for (const until = Date.now() + ms; !signal.aborted && Date.now() < until;) {
    await sleep(Math.min(LOG_LOOK_MS, until - Date.now()));
    if ((await modelLog.end()) > seen) return;
  }
}

/** The challenger in MLflow, where that is on: bounded, and nothing depends on it. */
async function recordChallenger(
  { config, log }: Surroundings,
  release: Release,
  { kinds, reason }: LogChange,
): Promise<void> {
  if (!config.mlflow.enabled) return;
  const endedMs = Date.now();
  const outcome = await recordInMlflow(config.mlflow, {
    release,
    alias: kinds.includes('ACTIVATION') ? 'champion' : 'challenger',
    begunMs: endedMs,
    endedMs,
    files: { 'gate.txt': `${reason ?? ''}\n` },
  });
  if (outcome.recorded)
    log.info({ run: outcome.runUrl, version: outcome.modelVersion }, 'recorded in MLflow');
  else log.warn({ fault: outcome.fault }, 'not recorded in MLflow; the release stands');
}
