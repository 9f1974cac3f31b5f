import { countsFault, countsMisfit, fitsProfile, readState } from '../drift/checks.ts';
import { SCORE_SERIES } from '../drift/counts.ts';
import {
  initialState,
  takeCounts,
  type DriftRule,
  type MonitorState,
  type Step,
  type Verdict,
} from '../drift/monitor.ts';
import { withoutPartition } from '../drift/ranges.ts';
import { windowFault } from '../drift/window-size.ts';
import type { Manifest } from '../models/manifest.ts';
import { BankChurnError, isPoisonError } from '../schemas/errors.ts';
import type { DriftCounts, DriftVerdict, RetrainRequested } from '../schemas/generated.ts';
import type { EncodeOwn, OwnRecord } from '../schemas/own.ts';
import type { Emission, OpenRole, OutputRecord, SourceRecord } from '../schemas/ports.ts';
import { markedAgain, streamOf } from './counts-origin.ts';

export interface MonitorPorts {
  readonly rule: DriftRule;
  readonly decodeCounts: (record: OwnRecord) => Promise<DriftCounts>;
  readonly encodeVerdict: EncodeOwn<DriftVerdict>;
  readonly encodeRequest: EncodeOwn<RetrainRequested>;
  /** The newest verdict that is wanted, of those that can be read. */
  readonly findVerdict: (isWanted: (verdict: DriftVerdict) => boolean) => Promise<DriftVerdict | undefined>;
  /**
   * The manifest of the model that an activation put into service. Rejects with a poison code if there is no such
   * activation, and otherwise if it is not known yet: the monitor then waits.
   */
  readonly manifestOf: (activation: number, sha256: string) => Promise<Manifest>;
  readonly topics: { readonly driftVerdicts: string; readonly retrainEvents: string };
  /** Whether events may count twice: at-least-once repeats what a crash has interrupted. */
  readonly mayOverlap: boolean;
  /** Told of each verdict as it is taken, and of whose it is. */
  readonly onVerdict: (verdict: Verdict, state: MonitorState) => void;
  /** A record that is skipped, and why: offset in `drift-counts`; undefined: a verdict whose state is no use. */
  readonly onSkipped: (offset: number | undefined, error: BankChurnError) => void;
}

/**
 * The monitor role: drift counts → verdicts and, once per model and activation, a retrain event. Only a verdict is
 * committed, with the offset behind its last record; the pane that is filling is read again after a restart.
 */
export function createMonitor(ports: MonitorPorts): OpenRole {
  return async (_, offset) => {
    let state = await resume(ports, offset);
    return async ({ records }) => {
      const verdicts: OutputRecord[] = [];
      const requests: OutputRecord[] = [];
      const outcomes = new Map<string, number>();
      let commit: number | undefined;
      for (const record of records) {
        const taken = await take(ports, state, record);
        state = taken.state;
        outcomes.set(taken.outcome, (outcomes.get(taken.outcome) ?? 0) + 1);
        const { verdict, manifest } = taken;
        if (verdict === undefined || state === undefined || manifest === undefined) continue;
        commit = record.offset + 1;
        verdicts.push({ key: state.modelSha256, ...ports.encodeVerdict(verdictRecord(verdict, state)) });
        if (verdict.request)
          requests.push({
            key: manifest.version,
            ...ports.encodeRequest(requestRecord(verdict, state, manifest)),
          });
        ports.onVerdict(verdict, state);
      }
      return { emit: emissions(ports, verdicts, requests), commit, outcomes };
    };
  };
}

/** What one record of `drift-counts` leads to. */
interface Taken extends Partial<Pick<Step, 'verdict'>> {
  readonly state: MonitorState | undefined;
  readonly outcome: 'counted' | 'overlapping' | 'late' | 'skipped' | 'scored again';
  readonly manifest?: Manifest;
}

