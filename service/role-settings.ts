/** What every role of the service is made of. */
import type { Logger } from 'pino';
import type { LoopPorts } from '../consumers/loop-ports.ts';
import type { GroupPorts } from '../kafka/group/ports.ts';
import type { EventDecoder } from '../schemas/decoder.ts';
import type { Reject } from '../schemas/ports.ts';
import type { Concerns } from './health-state.ts';
import type { Metrics } from './metrics.io.ts';
import type { Serving } from './model-follower.io.ts';
import { roleTopics, type RoleName } from './role-topics.ts';
import type { Clients } from './wiring.io.ts';

/** What a role of the service needs. */
export interface Surroundings extends Clients {
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly models: Serving;
  /** What the roles have for an operator while the process goes on. */
  readonly concerns: Concerns;
  /** No other role runs in this process. */
  readonly isAlone: boolean;
  readonly fatal: (error: unknown) => void;
  readonly wrap: Wrap;
}

/** Where tests put faults between the parts; the service itself runs without. */
export interface Wrap {
  readonly ports?: (ports: LoopPorts) => LoopPorts;
  readonly decoder?: (decoder: EventDecoder) => EventDecoder;
  readonly group?: (ports: GroupPorts) => GroupPorts;
}

export function commonSettings({ config, kafka, metrics, log, wrap }: Surroundings, role: RoleName) {
  return {
    ...roleTopics(role, config),
    kafka,
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    wrap: wrap.ports,
    wrapGroup: wrap.group,
    delivery: config.delivery,
    maxBatchRecords: config.limits.maxBatchRecords,
    stopBudgetMs: config.limits.stopBudgetMs - 2000,
    metrics,
    log,
  };
}

/** Skips a record; the observer has logged it. `commits`: offsets that are committed with it. */
export const skipRecord =
  (commits: 1 | undefined): Reject =>
  ({ records: [record] }) => ({
    emit: [],
    commit: commits === undefined ? undefined : record!.offset + commits,
    outcomes: new Map([['PROCESSING_FAILED', 1]]),
  });
