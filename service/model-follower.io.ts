import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from './metrics.io.ts';
import type { ModelLogAccess } from './model-log.io.ts';
import type { Log } from './role-view.ts';
import type { ServingModel } from '../consumers/scorer.ts';
import { activeModel, decideImage, type ModelLog } from '../models/log.ts';
import { manifestSchema, type Manifest, type Release } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { backOff } from '../schemas/back-off.ts';
import { BankChurnError, isTransient, messageOf } from '../schemas/errors.ts';
import { openModel } from '../scoring/model.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { proveRelease } from '../scoring/prove.io.ts';

export interface ServingSettings {
  /** Folder of the image's release. */
  readonly modelDir: string;
  /** `image`: that release and nothing else; `log`: what the log says; `auto`: the log, to which the image brings its own. */
  readonly source: 'auto' | 'log' | 'image';
  readonly log: Log;
  readonly metrics: Metrics;
  readonly modelLog: ModelLogAccess;
  /** Called when no trying helps: the process should end. */
  readonly fatal: (error: unknown) => void;
}

/** The model in service, kept up to date. */
export interface Serving {
  readonly current: () => ServingModel | undefined;
  /** Why there is none. */
  readonly fault: () => string | undefined;
  /**
   * The manifest that an activation of the model log serves (activation -1: the image's).
   *
   * @throws BankChurnError RECORD_INVALID if there is no such activation: whatever names it is garbage; a transient one if
   *   the log may not have been read so far.
   */
  manifestOf(activation: number, sha256: string): Promise<Manifest>;
  stop(): Promise<void>;
}

const RETRY_MS = { first: 1000, longest: 5000 };
/** A batch in hand may still use the former model. */
const CLOSE_AFTER_MS = 10_000;

/** Starts; keeps trying until there is a model, and follows the log from then on. Never gives up a model for a bad one. */
export function keepServing(settings: ServingSettings): Serving {
  const { modelDir, source, modelLog, fatal } = settings;
  const seat = createSeat(settings);
  let newest: ModelLog | undefined;
  let stopped = false;
  let closeReader = (): Promise<void> => Promise.resolve();

  /** Repeats until it works; each new fault is told once. */
  async function retrying(work: () => Promise<void>): Promise<void> {
    for (let failures = 0; !stopped; failures++) {
      try {
        await work();
        return;
      } catch (error) {
        if (error instanceof BankChurnError && error.action === 'fatal') {
          fatal(error);
          return;
        }
        const retryInMs = backOff(RETRY_MS, failures);
        seat.tell(error, { retryInMs });
        await sleep(retryInMs, undefined, { ref: false });
      }
    }
  }

  async function onLog(state: ModelLog): Promise<void> {
    newest = state;
    await serveActive(state, seat, modelLog);
  }

  async function start(): Promise<void> {
    if (source === 'image') {
      await retrying(async () => seat.swap(await readRelease(modelDir), -1));
      return;
    }
    await retrying(async () => {
      closeReader = (await modelLog.follow(onLog, (error) => seat.tell(error, {}))).close;
    });
    if (source === 'auto') await retrying(() => bringImage(settings, seat));
  }

  void start();
  return {
    current: seat.current,
    fault: seat.fault,
    manifestOf: (_, sha256) => {
      const logged = newest?.releases.get(sha256)?.manifest;
      if (!seat.manifests.has(sha256) && logged !== undefined)
        seat.manifests.set(sha256, manifestSchema.parse(JSON.parse(logged)));
      const manifest = seat.manifests.get(sha256);
      if (manifest !== undefined) return Promise.resolve(manifest);
      return Promise.reject(
        new BankChurnError('MODEL_UNAVAILABLE', `the profile of model ${sha256} is not known here`),
      );
    },
    stop: async () => {
      stopped = true;
      await closeReader();
      await seat.current()?.model.close();
    },
  };
}

/** Where the model in service sits. */
interface Seat {
  readonly current: () => ServingModel | undefined;
  /** Why it is empty. */
  readonly fault: () => string | undefined;
  /** Of models that served, by sha256. */
  readonly manifests: Map<string, Manifest>;
  /** Says why a model does not serve: each new fault once. */
  tell(error: unknown, context: object): void;
  /** Proves a release and puts it into service. */
  swap(release: Release, activation: number): Promise<void>;
  /** The model that serves was activated again. */
  reactivated(activation: number): void;
}

function createSeat({ log, metrics }: ServingSettings): Seat {
  let serving: ServingModel | undefined;
  let fault: string | undefined;
  const manifests = new Map<string, Manifest>();
  return {
    current: () => serving,
    fault: () => (serving === undefined ? fault : undefined),
    manifests,
    tell: (error, context) => {
      const message = messageOf(error);
      if (message !== fault) {
        log.error({ code: error instanceof BankChurnError ? error.code : undefined, ...context }, message);
        if (!isTransient(error)) metrics.modelSwaps.inc({ result: 'refused' });
      }
      fault = message;
    },
    swap: async (release, activation) => {
      await proveRelease(release);
      const model = await openModel(release, createSession);
      const former = serving;
      serving = { model, activation };
      fault = undefined;
      const { version, sha256 } = release.manifest;
      manifests.set(sha256, release.manifest);
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
  };
}

/** Serves what the log says; a release that fails its checks leaves the present one in service. Throws what may pass. */
async function serveActive(state: ModelLog, seat: Seat, modelLog: ModelLogAccess): Promise<void> {
  const active = activeModel(state);
  const serving = seat.current();
  if (active === undefined || active.offset === serving?.activation) return;
  const logged = state.releases.get(active.sha256);
  try {
    if (logged === undefined)
      throw new BankChurnError(
        'MODEL_UNAVAILABLE',
        `activation of ${active.sha256.slice(0, 8)} names no release`,
      );
    if (serving?.model.manifest.sha256 === active.sha256) seat.reactivated(active.offset);
    else await seat.swap(await modelLog.fetch(logged), active.offset);
  } catch (error) {
    if (isTransient(error)) throw error;
    seat.tell(error, { activation: active.offset, stays: serving?.model.manifest.version });
  }
}

/** Brings the image's release into the log. With a model from the log in service, no release in the image is no fault. */
async function bringImage({ modelDir, log, modelLog }: ServingSettings, seat: Seat): Promise<void> {
  let release: Release;
  try {
    release = await readRelease(modelDir);
    await proveRelease(release);
  } catch (error) {
    if (seat.current() !== undefined) return;
    throw error;
  }
  const { change } = await modelLog.write(
    (state) => decideImage(state, release.manifest.sha256),
    'IMAGE',
    release,
  );
  if (change.kinds.length > 0)
    log.info({ version: release.manifest.version }, 'the image’s model is activated');
}
