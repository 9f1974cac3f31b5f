/**
 * The model log (`churn-models`): which releases there are and which of them serves, as a fold over its records; and what a
 * writer may add to it. Pure: writers fence, read to the end, decide here, and write (ADR 6).
 */
import type { ModelOrigin, ModelRecord, RetrainRequested } from '../schemas/generated.ts';

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

/** What became of a retrain request. */
export interface Answer {
  readonly requestId: string;
  readonly kind: 'RELEASE' | 'ACTIVATION' | 'REJECTION' | 'DEFERRAL';
  /** Of the model released, or complained about. */
  readonly sha256: string;
  readonly reason: string;
}

export interface ModelLog {
  /** By sha256, oldest first. */
  readonly releases: ReadonlyMap<string, LoggedRelease>;
  /** Oldest first. */
  readonly activations: readonly Activation[];
  /** After an operator's rollback: challengers are released and not activated. */
  readonly held: boolean;
  /** The newest answer to each retrain request, by its id, oldest first. */
  readonly answers: ReadonlyMap<string, Answer>;
}

export const EMPTY_LOG: ModelLog = { releases: new Map(), activations: [], held: false, answers: new Map() };

/** What serves now. */
export function activeModel(log: ModelLog): Activation | undefined {
  return log.activations[log.activations.length - 1];
}

/** Takes the next record of the log. */
export function foldRecord(log: ModelLog, offset: number, record: ModelRecord): ModelLog {
  const next = foldHistory(log, offset, record);
  const { kind, requestId, modelSha256: sha256, reason } = record;
  if (requestId === null || kind === 'HOLD' || kind === 'RESUME') return next;
  const answers = new Map(next.answers).set(requestId, { requestId, kind, sha256, reason: reason ?? '' });
  return { ...next, answers };
}

function foldHistory(log: ModelLog, offset: number, record: ModelRecord): ModelLog {
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
  /** Of a retrain request's answer. */
  readonly answer?: { readonly requestId: string; readonly reason: string };
}

const NOTHING: LogChange = { release: false, kinds: [], sha256: '' };

type Complaint = Pick<RetrainRequested, 'requestId' | 'modelSha256' | 'activation'>;

/** Whether a retrain request still waits for its answer: replays and duplicates do not, and no complaint about a past activation does. */
export function requestState(log: ModelLog, request: Complaint): 'open' | 'deferred' | 'answered' | 'stale' {
  const kind = log.answers.get(request.requestId)?.kind;
  if (kind !== undefined && kind !== 'DEFERRAL') return 'answered';
  const active = activeModel(log);
  if (active?.offset !== request.activation || active.sha256 !== request.modelSha256) return 'stale';
  return kind === undefined ? 'open' : 'deferred';
}

/** A challenger that passed the gate is released, and serves at once unless an operator holds challengers back. */
export function decideChallenger(
  log: ModelLog,
  request: Complaint,
  sha256: string,
  reason: string,
): LogChange {
  const state = requestState(log, request);
  if (state === 'answered' || state === 'stale') return NOTHING;
  const answer = { requestId: request.requestId, reason };
  const release = !log.releases.has(sha256);
  if (!log.held) return { release, kinds: ['ACTIVATION'], sha256, answer };
  const told = { ...answer, reason: `held by an operator, not activated; ${reason}` };
  // A release that is in the log already would leave nothing to write, and the request without an answer.
  return release ? { release, kinds: [], sha256, answer: told } : refusal('REJECTION', request, told.reason);
}

/** A request is refused for good, or put off: said once. */
export function decideRefusal(
  log: ModelLog,
  request: Complaint,
  kind: 'REJECTION' | 'DEFERRAL',
  reason: string,
): LogChange {
  const state = requestState(log, request);
  if (state === 'answered' || state === 'stale' || (kind === 'DEFERRAL' && state === 'deferred'))
    return NOTHING;
  return refusal(kind, request, reason);
}

function refusal(kind: 'REJECTION' | 'DEFERRAL', request: Complaint, reason: string): LogChange {
  const { requestId, modelSha256: sha256 } = request;
  return { release: false, kinds: [kind], sha256, answer: { requestId, reason } };
}

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
