import type { Metrics } from './metrics.io.ts';
import { isTransient } from '../kafka/kafkajs/readers.io.ts';
import type { ModelLogAccess } from './model-log.io.ts';
import type { Log } from './role-view.ts';
import type { ServingModel } from '../consumers/scorer.ts';
import { activeModel, decideImage, type ModelLog } from '../models/log.ts';
import { manifestSchema, type Manifest, type Release } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { BankChurnError } from '../schemas/errors.ts';
import { openModel } from '../scoring/model.ts';
import { createSession } from '../scoring/onnx.io.ts';

export interface ServingSettings {
  /** Folder of the image's release. */
  readonly modelDir: string;
  /** `image`: that release and nothing else; `log`: what the log says; `auto`: the log, to which the image brings its own. */
  readonly source: 'auto' | 'log' | 'image';
  readonly log: Log;
  readonly metrics: Metrics;
  readonly modelLog: ModelLogAccess;
}

/** The model in service, kept up to date. */
export interface Serving {
  readonly current: () => ServingModel | undefined;
  /** Why there is none. */
  readonly fault: () => string | undefined;
  /** The manifest of any model that served. */
  manifestOf(sha256: string): Manifest | undefined;
  stop(): Promise<void>;
}

const RETRY_MS = { first: 1000, longest: 5000 };
/** A batch in hand may still use the former model. */
const CLOSE_AFTER_MS = 10_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

/** Starts; keeps trying until there is a model, and follows the log from then on. Never gives up a model for a bad one. */
export function keepServing({ modelDir, source, log, metrics, modelLog }: ServingSettings): Serving {
  let serving: ServingModel | undefined;
  let fault: string | undefined;
  let newest: ModelLog | undefined;
  let stopped = false;
  let closeReader = (): Promise<void> => Promise.resolve();
  const manifests = new Map<string, Manifest>();

  function tell(error: unknown, context: object): void {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== fault) {
      log.error({ code: error instanceof BankChurnError ? error.code : undefined, ...context }, message);
      if (!isTransient(error)) metrics.modelSwaps.inc({ result: 'refused' });
    }
    fault = message;
  }

  async function swap(release: Release, activation: number): Promise<void> {
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
    if (former !== undefined) void sleep(CLOSE_AFTER_MS).then(() => former.model.close());
  }

  /** Serves what the log says; a release that fails its checks leaves the present one in service. Throws what may pass. */
  async function onLog(state: ModelLog): Promise<void> {
    newest = state;
    const active = activeModel(state);
    if (active === undefined || active.offset === serving?.activation) return;
    const logged = state.releases.get(active.sha256);
    try {
      if (logged === undefined)
        throw new BankChurnError(
          'MODEL_UNAVAILABLE',
          `activation of ${active.sha256.slice(0, 8)} names no release`,
        );
      if (serving?.model.manifest.sha256 === active.sha256)
        serving = { ...serving, activation: active.offset };
      else await swap(await modelLog.fetch(logged), active.offset);
    } catch (error) {
      if (isTransient(error)) throw error;
      tell(error, { activation: active.offset, stays: serving?.model.manifest.version });
    }
  }

  /** Repeats until it works; each new fault is told once. */
  async function retrying(work: () => Promise<void>): Promise<void> {
    for (let waitMs = RETRY_MS.first; !stopped; waitMs = Math.min(waitMs * 2, RETRY_MS.longest)) {
      try {
        await work();
        return;
      } catch (error) {
        tell(error, { retryInMs: waitMs });
        await sleep(waitMs);
      }
    }
  }

  /** Brings the image's release into the log. With a model from the log in service, no release in the image is no fault. */
  async function bringImage(): Promise<void> {
    let release: Release;
    try {
      release = await readRelease(modelDir);
      await (await openModel(release, createSession)).close();
    } catch (error) {
      if (serving !== undefined) return;
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

  async function start(): Promise<void> {
    if (source === 'image') {
      await retrying(async () => swap(await readRelease(modelDir), -1));
      return;
    }
    await retrying(async () => {
      closeReader = (await modelLog.follow(onLog, (error) => tell(error, {}))).close;
    });
    if (source === 'auto') await retrying(bringImage);
  }

  void start();
  return {
    current: () => serving,
    fault: () => (serving === undefined ? fault : undefined),
    manifestOf: (sha256) => {
      const logged = newest?.releases.get(sha256)?.manifest;
      if (!manifests.has(sha256) && logged !== undefined)
        manifests.set(sha256, manifestSchema.parse(JSON.parse(logged)));
      return manifests.get(sha256);
    },
    stop: async () => {
      stopped = true;
      await closeReader();
      await serving?.model.close();
    },
  };
}
