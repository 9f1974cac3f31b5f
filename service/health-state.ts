/** What is known of a process, and of several together. */
import { distinct, type Fault } from './fault.ts';
import type { RoleState } from './role-view.ts';

/** What the last look at Kafka has shown; see `kafka-watch.io.ts`. */
export interface KafkaView {
  /** Whether a broker answers, and takes the connection and the login. */
  readonly isUsable: boolean;
  /** Why not; or which topics are missing, may not be described, or have too few partitions. */
  readonly faults: readonly Fault[];
}

/** What is known about the process when somebody asks. Plain data: a worker sends it to its supervisor. */
export interface HealthState {
  readonly kafka: KafkaView;
  readonly model: { readonly version: string; readonly sha256: string } | undefined;
  /** Why there is no model, or why a newer one does not serve. */
  readonly modelFault: Fault | undefined;
  /** Why the image has no model to bring to the model log. */
  readonly imageFault?: Fault | undefined;
  /** Why the schema registry cannot be used. */
  readonly registryFault?: string | undefined;
  readonly joined: boolean;
  /** Milliseconds since membership was lost; undefined: it was not. */
  readonly leftMs?: number | undefined;
  /** What keeps roles from reading at all. */
  readonly faults: readonly Fault[];
  readonly assigned: readonly number[];
  readonly ready: readonly number[];
  /** Why partitions that are not ready were given up last. */
  readonly partitionFaults: readonly Fault[];
  /** Records not yet processed; undefined: not known. */
  readonly waitingRecords?: number | undefined;
  /** Milliseconds since a consumer last gave a sign of life; undefined before the first. */
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
export interface ProcessView extends Pick<
  HealthState,
  'kafka' | 'modelFault' | 'imageFault' | 'registryFault' | 'stopping' | 'stalled'
> {
  readonly roles: readonly RoleState[];
  readonly roleNames: readonly string[];
  /** Of the model in service. */
  readonly manifest: HealthState['model'];
  readonly concerns: Concerns;
  /** When it was started, and now; milliseconds since 1970. */
  readonly begunMs: number;
  readonly nowMs: number;
}

/** The health of a process: its roles taken together, the worst of each. */
export function processHealth(view: ProcessView): HealthState {
  const { roles, roleNames, manifest, begunMs, nowMs, concerns } = view;
  const { kafka, modelFault, imageFault, registryFault } = view;
  const alive = roles.flatMap(({ lastAliveMs }) => (lastAliveMs === undefined ? [] : [lastAliveMs]));
  const left = roles.flatMap(({ leftAtMs }) => (leftAtMs === undefined ? [] : [nowMs - leftAtMs]));
  return {
    ...{ kafka, modelFault, imageFault, registryFault },
    model: manifest === undefined ? undefined : { version: manifest.version, sha256: manifest.sha256 },
    ...together(
      roles.map((role) => ({
        ...role,
        faults: role.fault === undefined ? [] : [role.fault],
        leftMs: undefined,
      })),
    ),
    leftMs: left.length === 0 ? undefined : Math.max(...left),
    silentMs: alive.length === 0 ? undefined : nowMs - Math.min(...alive),
    stopping: view.stopping,
    stalled: view.stalled,
    uptimeSeconds: Math.round((nowMs - begunMs) / 1000),
    roles: roleNames,
    deadLetterShare: concerns.deadLetterShare,
    warnings: [...concerns.warnings],
  };
}

type Consuming = Pick<
  HealthState,
  'joined' | 'faults' | 'assigned' | 'ready' | 'partitionFaults' | 'waitingRecords'
>;

/** All partitions and faults of some roles or processes; otherwise the worst of each. */
export const together = (parts: readonly Consuming[]): Consuming => ({
  joined: parts.length > 0 && parts.every(({ joined }) => joined),
  faults: distinct(parts.flatMap(({ faults }) => faults)),
  assigned: parts.flatMap(({ assigned }) => assigned),
  ready: parts.flatMap(({ ready }) => ready),
  partitionFaults: distinct(parts.flatMap(({ partitionFaults }) => partitionFaults)),
  waitingRecords: parts.reduce<number | undefined>(
    (sum, { waitingRecords: more }) => (sum === undefined || more === undefined ? undefined : sum + more),
    0,
  ),
});
