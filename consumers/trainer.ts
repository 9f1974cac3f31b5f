import { requestFault } from '../drift/checks.ts';
import {
  decideChallenger,
  decideRefusal,
  isChange,
  requestState,
  type GateWord,
  type LogChange,
} from '../models/log-decisions.ts';
import { activeModel, releasesOf, type LoggedRelease, type ModelLog } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import { backOff } from '../schemas/back-off.ts';
import { BankChurnError, isPoisonError, isTransient, messageOf } from '../schemas/errors.ts';
import type { RetrainRequested } from '../schemas/generated.ts';
import type { OwnRecord } from '../schemas/own.ts';
import type { Clock, KeepAlive, OpenRole, SourceRecord } from '../schemas/ports.ts';
import { lastOffset } from '../schemas/records.ts';
import type { FreshRows } from '../training/challenger.ts';
import { labelsFault, type ChallengeRule } from '../training/challenge-gate.ts';
import type { GateVerdict } from '../training/gate.ts';
import type { LabelledEvent } from '../training/labels.ts';
import { countCustomers, numberCustomers, type CustomerCounts } from '../training/paired-auc.ts';

/** How a retrain request ended (or, deferred, goes on). */
export type TrainingResult = 'promoted' | 'rejected' | 'deferred' | 'failed' | 'stale' | 'answered';

/** A trained challenger and the gate's word on it. */
export interface Challenge extends GateVerdict {
  readonly release: Release;
  /** JSON of every figure that the gate saw. */
  readonly report: string;
}

export interface TrainerPorts {
  readonly decodeRequest: (record: OwnRecord) => Promise<RetrainRequested>;
  readonly readLog: () => Promise<ModelLog>;
  /** Labelled rows of the stream that are there by now. */
  readonly collect: (request: RetrainRequested) => Promise<FreshRows>;
  /** Trains a challenger and holds it against the champion: the first of these that is whole. Stops early when aborted. */
  readonly challenge: (
    champion: readonly LoggedRelease[],
    fresh: FreshRows,
    signal: AbortSignal,
  ) => Promise<Challenge>;
  /** Fences other writers of the model log, reads it, decides, writes. */
  readonly write: (
    decide: (log: ModelLog) => LogChange,
    release?: Release,
  ) => Promise<{ readonly change: LogChange }>;
  readonly clock: Clock;
  readonly rule: TrainerRule;
  /** Told of each result as it comes. */
  readonly onResult: (result: TrainingResult, request: RetrainRequested, reason: string) => void;
  /** Told of the request that waits for labels: when it was made, milliseconds since 1970; undefined: none waits. */
  readonly onWaiting: (requestedAtMs: number | undefined) => void;
  /** A record that is no retrain request is skipped. */
  readonly onSkipped: (offset: number, error: BankChurnError) => void;
}

/** With fewer labels the request is deferred. */
export interface TrainerRule extends Pick<ChallengeRule, 'minRecentLabels' | 'minLeavers'> {
  /** First and longest wait for labels, milliseconds; doubles in between. */
  readonly retryMs: { readonly first: number; readonly longest: number };
  /** A request older than this is refused, milliseconds. */
  readonly expiryMs: number;
}

/** How often a long wait or training tells the group that the trainer lives, milliseconds. */
const BEAT_MS = 1000;

/**
 * The trainer role: retrain request → challenger → gate → release and activation, or a rejection, or a deferral until
 * there are labels (docs/adr/0007-retraining.md). Its results go to the model log in a transaction of that log's own, and each names
 * the request: so a request that is read again, after whatever crash, is answered once.
 */
export function createTrainer(ports: TrainerPorts): OpenRole {
  return () =>
    Promise.resolve(async ({ records }, keepAlive) => {
      const outcomes = new Map<string, number>();
      for (const record of records) {
        const request = await readRequest(ports, record);
        const result = request === undefined ? 'skipped' : await answerShown(ports, request, keepAlive);
        outcomes.set(result, (outcomes.get(result) ?? 0) + 1);
      }
      return { emit: [], commit: lastOffset(records) + 1, outcomes };
    });
}

/** The request of a record; undefined: it is none, and is skipped. */
async function readRequest(ports: TrainerPorts, record: SourceRecord): Promise<RetrainRequested | undefined> {
  try {
    const raw = await ports.decodeRequest(record);
    // An event may come from the future: its request is as old as the trainer knows it.
    const requestedAt = Math.min(raw.requestedAt, ports.clock.now());
    const request = { ...raw, driftSince: raw.driftSince ?? null };
    const fault = requestFault(request);
    if (fault === undefined) return { ...request, requestedAt };
    throw new BankChurnError('RECORD_INVALID', `no RetrainRequested: ${fault} cannot be`);
  } catch (error) {
    if (!isPoisonError(error)) throw error;
    ports.onSkipped(record.offset, error);
    return undefined;
  }
}

async function answerShown(
  ports: TrainerPorts,
  request: RetrainRequested,
  keepAlive: KeepAlive,
): Promise<TrainingResult> {
  try {
    return await answer(ports, request, keepAlive);
  } finally {
    ports.onWaiting(undefined);
  }
}

