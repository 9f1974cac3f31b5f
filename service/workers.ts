/** What several worker processes are together. */
import { backOff } from '../schemas/back-off.ts';
import { causesOf } from './causes.ts';
import { distinct } from './fault.ts';
import { together, type HealthState } from './health-state.ts';

/** What a worker last said of itself. */
export interface WorkerReport {
  readonly health: HealthState;
  /** When it was received, milliseconds since 1970. */
  readonly atMs: number;
}

/** No report for this long and a worker does not count as up, milliseconds; it reports every second. */
const SILENT_MS = 5000;
const BACK_OFF_MS = { first: 500, longest: 30_000 };
/** A worker that ran for this long has recovered: its next restart is a first one again, milliseconds. */
const RECOVERED_MS = 60_000;

/** Restarts in a row so far, given how long the worker that died had run. */
export function restartsInRow(before: number, ranMs: number): number {
  return ranMs >= RECOVERED_MS ? 0 : before;
}

/** How long to wait before a worker is started again, milliseconds. */
export function restartDelayMs(inRow: number): number {
  return backOff(BACK_OFF_MS, inRow);
}

/** The roles of a worker: all of them scores, the first does the rest too. */
export function rolesOfWorker<Name extends string>(roles: readonly Name[], worker: number): readonly Name[] {
  return worker === 1 ? roles : roles.filter((name) => name === 'scorer');
}

export interface Container {
  readonly configured: number;
  readonly stopping: boolean;
  readonly uptimeSeconds: number;
  readonly nowMs: number;
}

const largest = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.max(...values);
/** Whether a worker has said something of late. */
export const isUp = ({ atMs }: Pick<WorkerReport, 'atMs'>, nowMs: number): boolean =>
  nowMs - atMs <= SILENT_MS;

/** Whether a worker has just been started: what it has not done yet says nothing of the others. */
function isBeginning({ health }: WorkerReport): boolean {
  const code = causesOf(health).find(({ blocks }) => blocks)?.code;
  const isFirstJoin = code === 'NOT_JOINED' && health.leftMs === undefined;
  return isFirstJoin || code === 'CONNECTING' || code === 'STARTING';
}

/** Those that count as up: the beginners too if there are no others. */
function upOf(reports: readonly WorkerReport[], nowMs: number): readonly WorkerReport[] {
  const heard = reports.filter((report) => isUp(report, nowMs));
  const begun = heard.filter((report) => !isBeginning(report));
  return begun.length > 0 ? begun : heard;
}

/** The health of a container: that of its workers that are up, the worst of each. */
export function combineHealth(reports: readonly WorkerReport[], container: Container): HealthState {
  const { configured, stopping, uptimeSeconds, nowMs } = container;
  const up = upOf(reports, nowMs);
  const states = up.map(({ health }) => health);
  const silent = up.flatMap(({ health: { silentMs }, atMs }) =>
    silentMs === undefined ? [] : [silentMs + nowMs - atMs],
  );
  return {
    kafka: {
      isUsable: states.every(({ kafka }) => kafka.isUsable),
      faults: distinct(states.flatMap(({ kafka }) => kafka.faults)),
    },
    // A worker without a model says why: the container is as well as the worst of them.
    model: states.every(({ model }) => model !== undefined) ? states[0]?.model : undefined,
    modelFault: states.find(({ modelFault }) => modelFault !== undefined)?.modelFault,
    imageFault: states.find(({ imageFault }) => imageFault !== undefined)?.imageFault,
    registryFault: states.find(({ registryFault }) => registryFault !== undefined)?.registryFault,
    ...together(states),
    leftMs: states.find(({ leftMs }) => leftMs !== undefined)?.leftMs,
    silentMs: silent.length === 0 ? undefined : Math.max(...silent),
    stopping,
    // A worker that stalls ends itself and is started again: no reason to restart the container.
    stalled: false,
    uptimeSeconds,
    roles: [...new Set(states.flatMap(({ roles }) => roles))],
    deadLetterShare: largest(states.flatMap(({ deadLetterShare }) => deadLetterShare ?? [])),
    warnings: [...new Set(states.flatMap(({ warnings = [] }) => warnings))],
    workers: { configured, up: up.length },
  };
}
