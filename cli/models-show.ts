/** What the commands say of the model log: as lines for people, and as JSON. */
import { createManifests, readManifest } from '../models/log-manifests.ts';
import { liveAt } from '../models/log-history.ts';
import {
  activeModel,
  isSame,
  servedRelease,
  type Activation,
  type LoggedRelease,
  type LogEntry,
  type ModelLog,
  type Provenance,
  WAITS,
} from '../models/log.ts';
import { waitingForApproval } from '../models/log-requests.ts';
import type { ModelRecord } from '../schemas/generated.ts';

/** A time as its writer gave it; a number that is no time stays one. */
export const isoTime = (ms: number): string | number =>
  Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : ms;

/** JSON that somebody wrote; a text that is none stays one. */
export function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const provenance = ({ offset, origin, recordedAt, actor, reason }: Provenance) => ({
  offset,
  time: isoTime(recordedAt),
  origin: origin.toLowerCase(),
  actor,
  reason,
});

function activationJson(log: ModelLog, activation: Activation) {
  const { version, sha256, gateReport } = activation;
  const outcome = log.outcomes.get(activation.offset);
  return {
    ...{ version, sha256, ...provenance(activation), gateReport: parsed(gateReport) },
    outcome:
      outcome === undefined
        ? null
        : {
            result: outcome.served ? 'served' : 'refused',
            time: isoTime(outcome.recordedAt),
            actor: outcome.actor,
            reason: outcome.reason,
          },
  };
}

/** What a manifest says of its model; nulls for a text that is none. */
function figures(text: string) {
  const manifest = readManifest(text);
  if (typeof manifest === 'string') return { metrics: null, threshold: null, dataset: null };
  return {
    metrics: manifest.metrics,
    threshold: manifest.threshold,
    dataset: manifest.training.dataset.name,
  };
}

/** `models list --json`: the whole state of the log. */
export function listJson(log: ModelLog): object {
  const active = activeModel(log);
  const current = active && servedRelease(log, active);
  const releases = log.releases.map((release) => {
    const { version, sha256, gateReport } = release;
    return {
      ...{ version, sha256, ...provenance(release), gateReport: parsed(gateReport) },
      active: release === current,
      ...figures(release.manifest),
    };
  });
  return {
    active: active === undefined ? null : activationJson(log, active),
    held: log.held,
    trainerPaused: log.pause !== undefined,
    waitForApproval: waitingForApproval(log).map(({ version, offset }) => ({ version, offset })),
    skippedRecords: Object.fromEntries(log.skipped),
    releases,
    activations: log.activations.map((activation) => activationJson(log, activation)),
    requests: [...log.answers.values()],
  };
}

/** The newest answers to retrain requests; all are in the log. */
const ANSWERS_SHOWN = 10;
/** Characters of a reason on a line. */
const REASON_SHOWN = 300;
/** Figures that a line shows. */
const FIGURES = ['roc_auc', 'f1_weighted', 'recent_roc_auc'];

const short = (text: string): string =>
  text.length <= REASON_SHOWN ? text : `${text.slice(0, REASON_SHOWN)}…`;

/** `models list`. */
export function* listLines(log: ModelLog): Generator<string> {
  const manifestOf = createManifests();
  const active = activeModel(log);
  const current = active && servedRelease(log, active);
  for (const release of log.releases) {
    const { version, sha256, origin, recordedAt } = release;
    const metrics = manifestOf(release)?.metrics ?? {};
    const figures = FIGURES.flatMap((name) =>
      name in metrics ? [`${name} ${metrics[name]!.toFixed(4)}`] : [],
    );
    const words = manifestOf(release) === undefined ? ['its manifest cannot be read'] : figures;
    yield `${release === current ? '*' : ' '} ${version.padEnd(24)} ${sha256.slice(0, 12)}  released ${String(isoTime(recordedAt))} (${origin.toLowerCase()})  ${activity(log, release)}  ${words.join(', ')}`.trimEnd();
  }
  if (active !== undefined && current === undefined)
    yield `activation ${String(active.offset)} names ${active.version}, which is not in the log`;
  const answers = [...log.answers.values()];
  if (answers.length > 0) yield 'retrain requests, newest last:';
  for (const { requestId, kind, reason } of answers.slice(-ANSWERS_SHOWN))
    yield `  ${requestId}  ${kind.toLowerCase()}: ${short(reason)}`;
  for (const { version } of waitingForApproval(log))
    yield `waits for approval: bankchurn models approve ${version}`;
  if (log.pause !== undefined) yield 'the trainer is paused until `bankchurn trainer resume`';
  if (log.held) yield 'held: challengers are not activated until `bankchurn models resume`';
}

