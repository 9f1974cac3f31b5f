/** What becomes of retrain requests, and of the challengers that come of them (ADR 7, ADR 19). Pure, as `log-decisions.ts`. */
import type { RetrainRequested } from '../schemas/generated.ts';
import { isReleased, NO_CHANGE, type LogChange } from './log-decisions.ts';
import { activeModel, isSame, type LoggedRelease, type ModelLog, type ModelName } from './log.ts';

type Complaint = Pick<RetrainRequested, 'requestId' | 'modelVersion' | 'modelSha256' | 'activation'>;

/** Whether a retrain request still waits for its answer: replays and duplicates do not, and no complaint about a past activation does. */
export function requestState(
  log: ModelLog,
  request: Pick<Complaint, 'requestId' | 'modelSha256' | 'activation'>,
): 'open' | 'deferred' | 'answered' | 'stale' {
  const kind = log.answers.get(request.requestId)?.kind;
  if (kind !== undefined && kind !== 'DEFERRAL') return 'answered';
  const active = activeModel(log);
  if (active?.offset !== request.activation || active.sha256 !== request.modelSha256) return 'stale';
  return kind === undefined ? 'open' : 'deferred';
}

/** Words of the gate. */
export interface GateWord {
  readonly reason: string;
  /** JSON of its figures. */
  readonly report?: string | undefined;
}

/** What becomes of a challenger that passed: it serves at once, or waits until an operator approves it. */
export type ActivationPolicy = 'auto' | 'approve';

/** A challenger that passed the gate is released; it serves at once unless it must be approved, or an operator holds challengers back. */
export function decideChallenger(
  log: ModelLog,
  request: Complaint,
  challenger: ModelName,
  { reason, report: gateReport }: GateWord,
  policy: ActivationPolicy = 'auto',
): LogChange {
  const over = decideOver(log, request);
  if (over !== undefined) return over;
  const { version, sha256 } = challenger;
  const { requestId, activation } = request;
  const release = !isReleased(log, challenger);
  const change = { release, version, sha256, requestId, gateReport };
  if (policy === 'auto' && !log.held) return { ...change, kinds: ['ACTIVATION'], reason };
  const why = log.held ? 'held by an operator, not activated' : 'waits for `bankchurn models approve`';
  const told = `${why}; ${reason}`;
  if (release)
    return { ...change, kinds: [], reason: told, ...(policy === 'approve' && { awaits: activation }) };
  // A release that is in the log already would leave nothing to write, and the request without an answer.
  return refusal('REJECTION', request, {
    reason: `${version} was released before: \`bankchurn models activate\` serves it; ${reason}`,
    report: gateReport,
  });
}

/** A request is refused for good. */
export const decideRejection = (log: ModelLog, request: Complaint, word: GateWord): LogChange =>
  decideOver(log, request) ?? refusal('REJECTION', request, word);

/**
 * A request is put off until there are more labels. Said at first, and again each time that the labels have grown (or shrunk)
 * by a tenth of what is needed.
 *
 * @param share of what is needed, 0..1; the report holds it as `share`.
 */
export function decideDeferral(log: ModelLog, request: Complaint, word: GateWord, share: number): LogChange {
  const over = decideOver(log, request);
  if (over !== undefined) return over;
  const former = log.answers.get(request.requestId);
  const isNews = former === undefined || tenths(shareOf(former.gateReport)) !== tenths(share);
  return isNews ? refusal('DEFERRAL', request, word) : NO_CHANGE;
}

const tenths = (share: number): number => Math.floor(share * 10);

/** What a deferral's report says: the share of the labels needed. Anybody may have written it. */
function shareOf(report: string | null): number {
  try {
    const { share } = JSON.parse(report ?? '{}') as { share?: unknown };
    return typeof share === 'number' && Number.isFinite(share) ? share : 0;
  } catch {
    return 0;
  }
}

/** Of a request that was answered: nothing. Of one about a model that no longer serves: a record that says so, once. */
export function decideOver(log: ModelLog, request: Complaint): LogChange | undefined {
  const state = requestState(log, request);
  if (state === 'answered') return NO_CHANGE;
  if (state !== 'stale') return undefined;
  const active = activeModel(log);
  const now = active === undefined ? 'no model of the log' : `${active.version} (activation ${String(active.offset)})`; // prettier-ignore
  const reason = `stale: it is about ${request.modelVersion} (activation ${String(request.activation)}), and ${now} serves`;
  return { ...refusal('REJECTION', request, { reason }), isStale: true };
}

function refusal(
  kind: 'REJECTION' | 'DEFERRAL',
  { requestId, modelVersion: version, modelSha256: sha256 }: Complaint,
  { reason, report: gateReport }: GateWord,
): LogChange {
  return { release: false, kinds: [kind], version, sha256, requestId, reason, gateReport };
}

/**
 * The challengers that wait for an operator, oldest first: those judged against the model that still serves, and not activated
 * since.
 */
export function waitingForApproval(log: ModelLog): readonly LoggedRelease[] {
  const active = activeModel(log);
  return log.releases.filter(
    (release) =>
      release.awaits !== null &&
      release.awaits === active?.offset &&
      !log.activations.some(
        (activation) => activation.offset > release.offset && isSame(activation, release),
      ),
  );
}

/**
 * An operator approves a challenger: it is activated, as the answer to its request, with the gate's figures.
 *
 * @throws Error if it does not wait: it never did, serves already, or another model serves than the one it was judged against.
 */
export function decideApproval(log: ModelLog, model: ModelName, reason: string | undefined): LogChange {
  const release = waitingForApproval(log).findLast((waiting) => isSame(waiting, model));
  const { version, sha256 } = model;
  if (release === undefined) {
    const waiting = waitingForApproval(log).map((other) => other.version);
    throw new Error(
      `${version} does not wait for approval: it was judged against a model that no longer serves, serves already, or never waited (those that wait: ${waiting.join(', ') || 'none'}; \`bankchurn models activate\` takes any release)`,
    );
  }
  const { requestId, gateReport } = release;
  return {
    ...{ release: false, kinds: ['ACTIVATION'], version, sha256, reason: reason ?? 'approved' },
    ...(requestId !== null && { requestId }),
    gateReport: gateReport ?? undefined,
  };
}

/** An operator stops the trainer for a while, or lets it go on. Throws an Error if it is so already. */
export function decideTrainer(
  log: ModelLog,
  trainer: 'paused' | 'resumed',
  reason: string | undefined,
): LogChange {
  if ((log.pause !== undefined) === (trainer === 'paused'))
    throw new Error(trainer === 'paused' ? 'the trainer is paused already' : 'the trainer is not paused');
  const { version, sha256 } = activeModel(log) ?? { version: 'none', sha256: 'none' };
  return { release: false, kinds: ['REJECTION'], version, sha256, reason, trainer };
}
