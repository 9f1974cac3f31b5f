/** The model of a process that scores: the newest of the log that holds, else the image's. */
import { setTimeout as sleep } from 'node:timers/promises';
import { checkInputs } from '../models/customer-schema.ts';
import { replacesRealData } from '../models/log-decisions.ts';
import type { ModelLog } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import { bringImage, type BringSettings } from './bring-image.io.ts';
import { createChoice, type Refusal } from './model-choice.io.ts';
import type { ReadLog } from './model-log-port.ts';
import { singleFlight, type Troubles } from './model-troubles.io.ts';
import type { Seat } from './serving-seat.io.ts';
import { createTellOutcome } from './tell-outcome.io.ts';

export interface ScoringSettings extends BringSettings {
  readonly seat: Seat;
  readonly troubles: Troubles;
  /** The log as it is followed. */
  readonly newest: () => ReadLog | undefined;
  /** Whether the image brings its release, and serves if nothing of the log holds. */
  readonly bringsImage: boolean;
  readonly readImage: () => Promise<Release>;
  /** What events hold. */
  readonly customer: CustomerSchema;
}

export interface ScoringModel {
  /** Serves what the newest log says. */
  update(): Promise<void>;
  /** Brings the image's release into the log that is followed. */
  bring(): Promise<void>;
  /** The newest activation, if it is not what serves. */
  readonly refused: () => Refusal | undefined;
}

const POLL_MS = 50;

export function createScoringModel(settings: ScoringSettings): ScoringModel {
  const { seat, troubles, modelLog, log, newest, bringsImage, readImage } = settings;
  let image: Release | undefined;
  /** The image's release was brought, or it was tried: it may serve by itself. */
  let isBrought = false;
  let refused: Refusal | undefined;
  const current = (): ModelLog | undefined => newest()?.log;
  const choose = createChoice({ seat, modelLog, onRefused: troubles.refused });
  const tellOutcome = createTellOutcome({
    ...{ modelLog, log, newest: current },
    serving: () => seat.current()?.activation ?? -1,
  });

  async function decide(): Promise<void> {
    const state = current();
    const choice = state && (await choose(state, () => current() !== state));
    if (choice === undefined) return;
    refused = choice.refused;
    void tellOutcome(choice);
    const isAlone = choice.artifactOffset === undefined && seat.current() === undefined;
    if (isAlone && isBrought && image !== undefined) await serveAlone(image, state!);
  }

  async function serveAlone(release: Release, state: ModelLog): Promise<void> {
    const { version } = release.manifest;
    if (!settings.allowSimulated && replacesRealData(state, JSON.stringify(release.manifest)))
      throw new BankChurnError(
        'MODEL_UNAVAILABLE',
        `no model of the log holds, and the image’s model ${version} is of simulated customers: activate a model of real data, or set ALLOW_SIMULATED=true`,
      );
    await seat.swap(release, -1);
  }

  const update = singleFlight(() => troubles.retrying(decide));

  async function provenImage(): Promise<Release> {
    const release = await readImage();
    checkInputs(release.manifest, settings.customer);
    await proveRelease(release);
    return release;
  }

  return {
    update,
    refused: () => refused,
    bring: async () => {
      if (!bringsImage) return;
      await update(); // whether the log has a model that holds
      try {
        image ??= await provenImage();
      } catch (error) {
        if (seat.current() !== undefined) return; // no release in the image is no fault then
        throw error;
      }
      try {
        const offset = await bringImage(settings, image);
        while (offset !== undefined && (newest()?.next ?? 0) <= offset) await sleep(POLL_MS);
      } finally {
        isBrought = true;
        void update();
      }
    },
  };
}
