/** What the trainer does and waits for, as the model log and the retrain events say: as JSON, and as lines. */
import { nextLook } from '../consumers/trainer-schedule.ts';
import { requestState, waitingForApproval } from '../models/log-requests.ts';
import { activeModel, type ModelLog } from '../models/log.ts';
import type { BackOff } from '../schemas/back-off.ts';
import type { RetrainRequested } from '../schemas/generated.ts';
import { isoTime, parsed } from './models-show.ts';

export interface Standing {
  readonly log: ModelLog;
  /** Oldest first. */
  readonly requests: readonly RetrainRequested[];
  /** Trainers that run. */
  readonly trainers: number;
  readonly nowMs: number;
  readonly retryMs: BackOff;
  readonly expiryMs: number;
}

/** `trainer status --json`. Times in ISO 8601. */
export function statusJson({ log, requests, trainers, nowMs, retryMs, expiryMs }: Standing) {
  const active = activeModel(log);
  const { pause } = log;
  return {
    trainers,
    paused: pause === undefined ? null : { since: isoTime(pause.recordedAt), actor: pause.actor, reason: pause.reason }, // prettier-ignore
    serves: active === undefined ? null : { version: active.version, activation: active.offset },
    requests: requests.flatMap((request) => {
      const state = requestState(log, request);
      if (state !== 'open' && state !== 'deferred') return [];
      const answer = log.answers.get(request.requestId);
      const next = answer && pause === undefined ? nextLook(answer.since, nowMs, retryMs) : undefined;
      return [
        {
          requestId: request.requestId,
          state,
          requestedAt: isoTime(request.requestedAt),
          reason: request.reason,
          waitsFor: answer?.reason ?? null,
          labels: answer === undefined ? null : parsed(answer.gateReport),
          countedAt: answer === undefined ? null : isoTime(answer.recordedAt),
          looksAgainAt: next === undefined ? null : isoTime(next),
          expiresAt: isoTime(request.requestedAt + expiryMs),
        },
      ];
    }),
    waitForApproval: waitingForApproval(log).map(({ version, recordedAt, requestId, reason }) => ({
      ...{ version, requestId, reason },
      since: isoTime(recordedAt),
    })),
  };
}

/** `trainer status`. */
export function* statusLines(standing: Standing): Generator<string> {
  const { trainers, paused, serves, requests, waitForApproval } = statusJson(standing);
  yield `trainers   ${trainers === 0 ? 'none runs' : String(trainers)}`;
  if (paused !== null)
    yield `paused     since ${String(paused.since)} by ${paused.actor ?? 'somebody'}${paused.reason === null ? '' : `: ${paused.reason}`}; \`bankchurn trainer resume\` lets it go on`;
  yield `champion   ${serves === null ? 'none of the log' : `${serves.version} (activation ${String(serves.activation)})`}`;
  if (requests.length === 0) yield 'requests   none waits for an answer';
  for (const {
    requestId,
    state,
    requestedAt,
    reason,
    waitsFor,
    countedAt,
    looksAgainAt,
    expiresAt,
  } of requests) {
    yield `request    ${requestId} of ${String(requestedAt)}: ${reason}`;
    if (state === 'open') yield '           is next, or in training';
    else {
      yield `           waits for labels: ${waitsFor ?? ''} (${String(countedAt)})`;
      yield `           looks again ${looksAgainAt === null ? 'when it is resumed' : `at ${String(looksAgainAt)}`}; expires at ${String(expiresAt)}`;
    }
  }
  for (const { version, since, reason } of waitForApproval) {
    yield `approval   ${version} waits since ${String(since)}: \`bankchurn models approve ${version}\``;
    yield `           ${reason ?? ''}`;
  }
}
