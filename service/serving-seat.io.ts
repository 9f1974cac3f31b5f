/** The model in service: one session at a time, and the one before until the batches in hand are done with it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServingModel } from '../consumers/scorer.ts';
import { checkInputs } from '../models/customer-schema.ts';
import type { Release } from '../models/manifest.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { openModel } from '../scoring/model.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import type { Metrics } from './metrics.io.ts';
import type { Log } from './role-view.ts';

/** A batch in hand may still use the former model. */
const CLOSE_AFTER_MS = 10_000;

export interface Seat {
  readonly current: () => ServingModel | undefined;
  /** Proves a release that needs nothing that events lack, in a process of its own, and puts it into service. Throws MODEL_CORRUPT or what may pass. */
  swap(release: Release, activation: number): Promise<void>;
  /** The model that serves was activated again. */
  reactivated(activation: number): void;
  close(): Promise<void>;
}

export interface SeatSettings {
  readonly log: Log;
  readonly metrics: Metrics;
  /** What events hold: a model that needs more does not serve. */
  readonly customer: CustomerSchema;
}

export function createSeat({ log, metrics, customer }: SeatSettings): Seat {
  let serving: ServingModel | undefined;
  return {
    current: () => serving,
    swap: async (release, activation) => {
      checkInputs(release.manifest, customer);
      await proveRelease(release);
      const model = await openModel(release, createSession);
      const former = serving;
      serving = { model, activation };
      const { version, sha256 } = release.manifest;
      metrics.modelInfo.reset();
      metrics.modelInfo.set({ version, sha256 }, 1);
      metrics.modelSwaps.inc({ result: 'activated' });
      log.info({ version, sha256, activation, former: former?.model.manifest.version }, 'model in service');
      if (former !== undefined)
        void sleep(CLOSE_AFTER_MS, undefined, { ref: false }).then(() => former.model.close());
    },
    reactivated: (activation) => {
      if (serving !== undefined) serving = { ...serving, activation };
    },
    close: async () => serving?.model.close(),
  };
}
