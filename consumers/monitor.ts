import { countsFault, countsMisfit, fitsProfile } from '../drift/checks.ts';
import { readState } from '../drift/state-text.ts';
import { initialState, takeCounts, type MonitorState, type Step, type Verdict } from '../drift/monitor.ts';
import type { DriftRule } from '../drift/rule.ts';
import { withoutPartition } from '../drift/ranges.ts';
import { windowFault } from '../drift/window-size.ts';
import type { Manifest } from '../models/manifest.ts';
import { BankChurnError, isPoisonError } from '../schemas/errors.ts';
import type { DriftCounts, DriftVerdict, RetrainRequested } from '../schemas/generated.ts';
import type { EncodeOwn, OwnRecord } from '../schemas/own.ts';
import type { Emission, OpenRole, OutputRecord, SourceRecord } from '../schemas/ports.ts';
import { markedAgain, streamOf } from './counts-origin.ts';
import { requestRecord, verdictRecord } from '../drift/verdict-records.ts';

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
  /**
   * When the model log says that a retrain request was refused (rejected, failed or expired), milliseconds since 1970; undefined:
   * it was not.
   */
  readonly refusedAt: (requestId: string) => number | undefined;
  readonly topics: { readonly driftVerdicts: string; readonly retrainEvents: string };
  /** Whether events may count twice: at-least-once repeats what a crash has interrupted. */
  readonly mayOverlap: boolean;
  /** Told of each verdict as it is taken, and of whose it is. */
  readonly onVerdict: (verdict: Verdict, state: MonitorState) => void;
  /** A record that is skipped, and why: offset in `drift-counts`; undefined: a verdict whose state is no use. */
  readonly onSkipped: (offset: number | undefined, error: BankChurnError) => void;
}

/**
 * The monitor role: drift counts → verdicts and, once per drift, a retrain event. Only a verdict is
 * committed, with the offset behind its last record; the pane that is filling is read again after a restart.
 */
export function createMonitor(ports: MonitorPorts): OpenRole {
  return async (_, offset) => {
    let state: MonitorState | undefined;
    const from = await resume(ports, offset);
    const anew = typeof from === 'string' ? from : null;
    if (typeof from !== 'string') state = from;
    return async ({ records }) => {
      const verdicts: OutputRecord[] = [];
      const requests: OutputRecord[] = [];
      const outcomes = new Map<string, number>();
      let commit: number | undefined;
      for (const record of records) {
        const taken = await take(ports, state, record, anew);
        state = taken.state;
        outcomes.set(taken.outcome, (outcomes.get(taken.outcome) ?? 0) + 1);
        const { verdict, manifest } = taken;
        if (verdict === undefined || state === undefined || manifest === undefined) continue;
        commit = record.offset + 1;
        verdicts.push({ key: state.modelSha256, ...ports.encodeVerdict(verdictRecord(verdict, state)) });
        if (verdict.request)
          requests.push({
            key: manifest.version,
            ...ports.encodeRequest(requestRecord(verdict, state, manifest, ports.rule)),
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
  anew: string | null,
): Promise<Taken> {
  const again = markedAgain(record);
  if (again !== undefined) {
    const counted = withoutPartition(state?.counted ?? {}, again);
    return { state: state && { ...state, counted }, outcome: 'scored again' };
  }
  let counts: DriftCounts;
  let manifest: Manifest;
  try {
    counts = whole(await ports.decodeCounts(record));
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
  const before = state ?? initialState(counts.modelSha256, counts.activation, anew);
  const { refusedAt } = ports;
  const stream = streamOf(record, counts.sourceTopic);
  const step = takeCounts(before, counts, record.offset, manifest.profile, ports.rule, { stream, refusedAt });
  const { overlap, late, verdict } = step;
  if (overlap !== undefined && !ports.mayOverlap) throw overlapError(record.offset, counts, overlap);
  const outcome = late ? 'late' : overlap === undefined ? 'counted' : 'overlapping';
  return { state: step.state, outcome, verdict, manifest };
}

/** With what scorers of earlier releases did not write. */
const whole = (counts: DriftCounts): DriftCounts => ({
  ...counts,
  customers: (counts as Partial<DriftCounts>).customers ?? [],
});

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

/** The state as the last verdict left it; or why the monitor begins anew. */
async function resume(ports: MonitorPorts, offset: number): Promise<MonitorState | string> {
  // A verdict is committed with the offset behind it. Where the group was set to another place on purpose, none fits.
  const last = await ports.findVerdict(({ lastCountsOffset }) => lastCountsOffset + 1 === offset);
  if (last === undefined) return `no verdict ends before offset ${String(offset)}`;
  const state = readState(last);
  try {
    const { profile } = await ports.manifestOf(last.activation, last.modelSha256);
    if (state !== undefined && fitsProfile(state, profile)) return state;
    ports.onSkipped(undefined, new BankChurnError('RECORD_INVALID', 'the state of the last verdict is none'));
    return 'the state of the last verdict cannot be read';
  } catch (error) {
    if (!isPoisonError(error)) throw error;
    ports.onSkipped(undefined, error);
    return `the model of the last verdict is not known: ${error.code}`;
  }
}
