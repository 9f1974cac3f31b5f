/**
 * The model log (`churn-models`): which releases there are and which of them serves, as a fold over its records. Whoever can
 * write to the topic can write anything: what a record claims is taken in at a bounded size, and trusted by nobody (ADR 6).
 */
import type { ModelOrigin, ModelRecord } from '../schemas/generated.ts';
import { LIMITS } from './limits.ts';
import { CANDIDATES, cut, cutActor, trimActivations, trimAnswers, trimReleases } from './log-bounds.ts';

/** Who is responsible for a record of the log, and when and why it was written. */
export interface Provenance {
  /** Of the record in the log. */
  readonly offset: number;
  readonly origin: ModelOrigin;
  /** As its writer says, milliseconds since 1970. */
  readonly recordedAt: number;
  readonly actor: string | null;
  readonly reason: string | null;
}

/** A model by what identifies it: the ONNX of several releases may be the same. */
export interface ModelName {
  readonly version: string;
  readonly sha256: string;
}

/** A release as the log knows it. */
export interface LoggedRelease extends Provenance, ModelName {
  /** JSON of the manifest. */
  readonly manifest: string;
  /** Where its bytes begin in `churn-model-artifacts`, and in how many chunks. */
  readonly artifactOffset: number;
  readonly artifactChunks: number;
  readonly gateReport: string | null;
  /** Of the retrain request that it answers. */
  readonly requestId: string | null;
  /** Of a challenger that an operator must approve: the activation of the champion it was judged against. */
  readonly awaits: number | null;
}

export interface Activation extends Provenance, ModelName {
  readonly gateReport: string | null;
}

/** What scorers said of an activation. */
export interface Outcome extends Pick<Provenance, 'recordedAt' | 'actor' | 'reason'> {
  readonly served: boolean;
  /** The activation that serves; -1: none of the log; null: not told. */
  readonly serving: number | null;
  /** Where the bytes of the release lie that serves. */
  readonly artifactOffset: number | null;
}

/** What became of a retrain request. */
export interface Answer {
  readonly requestId: string;
  readonly kind: 'RELEASE' | 'ACTIVATION' | 'REJECTION' | 'DEFERRAL';
  /** Of the model released, or complained about. */
  readonly sha256: string;
  readonly reason: string;
  readonly gateReport: string | null;
  /** Of this record and of the first one about the request, milliseconds since 1970. */
  readonly recordedAt: number;
  readonly since: number;
}

export interface ModelLog {
  /** Oldest first; several may have the same version. */
  readonly releases: readonly LoggedRelease[];
  /** Oldest first. */
  readonly activations: readonly Activation[];
  /** By the offset of the activation: the first time it served, else the newest refusal. */
  readonly outcomes: ReadonlyMap<number, Outcome>;
  /** After an operator's rollback: challengers are released and not activated. */
  readonly held: boolean;
  /** Who paused the trainer, when and why; undefined: it is not paused. */
  readonly pause: Provenance | undefined;
  /** The newest answer to each retrain request, by its id, oldest first. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** Records that could not be read, by error code. */
  readonly skipped: ReadonlyMap<string, number>;
}

export const EMPTY_LOG: ModelLog = {
  releases: [],
  activations: [],
  outcomes: new Map(),
  held: false,
  pause: undefined,
  answers: new Map(),
  skipped: new Map(),
};

/** The word of a release that waits for approval (`approval`). */
export const WAITS = 'waits';

/** Characters: longer names and ids make a record invalid. */
const MAX_NAME = 200;
/** Chunks of one release. */
const MAX_CHUNKS = 4096;

/** A record of the log, or the error code of one that cannot be read. */
export interface LogEntry {
  readonly offset: number;
  readonly record: ModelRecord | { readonly unreadable: string };
}

/** Why a record says nothing that can be true; undefined: it may be. */
export function recordFault(record: ModelRecord): string | undefined {
  const { kind, modelVersion, modelSha256, requestId, manifest } = record;
  const { artifactOffset: from, artifactChunks: chunks } = record;
  if (modelVersion === '' || modelVersion.length > MAX_NAME) return 'modelVersion is empty or too long';
  if (modelSha256 === '' || modelSha256.length > MAX_NAME) return 'modelSha256 is empty or too long';
  if (requestId != null && requestId.length > MAX_NAME) return 'requestId is too long';
  if (kind !== 'RELEASE') return undefined;
  if (manifest == null) return 'a release without a manifest';
  if (manifest.length > LIMITS.manifestBytes)
    return `a manifest of more than ${String(LIMITS.manifestBytes)} characters`;
  if (from == null || from < 0) return 'a release without the offset of its bytes';
  if (chunks == null || chunks < 1 || chunks > MAX_CHUNKS)
    return `a release of less than 1 or more than ${String(MAX_CHUNKS)} chunks`;
  return undefined;
}

/** Takes the next record of the log. */
export const foldRecord = (log: ModelLog, offset: number, record: ModelRecord): ModelLog =>
  foldRecords(log, [{ offset, record }]);

/** Takes the next records of the log. */
export function foldRecords(log: ModelLog, entries: readonly LogEntry[]): ModelLog {
  const next = {
    releases: [...log.releases],
    activations: [...log.activations],
    outcomes: new Map(log.outcomes),
    held: log.held,
    pause: log.pause,
    answers: new Map(log.answers),
    skipped: new Map(log.skipped),
  };
  for (const { offset, record } of entries) {
    if ('unreadable' in record) skip(next, record.unreadable);
    else if (recordFault(record) !== undefined) skip(next, 'RECORD_INVALID');
    else take(next, offset, record);
  }
  return next;
}

