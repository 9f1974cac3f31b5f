/** What `/health` and its kin answer, and when a restart helps. */
import { causesOf } from './causes.ts';
import type { HealthState } from './health-state.ts';

/** An HTTP answer. */
export interface Report {
  readonly status: 200 | 503;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The causes as the body shows them: one sentence of all, the code of the deepest, and each by itself if they are several. */
function causesShown(state: HealthState): { isWell: boolean; shown: object } {
  const causes = causesOf(state);
  const first = causes.find(({ blocks }) => blocks) ?? causes[0];
  if (first === undefined) return { isWell: true, shown: {} };
  const detail = causes.map((cause) => cause.detail).join('; ');
  const each = causes.map((cause) => ({ code: cause.code, detail: cause.detail }));
  return {
    isWell: !first.blocks,
    shown: { detail, code: first.code, ...(causes.length === 1 ? {} : { causes: each }) },
  };
}

/** `GET /health`: 200 when events are being scored, or would be if some came. */
export function healthReport(state: HealthState): Report {
  const { isWell, shown } = causesShown(state);
  const { deadLetterShare } = state;
  const body = {
    status: isWell ? 'healthy' : 'degraded',
    model_loaded: state.model !== undefined,
    ...shown,
    ...(deadLetterShare === undefined ? {} : { dead_letter_share: Number(deadLetterShare.toFixed(3)) }),
    ...(state.modelFault === undefined ? {} : { model_fault: state.modelFault.detail }),
    model_version: state.model?.version ?? null,
    model_sha256: state.model?.sha256 ?? null,
    partitions: { assigned: state.assigned.length, ready: state.ready.length },
    roles: state.roles,
    ...(state.workers === undefined ? {} : { workers: state.workers }),
    uptime_seconds: state.uptimeSeconds,
  };
  return { status: isWell ? 200 : 503, body };
}

/** `GET /health/ready`: as health, short. */
export function readyReport(state: HealthState): Report {
  const { isWell, shown } = causesShown(state);
  return isWell
    ? { status: 200, body: { ready: true, ...shown } }
    : { status: 503, body: { ready: false, ...shown } };
}

/** `GET /health/live`: 503 only where a restart helps. Kafka or the model being away is no reason. */
export function liveReport(state: HealthState): Report {
  return state.stalled
    ? { status: 503, body: { live: false, detail: 'Stalled' } }
    : { status: 200, body: { live: true } };
}

/**
 * When silence is a stall that only a restart mends: nothing consumed for `stallMs`, and Kafka has answered for the latter half of
 * it. After an outage, however long, a consumer so has half of `stallMs` to come back by itself.
 *
 * @returns a rule to call after each look at Kafka: now, the silence so far (milliseconds), whether Kafka answers.
 */
export function createStallRule(
  stallMs: number,
): (nowMs: number, silentMs: number, answers: boolean) => boolean {
  let answeringSinceMs: number | undefined;
  let lookedAtMs = -Infinity;
  return (nowMs, silentMs, answers) => {
    const wasSilent = nowMs - silentMs <= lookedAtMs; // since the last look
    lookedAtMs = nowMs;
    answeringSinceMs = answers ? ((wasSilent ? answeringSinceMs : undefined) ?? nowMs) : undefined;
    return answers && silentMs >= stallMs && nowMs - answeringSinceMs! >= stallMs / 2;
  };
}