async function take(
  ports: MonitorPorts,
  state: MonitorState | undefined,
  record: SourceRecord,
): Promise<Taken> {
  const again = markedAgain(record);
  if (again !== undefined) {
    const counted = withoutPartition(state?.counted ?? {}, again);
    return { state: state && { ...state, counted }, outcome: 'scored again' };
  }
  let counts: DriftCounts;
  let manifest: Manifest;
  try {
    counts = await ports.decodeCounts(record);
    refuse(countsFault(counts));
    manifest = await ports.manifestOf(counts.activation, counts.modelSha256);
    refuse(countsMisfit(counts, manifest.profile));
  } catch (error) {
    if (!isPoisonError(error)) throw error;
    ports.onSkipped(record.offset, error);
    return { state, outcome: 'skipped' };
  }
  const tooLong = windowFault(manifest.profile, ports.rule, manifest.version);
  if (tooLong !== undefined) throw new BankChurnError('CONFIG_INVALID', tooLong);
  const before = state ?? initialState(counts.modelSha256, counts.activation);
  const stream = streamOf(record, counts.sourceTopic);
  const step = takeCounts(before, counts, record.offset, manifest.profile, ports.rule, stream);
  const { overlap, late, verdict } = step;
  if (overlap !== undefined && !ports.mayOverlap) throw overlapError(record.offset, counts, overlap);
  const outcome = late ? 'late' : overlap === undefined ? 'counted' : 'overlapping';
  return { state: step.state, outcome, verdict, manifest };
}

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw new BankChurnError('RECORD_INVALID', `no DriftCounts: ${fault} cannot be`);
}

function overlapError(offset: number, counts: DriftCounts, last: number): BankChurnError {
  const { sourceTopic, sourcePartition, firstOffset, lastOffset, activation } = counts;
  return new BankChurnError(
    'COUNTS_OVERLAP',
    `drift counts at offset ${String(offset)} are of ${sourceTopic}/${String(sourcePartition)} ` +
      `${String(firstOffset)}..${String(lastOffset)}, which are counted up to ${String(last)} for activation ${String(activation)}: ` +
      'events would count twice. Look for a second writer. To go on, stop the monitor, ' +
      'run `bankchurn offsets adopt --role monitor --from latest`, and start it: it begins anew',
  );
}

function emissions(
  ports: MonitorPorts,
  verdicts: readonly OutputRecord[],
  requests: readonly OutputRecord[],
): Emission[] {
  const emit: Emission[] = [];
  if (verdicts.length > 0) emit.push({ topic: ports.topics.driftVerdicts, partition: 0, records: verdicts });
  if (requests.length > 0) emit.push({ topic: ports.topics.retrainEvents, partition: 0, records: requests });
  return emit;
}

/** The state as the last verdict left it; undefined: none goes on at this offset, so the monitor begins anew. */
async function resume(ports: MonitorPorts, offset: number): Promise<MonitorState | undefined> {
  // A verdict is committed with the offset behind it. Where the group was set to another place on purpose, none fits.
  const last = await ports.findVerdict(({ lastCountsOffset }) => lastCountsOffset + 1 === offset);
  if (last === undefined) return undefined;
  const state = readState(last);
  try {
    const { profile } = await ports.manifestOf(last.activation, last.modelSha256);
    if (state !== undefined && fitsProfile(state, profile)) return state;
    ports.onSkipped(undefined, new BankChurnError('RECORD_INVALID', 'the state of the last verdict is none'));
  } catch (error) {
    if (!isPoisonError(error)) throw error;
    ports.onSkipped(undefined, error);
  }
  return undefined;
}

function verdictRecord(verdict: Verdict, state: MonitorState): DriftVerdict {
  return {
    modelSha256: state.modelSha256,
    activation: state.activation,
    firstCountsOffset: verdict.firstOffset,
    lastCountsOffset: verdict.lastOffset,
    events: verdict.events,
    drifted: verdict.drifted,
    psi: verdict.psi,
    state: JSON.stringify({ ...state, open: undefined }),
  };
}

function requestRecord(verdict: Verdict, state: MonitorState, manifest: Manifest): RetrainRequested {
  const scorePsi = verdict.psi.find(({ name }) => name === SCORE_SERIES)?.psi ?? 0;
  const largest = verdict.psi.reduce((a, b) => (b.psi > a.psi ? b : a));
  return {
    requestId: `${state.modelSha256.slice(0, 16)}/${String(state.activation)}`,
    modelVersion: manifest.version,
    modelSha256: state.modelSha256,
    activation: state.activation,
    countsOffset: verdict.lastOffset,
    requestedAt: verdict.maxTimestamp,
    reason: `PSI of ${largest.name} is ${largest.psi.toFixed(3)} over ${String(verdict.events)} events`,
    scorePsi,
    maxFeaturePsi: Math.max(...verdict.psi.filter(({ name }) => name !== SCORE_SERIES).map(({ psi }) => psi)),
    events: verdict.events,
    driftSince: state.driftSince,
  };
}
