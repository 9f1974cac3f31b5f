/** The manifests of what served, for those who read what scorers wrote about it. */
import { createManifests, manifestOfActivation, type ManifestOfRelease } from '../models/log-manifests.ts';
import type { ModelLog } from '../models/log.ts';
import type { Manifest } from '../models/manifest.ts';
import { BankChurnError } from '../schemas/errors.ts';
import type { ModelLogAccess, ReadLog } from './model-log-port.ts';

export interface ManifestSources {
  readonly modelLog: Pick<ModelLogAccess, 'end' | 'read'>;
  /** As far as it is followed; undefined: not read yet. */
  readonly newest: () => ReadLog | undefined;
  /** Of the image's release, if there is one. */
  readonly image: () => Manifest | undefined;
  readonly manifestOf?: ManifestOfRelease;
}

/**
 * Finds the manifest of an activation (-1: the image's own).
 *
 * @throws BankChurnError RECORD_INVALID if there is no such activation: the record that names it is garbage. A transient one
 * as long as the log may not have been read so far.
 */
export function createManifestOf({
  modelLog,
  newest,
  image,
  manifestOf = createManifests(),
}: ManifestSources) {
  function find(log: ModelLog, activation: number, sha256: string): Manifest | undefined {
    if (activation < 0) {
      if (image()?.sha256 === sha256) return image();
      const release = log.releases.findLast((each) => each.sha256 === sha256);
      return release === undefined ? undefined : manifestOf(release);
    }
    const named = log.activations.findLast(({ offset }) => offset === activation);
    return named?.sha256 === sha256 ? manifestOfActivation(log, named, manifestOf) : undefined;
  }

  return async (activation: number, sha256: string): Promise<Manifest> => {
    const read = newest();
    const found = read === undefined ? undefined : find(read.log, activation, sha256);
    if (found !== undefined) return found;
    // Where the follower has been, there is no such activation; further on it may be behind.
    const isBehind = activation < 0 ? read === undefined : activation >= (read?.next ?? 0);
    if (isBehind && activation < (await modelLog.end())) {
      const later = find(await modelLog.read(), activation, sha256);
      if (later !== undefined) return later;
    }
    throw new BankChurnError(
      'RECORD_INVALID',
      `the model log has no activation ${String(activation)} of model ${sha256.slice(0, 12)}`,
    );
  };
}
