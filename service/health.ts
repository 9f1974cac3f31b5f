import type { RoleState } from './role-view.ts';

/** What is known about the process when somebody asks. */
export interface HealthState {
  readonly model: { readonly version: string; readonly sha256: string } | undefined;
  /** Why there is no model, when there is none. */
  readonly modelFault: string | undefined;
  readonly joined: boolean;
  /** What the start is waiting for, e.g. a missing topic. */
  readonly waitingFor: string | undefined;
  readonly assigned: readonly number[];
  readonly ready: readonly number[];
  /** Milliseconds since Kafka last gave a sign of life; undefined before the first. */
  readonly silentMs: number | undefined;
  readonly stopping: boolean;
  /** Kafka answers and nothing is consumed: only a restart helps. */
  readonly stalled: boolean;
  readonly uptimeSeconds: number;
  /** What this process does: scorer, monitor, … */
  readonly roles: readonly string[];
  /** Share of dead letters in the last events of a process, where it is above the limit. */
  readonly deadLetterShare?: number | undefined;
  /** What needs an operator while scoring goes on. */
  readonly warnings?: readonly string[];
  /** Processes of this container; undefined where it is one and the same. */
  readonly workers?: { readonly configured: number; readonly up: number };
}

/** What the roles of a process have for an operator; they change it. */
export interface Concerns {
  /** Where it is above the limit. */
  deadLetterShare: number | undefined;
  readonly warnings: string[];
}

/** A process at one moment. */
export interface ProcessView {
  readonly roles: readonly RoleState[];
  readonly roleNames: readonly string[];
  /** Of the model in service. */
  readonly manifest: HealthState['model'];
  readonly modelFault: string | undefined;
  readonly stopping: boolean;
  readonly stalled: boolean;
  readonly concerns: Concerns;
  /** When it was started, and now; milliseconds since 1970. */
  readonly begunMs: number;
  readonly nowMs: number;
}

/** The health of a process: its roles taken together, the worst of each. */
export function processHealth(view: ProcessView): HealthState {
  const { roles, roleNames, manifest, modelFault, stopping, stalled, concerns, begunMs, nowMs } = view;
  const alive = roles.flatMap(({ lastAliveMs }) => (lastAliveMs === undefined ? [] : [lastAliveMs]));
  return {
    model: manifest === undefined ? undefined : { version: manifest.version, sha256: manifest.sha256 },
    modelFault,
    ...together(roles),
    silentMs: alive.length === 0 ? undefined : nowMs - Math.min(...alive),
    stopping,
    stalled,
    uptimeSeconds: Math.round((nowMs - begunMs) / 1000),
    roles: roleNames,
    deadLetterShare: concerns.deadLetterShare,
    warnings: [...concerns.warnings],
  };
}

type Consuming = Pick<HealthState, 'joined' | 'waitingFor' | 'assigned' | 'ready'>;

/** All partitions of some roles or processes; otherwise the worst of each. */
export const together = (parts: readonly Consuming[]): Consuming => ({
  joined: parts.length > 0 && parts.every(({ joined }) => joined),
  waitingFor: parts.find(({ waitingFor }) => waitingFor !== undefined)?.waitingFor,
  assigned: parts.flatMap(({ assigned }) => assigned),
  ready: parts.flatMap(({ ready }) => ready),
});

/** An HTTP answer. */
export interface Report {
  readonly status: 200 | 503;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Silence from Kafka that counts as away, milliseconds: many fetches (200 ms) and heartbeats (1 s). */
const AWAY_MS = 10_000;

/** Why the process cannot score now; undefined when it can. */
export function impediment(state: HealthState): string | undefined {
  if (state.stalled) return 'Stalled';
  if (state.stopping) return 'Stopping';
  if (state.workers?.up === 0) return 'No worker is up';
  if (state.model === undefined) return 'Model not available';
  if (state.waitingFor !== undefined) return state.waitingFor;
  if (!state.joined) return 'Not joined';
  if ((state.silentMs ?? 0) > AWAY_MS) return 'Kafka does not answer';
  if (state.ready.length < state.assigned.length) {
    return `${String(state.assigned.length - state.ready.length)} of ${String(state.assigned.length)} partitions are not ready`;
  }
  return undefined;
}

/** `GET /health`: 200 when events are being scored. */
export function healthReport(state: HealthState): Report {
  const inTheWay = impediment(state);
  const detail = inTheWay ?? warning(state);
  const { deadLetterShare } = state;
  const body = {
    status: inTheWay === undefined ? 'healthy' : 'degraded',
    model_loaded: state.model !== undefined,
    ...(detail === undefined ? {} : { detail }),
    ...(deadLetterShare === undefined ? {} : { dead_letter_share: Number(deadLetterShare.toFixed(3)) }),
    ...(state.modelFault === undefined ? {} : { model_fault: state.modelFault }),
    model_version: state.model?.version ?? null,
    model_sha256: state.model?.sha256 ?? null,
    partitions: { assigned: state.assigned.length, ready: state.ready.length },
    roles: state.roles,
    ...(state.workers === undefined ? {} : { workers: state.workers }),
    uptime_seconds: state.uptimeSeconds,
  };
  return { status: inTheWay === undefined ? 200 : 503, body };
}

/** What needs an operator while scoring goes on. */
function warning({ deadLetterShare, warnings = [] }: HealthState): string | undefined {
  const letters =
    deadLetterShare === undefined
      ? []
      : [`${(deadLetterShare * 100).toFixed(0)} % of the last events are dead letters`];
  const all = [...letters, ...warnings];
  return all.length === 0 ? undefined : all.join('; ');
}

/** `GET /health/ready`: as health, short. */
export function readyReport(state: HealthState): Report {
  const detail = impediment(state);
  return detail === undefined
    ? { status: 200, body: { ready: true } }
    : { status: 503, body: { ready: false, detail } };
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
