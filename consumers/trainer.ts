import { requestFault } from '../drift/checks.ts';
import { isChange, NO_CHANGE, type LogChange } from '../models/log-decisions.ts';
import {
  decideChallenger,
  decideDeferral,
  decideOver,
  decideRejection,
  requestState,
  type ActivationPolicy,
} from '../models/log-requests.ts';
import { activeModel, releasesOf, type LoggedRelease, type ModelLog } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import type { BackOff } from '../schemas/back-off.ts';
import { BankChurnError, isPoisonError, isTransient, messageOf } from '../schemas/errors.ts';
import type { RetrainRequested } from '../schemas/generated.ts';
import type { OwnRecord } from '../schemas/own.ts';
import type { Clock, KeepAlive, OpenRole, SourceRecord } from '../schemas/ports.ts';
import { lastOffset } from '../schemas/records.ts';
import type { FreshRows } from '../training/challenger.ts';
import type { GateVerdict } from '../training/gate.ts';
import { shortage, type LabelNeeds, type Shortage } from './trainer-labels.ts';
import { nextLook } from './trainer-schedule.ts';

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
  /** Resolves after some milliseconds, or soon after the model log has changed; early when aborted. */
  readonly untilChange: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly rule: TrainerRule;
  /** Told of each result as it comes. */
  readonly onResult: (result: TrainingResult, request: RetrainRequested, reason: string) => void;
  /** Told of the request that waits for labels: when it was made, milliseconds since 1970; undefined: none waits. */
  readonly onWaiting: (requestedAtMs: number | undefined) => void;
  /** A record that is no retrain request is skipped. */
  readonly onSkipped: (offset: number, error: BankChurnError) => void;
}

export interface TrainerRule extends LabelNeeds {
  /** What becomes of a challenger that passed. */
  readonly activation: ActivationPolicy;
  /** First and longest wait for labels, milliseconds; doubles in between. */
  readonly retryMs: BackOff;
  /** A request older than this is refused, milliseconds. */
  readonly expiryMs: number;
}

/** A paused trainer looks at the model log so often at least, milliseconds. */
const PAUSE_LOOK_MS = 60_000;
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

/** Answers one request; waits for labels, and for an operator who paused the trainer, as long as it takes. */
async function answer(
  given: TrainerPorts,
  request: RetrainRequested,
  keepAlive: KeepAlive,
): Promise<TrainingResult> {
  const ports = keptAlive(given, keepAlive);
  const { rule, clock } = ports;
  for (let lookAtMs = -Infinity; ;) {
    const log = await ports.readLog();
    const state = requestState(log, request);
    if (state === 'answered' || state === 'stale') return end(ports, request, state);
    const isPaused = log.pause !== undefined;
    if (!isPaused && clock.now() >= lookAtMs) {
      const fresh = await ports.collect(request);
      const short = shortage(fresh, rule);
      if (short === undefined) return await retrain(ports, request, log, fresh);
      if (clock.now() - request.requestedAt > rule.expiryMs)
        return reject(
          ports,
          request,
          'rejected',
          `expired: after ${hours(rule.expiryMs)} still ${short.reason}`,
        );
      await defer(ports, request, short, state === 'open');
      lookAtMs = nextLook(
        log.answers.get(request.requestId)?.since ?? clock.now(),
        clock.now(),
        rule.retryMs,
      );
    }
    ports.onWaiting(request.requestedAt);
    await ports.untilChange(isPaused ? PAUSE_LOOK_MS : Math.max(1, lookAtMs - clock.now()));
  }
}

/** A request that needs no challenger: answered before, or about a model that no longer serves, which is then recorded. */
async function end(
  ports: Kept,
  request: RetrainRequested,
  state: 'answered' | 'stale',
): Promise<TrainingResult> {
  const reason = `request ${request.requestId} is ${state}`;
  if (state === 'stale') {
    const { change } = await ports.write((log) => decideOver(log, request) ?? NO_CHANGE);
    return report(ports, request, change, 'stale', reason);
  }
  ports.onResult(state, request, reason);
  return state;
}

const hours = (ms: number): string => `${(ms / 3_600_000).toFixed(1)} h`;

async function retrain(
  ports: Kept,
  request: RetrainRequested,
  log: ModelLog,
  fresh: FreshRows,
): Promise<TrainingResult> {
  const champion = releasesOf(log, activeModel(log)!); // the request is not stale: it is about the active model
  const challenge = await ports.challenge(champion, fresh);
  if (typeof challenge === 'string') return reject(ports, request, 'failed', challenge);
  const { release, passed, reason, report: figures } = challenge;
  if (!passed) return reject(ports, request, 'rejected', reason, figures);
  const word = { reason, report: figures };
  const decide = (now: ModelLog): LogChange =>
    decideChallenger(now, request, release.manifest, word, ports.rule.activation);
  const { change } = await ports.write(decide, release);
  return report(ports, request, change, 'promoted', reason);
}

async function reject(
  ports: Kept,
  request: RetrainRequested,
  result: 'rejected' | 'failed',
  reason: string,
  figures?: string,
): Promise<TrainingResult> {
  const { change } = await ports.write((log) => decideRejection(log, request, { reason, report: figures }));
  return report(ports, request, change, result, reason);
}

/** Puts a request off; later looks are only recorded, and only if the labels have grown. */
async function defer(
  ports: Kept,
  request: RetrainRequested,
  short: Shortage,
  isFirst: boolean,
): Promise<void> {
  const { change } = await ports.write((log) => decideDeferral(log, request, short, short.share));
  if (isFirst) report(ports, request, change, 'deferred', short.reason);
}

/** Nothing was written: in the meantime someone else answered. */
function report(
  ports: Kept,
  request: RetrainRequested,
  change: LogChange,
  result: TrainingResult,
  reason: string,
): TrainingResult {
  const final = !isChange(change) ? 'answered' : change.isStale === true ? 'stale' : result;
  ports.onResult(final, request, final === result ? (change.reason ?? reason) : (change.reason ?? 'answered in the meantime')); // prettier-ignore
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
    untilChange: (ms: number) => held((signal) => ports.untilChange(ms, signal)),
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
