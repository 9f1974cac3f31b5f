/** What a running role shows of itself: its state, its metrics, its lines in the log. */
import type { Loop, LoopObserver } from '../consumers/loop-ports.ts';
import type { PartitionLag } from '../kafka/port.ts';
import { BankChurnError, messageOf, messageWithoutValues } from '../schemas/errors.ts';
import { createPace } from '../schemas/pace.ts';
import { faultOf, type Fault } from './fault.ts';
import { removeLagAge, setLagAge } from './lag-gauge.ts';
import type { Metrics } from './metrics.io.ts';

/** Where words go (pino has this shape). */
export interface Log {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface RoleView {
  readonly topic: string;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly onCommitted: LoopObserver['committed'];
}

export interface RoleState {
  readonly joined: boolean;
  /** When membership was lost, milliseconds since 1970; undefined: it was not. */
  readonly leftAtMs: number | undefined;
  /** What keeps the role from reading at all: at its start, or since its consumer has ended. */
  readonly fault: Fault | undefined;
  readonly assigned: readonly number[];
  readonly ready: readonly number[];
  /** Why partitions that are not ready were given up last. */
  readonly partitionFaults: readonly Fault[];
  /** When the consumer last gave a sign of life, milliseconds since 1970. */
  readonly lastAliveMs: number | undefined;
  /** Records waiting over all assigned partitions; undefined while that of one is not known. */
  readonly waitingRecords?: number | undefined;
}

/** What the consumer has last shown; changed in place. */
export interface Signs {
  joined: boolean;
  leftAtMs: number | undefined;
  fault: Fault | undefined;
  lastAliveMs: number | undefined;
  waitingRecords: number | undefined;
  /** Why a partition was given up last. */
  readonly givenUp: Map<number, Fault>;
}

export const createSigns = (): Signs => ({
  joined: false,
  leftAtMs: undefined,
  fault: undefined,
  lastAliveMs: undefined,
  waitingRecords: undefined,
  givenUp: new Map(),
});

/** The state that signs and loop give; a partition that is ready has no fault any more. */
export function roleState(signs: Signs, loop: Pick<Loop, 'state'> | undefined): RoleState {
  const { givenUp, ...shown } = signs;
  const { assigned, ready } = loop?.state() ?? { assigned: [], ready: [] };
  const unready = assigned.filter((partition) => !ready.includes(partition));
  const partitionFaults = unready.flatMap((partition) => givenUp.get(partition) ?? []);
  return { ...shown, assigned, ready, partitionFaults };
}

/** Milliseconds since 1970. */
type Now = () => number;
type OnFatal = (error: unknown) => void;

/** Lines about batches given up are at least so far apart, milliseconds. */
const FAULT_LINE_MS = 2000;

/** What the loop reports, as metrics and lines. */
export function createObserver(
  { metrics, log, topic, onCommitted }: RoleView,
  signs: Signs,
  fatal: OnFatal,
  now: Now,
): LoopObserver {
  const pace = createPace(FAULT_LINE_MS);
  return {
    armed: (partition, offset) => log.info({ topic, partition, offset }, 'partition ready'),
    committed: onCommitted,
    disarmed: (partition, error, retryInMs) => {
      metrics.disarmed.inc();
      signs.givenUp.set(partition, faultOf(error));
      const passedOver = pace.next(now());
      if (passedOver === undefined) return;
      const fault = messageOf(error);
      const code = error instanceof BankChurnError ? error.code : undefined;
      log.error(
        { topic, partition, code, fault, retryInMs, ...(passedOver === 0 ? {} : { passedOver }) },
        'batch given up, nothing of it committed; trying again',
      );
    },
    rejected: (partition, offset, error) => {
      const code = error instanceof BankChurnError ? error.code : 'PROCESSING_FAILED';
      log.error(
        { topic, partition, offset, code, fault: messageWithoutValues(error) },
        'record rejected: it cannot be processed',
      );
    },
    fatal,
  };
}

/** What happens to the consumer, handed on to the loop and shown. */
export function consumerEvents(
  { metrics, log, topic }: RoleView,
  signs: Signs,
  loop: Loop,
  fatal: OnFatal,
  now: Now,
) {
  return {
    assigned: (partitions: readonly number[]) => {
      signs.joined = true;
      signs.leftAtMs = undefined;
      signs.fault = undefined;
      signs.givenUp.clear();
      signs.waitingRecords = undefined;
      const revoked = loop.state().assigned.filter((partition) => !partitions.includes(partition));
      removeLag(metrics, topic, revoked);
      log.info({ topic, partitions }, 'partitions assigned');
      loop.assigned(partitions);
    },
    deliver: loop.deliver,
    heard: loop.beat,
    lag: (lags: readonly PartitionLag[]) => {
      const { assigned, ready } = loop.state();
      for (const { partition, records, ageMs } of lags) {
        metrics.lagRecords.set({ topic, partition }, records);
        setLagAge(metrics.lagSeconds, { topic, partition }, ageMs, now);
      }
      metrics.partitionsUnready.set({ topic }, assigned.length - ready.length);
      signs.waitingRecords =
        lags.length < assigned.length ? undefined : lags.reduce((sum, { records }) => sum + records, 0);
    },
    alive: () => {
      signs.lastAliveMs = now();
    },
    left: () => {
      signs.joined = false;
      signs.leftAtMs ??= now();
    },
    failed: (error: unknown) => {
      const fault = faultOf(error);
      if (fault.detail !== signs.fault?.detail)
        log.error({ topic, code: fault.code, fault: fault.detail }, 'the consumer failed, and begins anew');
      signs.fault = fault;
      signs.lastAliveMs = now();
    },
    crashed: (error: Error) => fatal(error),
  };
}

/** A partition that is no longer ours has no lag here: its new owner shows it. */
function removeLag({ lagRecords, lagSeconds }: Metrics, topic: string, partitions: readonly number[]): void {
  for (const partition of partitions) {
    lagRecords.remove({ topic, partition });
    removeLagAge(lagSeconds, { topic, partition });
  }
}
