/** What a writer may add to the model log. Pure: writers fence, read to the end, decide here, and write (ADR 6). */
import type { ModelRecord } from '../schemas/generated.ts';
import {
  activeModel,
  isSame,
  releasesOf,
  servedRelease,
  type LoggedRelease,
  type ModelLog,
  type ModelName,
} from './log.ts';
import { isSimulated } from './log-manifests.ts';

/** What a writer adds. `release`: the bytes of that model go with it. */
export interface LogChange extends ModelName {
  readonly release: boolean;
  readonly kinds: readonly ModelRecord['kind'][];
  readonly reason?: string | undefined;
  /** Of a retrain request's answer. */
  readonly requestId?: string;
  /** JSON of the gate's figures. */
  readonly gateReport?: string | undefined;
  /** Of a challenger's release that an operator must approve: the activation of the champion it was judged against. */
  readonly awaits?: number;
  /** Of an operator who stops the trainer for a while, or lets it go on. */
  readonly trainer?: 'paused' | 'resumed';
  /** The answer to a request about a model that no longer serves. */
  readonly isStale?: true;
  /** Of a scorer that tells what became of an activation. */
  readonly outcome?: {
    readonly activation: number;
    readonly served: boolean;
    /** The activation that serves; -1: none of the log. */
    readonly serving: number;
    readonly artifactOffset: number | null;
  };
}

export const NO_CHANGE: LogChange = { release: false, kinds: [], version: '', sha256: '' };

/** Whether a change writes anything. */
export const isChange = ({ release, kinds }: LogChange): boolean => release || kinds.length > 0;

/** Whether the log has a release of that version and sha256. */
export const isReleased = (
  log: ModelLog,
  model: ModelName,
  isIntact: (release: LoggedRelease) => boolean = () => true,
): boolean => releasesOf(log, model).some((release) => isSame(release, model) && isIntact(release));

/**
 * A starting scorer brings the release of its image. It activates it only if the newest activation *of an image* was of
 * another one: so a restarted pod never undoes a retrained model, and a deployed image (or its rollback) does change it.
 *
 * @param isIntact whether the bytes of a release in the log are whole: else the image brings them again.
 */
export function decideImage(
  log: ModelLog,
  image: ModelName,
  isIntact?: (release: LoggedRelease) => boolean,
): LogChange {
  const newest = log.activations.findLast(({ origin }) => origin === 'IMAGE');
  if (newest !== undefined && isSame(newest, image)) return NO_CHANGE;
  const { version, sha256 } = image;
  return { release: !isReleased(log, image, isIntact), kinds: ['ACTIVATION'], version, sha256 };
}

/**
 * Whether activating a model would replace a model of real data by one of simulated customers. If nothing of the log serves,
 * what was activated last counts: that it is refused makes no simulated model a good one.
 */
export function replacesRealData(log: ModelLog, manifest: string): boolean {
  const last = activeModel(log) ?? log.activations.at(-1);
  return (
    isSimulated(manifest) && last !== undefined && !isSimulated(servedRelease(log, last)?.manifest ?? '')
  );
}

/** A release that an operator brings. `isIntact`: its bytes in the log are whole. Throws an Error if its version is taken. */
export function decideRelease(
  log: ModelLog,
  model: ModelName & { readonly manifest: string },
  reason: string | undefined,
  isIntact: (release: LoggedRelease) => boolean,
): LogChange {
  const { version, sha256, manifest } = model;
  const intact = log.releases.filter((release) => release.version === version && isIntact(release));
  if (intact.some((release) => release.sha256 === sha256 && release.manifest === manifest)) return NO_CHANGE;
  if (intact.length > 0)
    throw new Error(`${version} is in the log with other content: give the release a version of its own`);
  return { release: true, kinds: [], version, sha256, reason };
}

/** Whether an operator's words mean a model: its version, or `VERSION@` and the beginning of its sha256. */
export function isMeant({ version, sha256 }: ModelName, which: string): boolean {
  const at = which.lastIndexOf('@');
  if (at < 0) return version === which;
  return version === which || (version === which.slice(0, at) && sha256.startsWith(which.slice(at + 1)));
}

const shortName = ({ version, sha256 }: ModelName): string => `${version}@${sha256.slice(0, 12)}`;

/**
 * The model that an operator means: by its version, the beginning of its sha256, or both (`VERSION@SHA256`), for anybody may
 * have written another release of either. Throws an Error that names what there is.
 */
export function findModel(log: ModelLog, which: string): ModelName {
  const byVersion = log.releases.filter((release) => isMeant(release, which));
  const found = byVersion.length > 0 ? byVersion : log.releases.filter(({ sha256 }) => sha256.startsWith(which)); // prettier-ignore
  const models = found.filter((release, i) => found.findIndex((other) => isSame(other, release)) === i);
  if (models.length === 1) return models[0]!;
  if (models.length > 1)
    throw new Error(`${which}: more than one release: ${models.slice(-NAMED).map(shortName).join(', ')}`);
  const known = [...new Set(log.releases.map(({ version }) => version))].slice(-NAMED);
  throw new Error(`${which}: no such release (there are: ${known.join(', ') || 'none'})`);
}

/** Versions that an error names, the newest. */
const NAMED = 20;

/** What an operator does to the model in service: activates another one, or (`HOLD`) goes back to an earlier one. */
export function decideByOperator(
  { version, sha256 }: ModelName,
  isRollback: boolean,
  reason: string | undefined,
): LogChange {
  return { release: false, kinds: isRollback ? ['ACTIVATION', 'HOLD'] : ['ACTIVATION'], version, sha256, reason }; // prettier-ignore
}

/** Ends a hold. */
export function decideResume(log: ModelLog): LogChange {
  const active = activeModel(log);
  if (!log.held) throw new Error('nothing is held');
  const { version, sha256 } = active ?? { version: 'none', sha256: 'none' };
  return { release: false, kinds: ['RESUME'], version, sha256 };
}

/**
 * What a scorer says of an activation: once that it serves, and before that that it is refused, again if the log has another
 * word on what serves instead.
 */
export function decideOutcome(
  log: ModelLog,
  outcome: NonNullable<LogChange['outcome']>,
  reason: string | undefined,
): LogChange {
  const activation = log.activations.findLast(({ offset }) => offset === outcome.activation);
  const told = log.outcomes.get(outcome.activation);
  const isTold = told?.served === outcome.served && told.serving === outcome.serving;
  if (activation === undefined || told?.served === true || isTold) return NO_CHANGE;
  const { version, sha256 } = activation;
  return { release: false, kinds: ['REJECTION'], version, sha256, reason, outcome };
}
