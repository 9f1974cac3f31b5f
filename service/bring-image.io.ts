/** A starting scorer brings the release of its image into the model log. */
import {
  decideImage,
  isChange,
  NO_CHANGE,
  replacesRealData,
  type LogChange,
} from '../models/log-decisions.ts';
import { releasesOf, type LoggedRelease, type ModelLog } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import { isTransient } from '../schemas/errors.ts';
import type { ModelLogAccess } from './model-log-port.ts';
import type { Log } from './role-view.ts';

export interface BringSettings {
  readonly modelLog: ModelLogAccess;
  readonly log: Log;
  /** Whether a model of simulated customers may replace one of real data. */
  readonly allowSimulated: boolean;
}

/**
 * Writes what {@link decideImage} says. A release of the image whose bytes in the log are not whole is brought again.
 *
 * @param image proved.
 * @returns where the log stands after it; undefined: nothing was written.
 */
export async function bringImage(
  { modelLog, log, allowSimulated }: BringSettings,
  image: Release,
): Promise<number | undefined> {
  const { version, sha256 } = image.manifest;
  const manifest = JSON.stringify(image.manifest);
  const before = await modelLog.read();
  if (!isChange(decideImage(before, { version, sha256 }))) return undefined;
  if (!allowSimulated && replacesRealData(before, manifest)) {
    log.warn(
      { version },
      'the image’s model is of simulated customers and does not replace one of real data: set ALLOW_SIMULATED=true, or bring a model of real data',
    );
    return undefined;
  }
  const intact = await intactReleases(modelLog, releasesOf(before, { version, sha256 }));
  const decide = (now: ModelLog): LogChange =>
    !allowSimulated && replacesRealData(now, manifest)
      ? NO_CHANGE
      : decideImage(now, { version, sha256 }, ({ offset }) => intact.has(offset));
  const { change, offset } = await modelLog.write(decide, 'IMAGE', image);
  if (isChange(change)) log.info({ version }, 'the image’s model is activated');
  return offset;
}

/** The offsets of releases whose bytes are whole. Throws what may pass. */
export async function intactReleases(
  modelLog: Pick<ModelLogAccess, 'fetch'>,
  releases: readonly LoggedRelease[],
): Promise<ReadonlySet<number>> {
  const intact = new Set<number>();
  for (const release of releases) {
    try {
      await modelLog.fetch(release);
      intact.add(release.offset);
    } catch (error) {
      if (isTransient(error)) throw error;
    }
  }
  return intact;
}
