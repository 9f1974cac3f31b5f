/** The model of a process: what the model log says, kept up to date, or what the image brings. */
import type { ServingModel } from '../consumers/scorer.ts';
import { activeManifest, createManifests } from '../models/log-manifests.ts';
import { activeModel } from '../models/log.ts';
import type { Manifest, Release } from '../models/manifest.ts';
import { readRelease } from '../models/store.io.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import type { Reader } from '../kafka/port.ts';
import { faultOf, type Fault } from './fault.ts';
import type { BringSettings } from './bring-image.io.ts';
import type { Refusal } from './model-choice.io.ts';
import type { ReadLog } from './model-log-port.ts';
import { createManifestOf } from './model-manifests.io.ts';
import { createTroubles, type TroublesSettings } from './model-troubles.io.ts';
import { createScoringModel } from './scoring-model.io.ts';
import { createSeat, type SeatSettings } from './serving-seat.io.ts';

export interface ServingSettings extends BringSettings, TroublesSettings, SeatSettings {
  /** Folder of the image's release. */
  readonly modelDir: string;
  /** `image`: that release and nothing else; `log`: what the log says; `auto`: the log, to which the image brings its own. */
  readonly source: 'auto' | 'log' | 'image';
  /** Whether this process scores: others open no model and bring none, they only follow. */
  readonly scores: boolean;
}

/** The model in service, kept up to date. */
export interface Serving {
  /** In a process that scores. */
  readonly current: () => ServingModel | undefined;
  /** Of the model in service; in a process that does not score, of the one that the log says is active. */
  readonly manifest: () => Manifest | undefined;
  /** Offset of that model's activation in the model log; -1: the image's own. */
  readonly activation: () => number | undefined;
  /** Why there is none, or why none that is newer can come. */
  readonly fault: () => Fault | undefined;
  /** The newest activation, if it is not what serves. */
  readonly refused: () => Refusal | undefined;
  /**
   * The manifest that an activation of the model log serves (activation -1: the image's).
   *
   * @throws BankChurnError RECORD_INVALID if there is no such activation: whatever names it is garbage; a transient one if
   *   the log may not have been read so far.
   */
  manifestOf(activation: number, sha256: string): Promise<Manifest>;
  /** When a retrain request was refused for good, milliseconds since 1970; undefined: it was not, as far as the log is followed. */
  refusedAt(requestId: string): number | undefined;
  stop(): Promise<void>;
}

/** Starts; keeps trying until there is a model, and follows the log from then on. A bad model never replaces a good one. */
export function keepServing(settings: ServingSettings): Serving {
  const { source, modelLog, scores } = settings;
  const seat = createSeat(settings);
  const troubles = createTroubles(settings);
  const manifests = createManifests();
  let newest: ReadLog | undefined;
  let image: Release | undefined;
  let reader: Reader | undefined;

  async function readImage(): Promise<Release> {
    image ??= await readRelease(settings.modelDir);
    return image;
  }

  const scoring = createScoringModel({
    ...settings,
    ...{ seat, troubles, readImage, newest: () => newest, bringsImage: source === 'auto' },
  });

  async function start(): Promise<void> {
    if (source === 'image') {
      await troubles.retrying(async () => {
        const release = await readImage();
        if (scores) await seat.swap(release, -1);
      });
      return;
    }
    if (!scores) await readImage().catch(() => undefined);
    // Most often the log says the same model; what is wrong with the image is said when it is needed.
    else if (source === 'auto') void readImage().then((release) => proveRelease(release)).catch(() => undefined); // prettier-ignore
    const onLog = (read: ReadLog): void => {
      newest = read;
      if (scores) void scoring.update();
    };
    await troubles.retrying(async () => {
      reader = await modelLog.follow(onLog, (error) => troubles.tell(error, {}));
    });
    if (scores) await troubles.retrying(scoring.bring);
  }

  function manifest(): Manifest | undefined {
    if (scores) return seat.current()?.model.manifest;
    return source === 'image' ? image?.manifest : newest && activeManifest(newest.log, manifests);
  }

  const findManifest = createManifestOf({
    ...{ modelLog, newest: () => newest, image: () => image?.manifest, manifestOf: manifests },
  });

  void start();
  return {
    current: seat.current,
    manifest,
    activation: () => seat.current()?.activation ?? (newest && activeModel(newest.log)?.offset),
    fault: () => {
      const lost = reader?.fault();
      if (lost !== undefined) return faultOf(lost);
      return manifest() === undefined ? troubles.newest() : troubles.standing();
    },
    refused: scoring.refused,
    manifestOf: async (activation, sha256) => {
      const serving = seat.current();
      const isServing = serving?.activation === activation && serving.model.manifest.sha256 === sha256;
      return isServing ? serving.model.manifest : findManifest(activation, sha256);
    },
    refusedAt: (requestId) => {
      const answer = newest?.log.answers.get(requestId);
      return answer?.kind === 'REJECTION' ? answer.recordedAt : undefined;
    },
    stop: async () => {
      troubles.stop();
      await reader?.close();
      await seat.close();
    },
  };
}