/** The state while records are folded. */
interface Folding {
  readonly releases: LoggedRelease[];
  readonly activations: Activation[];
  readonly outcomes: Map<number, Outcome>;
  held: boolean;
  pause: Provenance | undefined;
  readonly answers: Map<string, Answer>;
  readonly skipped: Map<string, number>;
}

function skip({ skipped }: Folding, code: string): void {
  skipped.set(code, (skipped.get(code) ?? 0) + 1);
}

function take(log: Folding, offset: number, record: ModelRecord): void {
  const { kind, requestId, modelSha256: sha256, modelVersion: version } = record;
  const reason = cut(record.reason);
  const { origin, recordedAt } = record;
  const from = { offset, origin, recordedAt, actor: cutActor(record.actor), reason };
  const common = { ...from, version, sha256, gateReport: cut(record.gateReport) };
  if (kind === 'RELEASE') log.releases.push({ ...common, ...releaseFields(record) });
  if (kind === 'ACTIVATION') log.activations.push(common);
  trimReleases(log.releases, log.activations, log.outcomes);
  trimActivations(log.activations, log.outcomes);
  if (kind === 'HOLD') log.held = true;
  if (kind === 'RESUME') log.held = false;
  if (kind === 'REJECTION' && requestId == null) addWord(log, record, from);
  if (requestId == null || kind === 'HOLD' || kind === 'RESUME') return;
  const since = log.answers.get(requestId)?.since ?? recordedAt;
  const { gateReport } = common;
  log.answers.set(requestId, {
    requestId,
    kind,
    sha256,
    reason: reason ?? '',
    gateReport,
    recordedAt,
    since,
  });
  trimAnswers(log.answers);
}

const releaseFields = (record: ModelRecord) => ({
  manifest: record.manifest!,
  artifactOffset: record.artifactOffset!,
  artifactChunks: record.artifactChunks!,
  requestId: record.requestId ?? null,
  awaits: record.approval === WAITS ? (record.aboutActivation ?? null) : null,
});

/** An operator's word on the trainer, or a scorer's on an activation. */
function addWord(log: Folding, record: ModelRecord, from: Provenance): void {
  if (record.trainer === 'paused') log.pause = from;
  else if (record.trainer === 'resumed') log.pause = undefined;
  else addOutcome(log, record, from);
}

function addOutcome(
  { activations, outcomes }: Folding,
  { aboutActivation, outcome, artifactOffset, servingActivation, modelVersion }: ModelRecord,
  { recordedAt, actor, reason }: Provenance,
): void {
  if (aboutActivation == null || (outcome !== 'served' && outcome !== 'refused')) return;
  const about = activations.findLast(({ offset }) => offset === aboutActivation);
  if (about?.version !== modelVersion || outcomes.get(aboutActivation)?.served === true) return;
  const served = outcome === 'served';
  outcomes.set(aboutActivation, { served, recordedAt, actor, reason, serving: servingActivation ?? null, artifactOffset: artifactOffset ?? null }); // prettier-ignore
}

/**
 * The releases that an activation may mean, in the order in which to try them: those of its version and sha256, the oldest
 * first, so that a later one does not displace a good one; the newest is always among them, so that it can repair a broken
 * one. Older logs may name an activation by the first characters of the sha256: then those of the sha256.
 */
export function releasesOf({ releases }: ModelLog, { version, sha256 }: ModelName): readonly LoggedRelease[] {
  const named = byVersion(releases).get(version) ?? [];
  const isBySha256 = named.length === 0 && sha256.startsWith(version);
  const found = (isBySha256 ? releases : named).filter((release) => release.sha256 === sha256);
  return found.length <= CANDIDATES ? found : [...found.slice(0, CANDIDATES - 1), found[found.length - 1]!];
}

/** Of each list of releases once: thousands of activations may ask. */
const indexes = new WeakMap<readonly LoggedRelease[], ReadonlyMap<string, readonly LoggedRelease[]>>();

function byVersion(releases: readonly LoggedRelease[]): ReadonlyMap<string, readonly LoggedRelease[]> {
  const known = indexes.get(releases);
  if (known !== undefined) return known;
  const index = new Map<string, LoggedRelease[]>();
  for (const release of releases) {
    const same = index.get(release.version);
    if (same === undefined) index.set(release.version, [release]);
    else same.push(release);
  }
  indexes.set(releases, index);
  return index;
}

/** The release that serves an activation, as far as the log says. */
export function servedRelease(log: ModelLog, activation: Activation): LoggedRelease | undefined {
  const candidates = releasesOf(log, activation);
  const place = log.outcomes.get(activation.offset)?.artifactOffset;
  return candidates.find(({ artifactOffset }) => artifactOffset === place) ?? candidates[0];
}

/** What serves now, as far as the log says: the newest activation that scorers have not refused. */
export function activeModel({
  activations,
  outcomes,
}: Pick<ModelLog, 'activations' | 'outcomes'>): Activation | undefined {
  let newest = Infinity;
  return activations.findLast(({ offset }) => {
    const outcome = outcomes.get(offset);
    if (offset > newest || outcome?.served !== false) return offset <= newest;
    // What was refused along with it has no record of its own.
    newest = outcome.serving ?? newest;
    return false;
  });
}

/** Whether two names are of the same model. */
export const isSame = (a: ModelName, b: ModelName): boolean =>
  a.version === b.version && a.sha256 === b.sha256;