/** Activations of one release that a line shows, the newest. */
const ACTIVATIONS_SHOWN = 5;

function activity(log: ModelLog, release: LoggedRelease): string {
  const times = log.activations.filter((activation) => isSame(activation, release));
  if (times.length === 0) return 'never active';
  const shown = times.slice(-ACTIVATIONS_SHOWN).map(({ offset, origin }) => {
    const refused = log.outcomes.get(offset)?.served === false ? ' refused' : '';
    return `${origin.toLowerCase()}@${String(offset)}${refused}`;
  });
  return `active: ${shown.join(' ')}`;
}

/** Whether a record is a scorer's word on an activation. Anybody may have written any word into any record. */
const isOutcome = ({ kind, requestId, aboutActivation, outcome }: ModelRecord): boolean =>
  kind === 'REJECTION' &&
  requestId == null &&
  aboutActivation != null &&
  (outcome === 'served' || outcome === 'refused');

/** What a record says: its kind, a scorer's word, or an operator's on the trainer. */
function kindOf(record: ModelRecord): string {
  const { kind, trainer, requestId, outcome } = record;
  if (isOutcome(record)) return outcome!.toUpperCase();
  const isTrainers =
    kind === 'REJECTION' && requestId == null && (trainer === 'paused' || trainer === 'resumed');
  return isTrainers ? `TRAINER_${trainer.toUpperCase()}` : kind;
}

/** A record of the log as `models history --json` shows it. */
export function factJson({
  offset,
  record,
}: LogEntry): Readonly<Record<string, unknown>> & { readonly kind: string } {
  if ('unreadable' in record) return { offset, kind: 'UNREADABLE', code: record.unreadable };
  const { modelVersion: version, modelSha256: sha256, origin, recordedAt, requestId } = record;
  return {
    offset,
    time: isoTime(recordedAt),
    kind: kindOf(record),
    version,
    sha256,
    origin: origin.toLowerCase(),
    actor: record.actor ?? null,
    reason: record.reason ?? null,
    requestId: requestId ?? null,
    ...(record.approval === WAITS ? { approval: WAITS } : {}),
    ...(record.aboutActivation == null ? {} : { activation: record.aboutActivation }),
    ...(record.gateReport == null ? {} : { gateReport: parsed(record.gateReport) }),
    ...(record.kind === 'RELEASE' ? figures(record.manifest ?? '') : {}),
  };
}

/** A line of `models history`. */
export function factLine(entry: LogEntry): string {
  const fact = factJson(entry);
  const word = (name: string): string => {
    const value = fact[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  if ('code' in fact) return `${word('offset').padStart(6)}  cannot be read: ${word('code')}`;
  const about = 'activation' in fact ? `of activation ${word('activation')}  ` : '';
  return `${word('offset').padStart(6)}  ${word('time')}  ${word('kind').padEnd(10)}  ${word('version').padEnd(24)}  ${word('origin').padEnd(8)}  ${word('actor')}  ${about}${short(word('reason'))}`.trimEnd();
}

/** `models at`: the model that was live, as JSON. */
export function liveJson(log: ModelLog, atMs: number): object | null {
  const live = liveAt(log, atMs);
  return live === undefined ? null : activationJson(log, live);
}

/** What the commands say on stderr of records that they could not read. */
export function skippedLine({ skipped }: ModelLog, topic: string): string | undefined {
  if (skipped.size === 0) return undefined;
  const codes = [...skipped].map(([code, count]) => `${code} ${String(count)}`).join(', ');
  const total = [...skipped.values()].reduce((a, b) => a + b);
  return `${String(total)} ${total === 1 ? 'record' : 'records'} of ${topic} cannot be read and ${total === 1 ? 'was' : 'were'} skipped (${codes})`;
}
