/**
 * The model log (`churn-models`): which releases there are and which of them serves, as a fold over its records; and what a
 * writer may add to it. Pure: writers fence, read to the end, decide here, and write (ADR 6).
 */
import type { ModelOrigin, ModelRecord } from '../schemas/generated.ts';

/** A release as the log knows it. */
export interface LoggedRelease {
  readonly version: string;
  readonly sha256: string;
  /** JSON of the manifest. */
  readonly manifest: string;
  /** Where its bytes begin in `churn-model-artifacts`, and in how many chunks. */
  readonly artifactOffset: number;
  readonly artifactChunks: number;
}

export interface Activation {
  /** Of its record in the log. */
  readonly offset: number;
  readonly sha256: string;
  readonly origin: ModelOrigin;
}

export interface ModelLog {
  /** By sha256, oldest first. */
  readonly releases: ReadonlyMap<string, LoggedRelease>;
  /** Oldest first. */
  readonly activations: readonly Activation[];
  /** After an operator's rollback: challengers are released and not activated. */
  readonly held: boolean;
}

export const EMPTY_LOG: ModelLog = { releases: new Map(), activations: [], held: false };

/** What serves now. */
export function activeModel(log: ModelLog): Activation | undefined {
  return log.activations[log.activations.length - 1];
}

/** Takes the next record of the log. */
export function foldRecord(log: ModelLog, offset: number, record: ModelRecord): ModelLog {
  const { modelSha256: sha256, modelVersion: version, origin } = record;
  switch (record.kind) {
    case 'RELEASE': {
      const release = {
        version,
        sha256,
        manifest: record.manifest ?? '{}',
        artifactOffset: record.artifactOffset ?? -1,
        artifactChunks: record.artifactChunks ?? 0,
      };
      return { ...log, releases: new Map([...log.releases, [sha256, release]]) };
    }
    case 'ACTIVATION':
      return { ...log, activations: [...log.activations, { offset, sha256, origin }] };
    case 'HOLD':
      return { ...log, held: true };
    case 'RESUME':
      return { ...log, held: false };
    case 'REJECTION':
    case 'DEFERRAL':
      return log;
  }
}

/** What a writer adds. `release`: the bytes of that model go with it. */
export interface LogChange {
  readonly release: boolean;
  readonly kinds: readonly ModelRecord['kind'][];
  readonly sha256: string;
}

const NOTHING: LogChange = { release: false, kinds: [], sha256: '' };

/**
 * A starting scorer brings the release of its image. It activates it only if the newest activation *of an image* was of
 * another one: so a restarted pod never undoes a retrained model, and a deployed image (or its rollback) does change it.
 */
export function decideImage(log: ModelLog, sha256: string): LogChange {
  const newest = log.activations.findLast(({ origin }) => origin === 'IMAGE');
  if (newest?.sha256 === sha256) return NOTHING;
  return { release: !log.releases.has(sha256), kinds: ['ACTIVATION'], sha256 };
}

/** An operator activates a release by version or (the beginning of) its sha256. Throws an Error that names what there is. */
export function decideActivation(log: ModelLog, which: string): LogChange {
  const found = [...log.releases.values()].filter(
    ({ version, sha256 }) => version === which || sha256.startsWith(which),
  );
  if (found.length !== 1) {
    const known = [...log.releases.values()].map(({ version }) => version).join(', ');
    throw new Error(
      `${which}: ${found.length === 0 ? 'no such release' : 'more than one release'} (there are: ${known || 'none'})`,
    );
  }
  return { release: false, kinds: ['ACTIVATION'], sha256: found[0]!.sha256 };
}

/** Back to the model that served before the present one; later challengers are held until `resume`. */
export function decideRollback(log: ModelLog): LogChange {
  const active = activeModel(log);
  const former = log.activations.findLast(({ sha256 }) => sha256 !== active?.sha256);
  if (former === undefined) throw new Error('no other model has served before the present one');
  return { release: false, kinds: ['ACTIVATION', 'HOLD'], sha256: former.sha256 };
}