/** Answers one request; waits for labels as long as it takes. */
async function answer(
  given: TrainerPorts,
  request: RetrainRequested,
  keepAlive: KeepAlive,
): Promise<TrainingResult> {
  const ports = keptAlive(given, keepAlive);
  const { rule, clock } = ports;
  for (let failures = 0; ; failures++) {
    const log = await ports.readLog();
    const state = requestState(log, request);
    if (state === 'answered' || state === 'stale') {
      ports.onResult(state, request, `request ${request.requestId} is ${state}`);
      return state;
    }
    const fresh = await ports.collect(request);
    const labels = tooFew(fresh, rule);
    if (labels === undefined) return await retrain(ports, request, log, fresh);
    if (clock.now() - request.requestedAt > rule.expiryMs)
      return refuse(ports, request, 'rejected', {
        reason: `expired: after ${hours(rule.expiryMs)} still ${labels}`,
      });
    if (state === 'open') await refuse(ports, request, 'deferred', { reason: labels });
    ports.onWaiting(request.requestedAt);
    await clock.sleep(backOff(rule.retryMs, failures));
  }
}

/** Why no challenger can be judged (or trained) on these rows; undefined: one can. */
function tooFew({ train, holdout }: FreshRows, rule: TrainerRule): string | undefined {
  const fault = labelsFault(countLabels(holdout), rule);
  if (fault !== undefined) return fault;
  const { leavers, stayers } = countLabels(train);
  return leavers > 0 && stayers > 0
    ? undefined
    : `${String(leavers)} customers who left and ${String(stayers)} who stayed to train a challenger on`;
}

const countLabels = (rows: readonly LabelledEvent[]): CustomerCounts =>
  countCustomers({
    labels: rows.map(({ churned }) => Number(churned)),
    customers: numberCustomers(rows.map(({ event }) => event.customerId)),
  });

const hours = (ms: number): string => `${(ms / 3_600_000).toFixed(1)} h`;

async function retrain(
  ports: Kept,
  request: RetrainRequested,
  log: ModelLog,
  fresh: FreshRows,
): Promise<TrainingResult> {
  const champion = releasesOf(log, activeModel(log)!); // the request is not stale: it is about the active model
  const challenge = await ports.challenge(champion, fresh);
  if (typeof challenge === 'string') return refuse(ports, request, 'failed', { reason: challenge });
  const { release, passed, reason, report: figures } = challenge;
  const word = { reason, report: figures };
  if (!passed) return refuse(ports, request, 'rejected', word);
  const decide = (now: ModelLog): LogChange => decideChallenger(now, request, release.manifest, word);
  const { change } = await ports.write(decide, release);
  return report(ports, request, change, 'promoted', reason);
}

async function refuse(
  ports: Kept,
  request: RetrainRequested,
  result: 'rejected' | 'failed' | 'deferred',
  word: GateWord,
): Promise<TrainingResult> {
  const kind = result === 'deferred' ? 'DEFERRAL' : 'REJECTION';
  const { change } = await ports.write((log) => decideRefusal(log, request, kind, word));
  return report(ports, request, change, result, word.reason);
}

/** Nothing was written: in the meantime someone else answered, or another model serves. */
function report(
  ports: Kept,
  request: RetrainRequested,
  change: LogChange,
  result: TrainingResult,
  reason: string,
): TrainingResult {
  const isOver = !isChange(change);
  const final = isOver ? 'stale' : result;
  ports.onResult(final, request, isOver ? 'in the meantime answered, or another model serves' : reason);
  return final;
}

/** The ports as one request uses them: whatever takes long is left when the batch is to be given up. */
function keptAlive(ports: TrainerPorts, keepAlive: KeepAlive) {
  const held = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    alive(work, ports.clock, keepAlive);
  return {
    ...ports,
    readLog: () => held(ports.readLog),
    collect: (request: RetrainRequested) => held(() => ports.collect(request)),
    /** The challenger, or how its training failed. */
    challenge: (champion: readonly LoggedRelease[], fresh: FreshRows) =>
      held<Challenge | string>((signal) =>
        ports.challenge(champion, fresh, signal).catch((error: unknown) => {
          if (isTransient(error)) throw error;
          return `failed: ${messageOf(error)}`;
        }),
      ),
    write: (decide: (log: ModelLog) => LogChange, release?: Release) =>
      held(() => ports.write(decide, release)),
    clock: { ...ports.clock, sleep: (ms: number) => held(() => ports.clock.sleep(ms)) },
  };
}

type Kept = ReturnType<typeof keptAlive>;

/** Does something that takes long and keeps the membership alive; aborts it when the batch is to be given up. */
async function alive<T>(
  work: (signal: AbortSignal) => Promise<T>,
  clock: Clock,
  keepAlive: KeepAlive,
): Promise<T> {
  const giveUp = new AbortController();
  const working = work(giveUp.signal).then((value) => ({ value }));
  try {
    for (;;) {
      const done = await Promise.race([working, clock.sleep(BEAT_MS)]);
      if (done !== undefined) return done.value;
      await keepAlive();
    }
  } catch (error) {
    giveUp.abort();
    working.catch(() => undefined);
    throw error;
  }
}
