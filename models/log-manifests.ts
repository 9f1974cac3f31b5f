/** Manifests as the model log holds them: text that anybody may have written. */
import { z } from 'zod';
import { messageOf } from '../schemas/errors.ts';
import {
  activeModel,
  releasesOf,
  servedRelease,
  type Activation,
  type LoggedRelease,
  type ModelLog,
} from './log.ts';
import { manifestSchema, type Manifest } from './manifest.ts';

/** The manifest, or why the text is none, on one line. */
export function readManifest(text: string): Manifest | string {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    const text = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    return `its manifest is not valid: ${text.replaceAll(/\s+/g, ' ').slice(0, 300)}`;
  }
}

/** The name of the training data of a model that nobody should serve by accident. */
export const SIMULATED = 'simulated';

/** Whether a model was trained on simulated customers. A text that is no manifest is none. */
export function isSimulated(text: string): boolean {
  const manifest = readManifest(text);
  return typeof manifest !== 'string' && manifest.training.dataset.name.trim().toLowerCase() === SIMULATED;
}

/** Manifests of releases, each parsed once. */
export type ManifestOfRelease = (release: LoggedRelease) => Manifest | undefined;

export function createManifests(): ManifestOfRelease {
  const known = new WeakMap<LoggedRelease, Manifest | string>();
  return (release) => {
    const manifest = known.get(release) ?? readManifest(release.manifest);
    known.set(release, manifest);
    return typeof manifest === 'string' ? undefined : manifest;
  };
}

/** What an activation serves: the release that a scorer named, else the first one whose manifest can be read. */
export function manifestOfActivation(
  log: ModelLog,
  activation: Activation,
  manifestOf: ManifestOfRelease,
): Manifest | undefined {
  for (const release of [servedRelease(log, activation), ...releasesOf(log, activation)]) {
    const manifest = release && manifestOf(release);
    if (manifest !== undefined) return manifest;
  }
  return undefined;
}

/** The manifest of the model that serves, as far as the log says. */
export function activeManifest(log: ModelLog, manifestOf: ManifestOfRelease): Manifest | undefined {
  const active = activeModel(log);
  return active === undefined ? undefined : manifestOfActivation(log, active, manifestOf);
}
