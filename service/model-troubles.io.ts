/** What stands in the way of a model: each trouble is logged once, and work is repeated until it is over. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelName } from '../models/log.ts';
import { backOff } from '../schemas/back-off.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { faultOf, type Fault } from './fault.ts';
import type { Metrics } from './metrics.io.ts';
import type { Log } from './role-view.ts';

const RETRY_MS = { first: 1000, longest: 5000 };

export interface Troubles {
  /** The newest trouble. */
  readonly newest: () => Fault | undefined;
  /** Of work that is being repeated now. */
  readonly standing: () => Fault | undefined;
  /** Logs a trouble unless it is the newest one. */
  tell(error: unknown, context: object): void;
  /** Logs and counts a model that does not serve. */
  refused(model: ModelName & { readonly offset: number }, reason: string): void;
  /** Repeats until it works, or the process stops. */
  retrying(work: () => Promise<void>): Promise<void>;
  stop(): void;
}

export interface TroublesSettings {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called if the topics of the log would lose records: the process should end. */
  readonly fatal: (error: unknown) => void;
}

export function createTroubles({ log, metrics, fatal }: TroublesSettings): Troubles {
  let newest: Fault | undefined;
  const standing = new Map<object, Fault>();
  let stopped = false;

  function tell(error: unknown, context: object): void {
    const fault = faultOf(error);
    if (fault.detail !== newest?.detail) {
      log.error({ code: error instanceof BankChurnError ? error.code : undefined, ...context }, fault.detail);
      if (fault.code === 'MODEL_CORRUPT') metrics.modelSwaps.inc({ result: 'refused' });
    }
    newest = fault;
  }

  return {
    newest: () => newest,
    standing: () => [...standing.values()].at(-1),
    tell,
    refused: ({ version, offset }, reason) => {
      metrics.modelSwaps.inc({ result: 'refused' });
      log.error({ version, activation: offset }, `model refused: ${reason}`);
      newest = { code: 'MODEL_CORRUPT', detail: reason };
    },
    retrying: async (work) => {
      for (let failures = 0; !stopped; failures++) {
        try {
          await work();
          standing.delete(work);
          return;
        } catch (error) {
          if (error instanceof BankChurnError && error.code === 'TOPIC_MISCONFIGURED') {
            fatal(error);
            return;
          }
          const retryInMs = backOff(RETRY_MS, failures);
          tell(error, { retryInMs });
          standing.set(work, faultOf(error));
          await sleep(retryInMs, undefined, { ref: false });
        }
      }
    },
    stop: () => {
      stopped = true;
    },
  };
}

/** Runs work one at a time: a call while it runs makes it run once more. Resolves when it is idle. */
export function singleFlight(work: () => Promise<void>): () => Promise<void> {
  let isWanted = false;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    try {
      while (isWanted) {
        isWanted = false;
        await work();
      }
    } finally {
      running = undefined;
    }
  };
  return () => {
    isWanted = true;
    return (running ??= run());
  };
}
