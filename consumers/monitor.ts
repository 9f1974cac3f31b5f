import {
  initialState,
  takeCounts,
  type DriftRule,
  type MonitorState,
  type Verdict,
} from '../drift/monitor.ts';
import { SCORE_SERIES } from '../drift/counts.ts';
import type { Manifest } from '../models/manifest.ts';
import type { DriftCounts, DriftVerdict, RetrainRequested } from '../schemas/generated.ts';
import type { EncodeOwn, OwnRecord } from '../schemas/own.ts';
import type { Emission, OpenRole, OutputRecord } from '../schemas/ports.ts';

export interface MonitorPorts {
  readonly rule: DriftRule;
  readonly decodeCounts: (record: OwnRecord) => Promise<DriftCounts>;
  readonly encodeVerdict: EncodeOwn<DriftVerdict>;
  readonly encodeRequest: EncodeOwn<RetrainRequested>;
  /** The newest verdict there is: its state is where a restart goes on. */
  readonly lastVerdict: () => Promise<DriftVerdict | undefined>;
  /** The manifest of an activation. Rejects with a poison code if there is none: the record is garbage. */
  readonly manifestOf: (activation: number, sha256: string) => Promise<Manifest>;
  readonly topics: { readonly driftVerdicts: string; readonly retrainEvents: string };
  /** Told of each verdict as it is taken. */
  readonly onVerdict: (verdict: Verdict) => void;
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
        const counts = await ports.decodeCounts(record);
        const manifest = await ports.manifestOf(counts.activation, counts.modelSha256);
        const step = takeCounts(
          state ?? initialState(counts.modelSha256, counts.activation),
          counts,
          record.offset,
          manifest.profile,
          ports.rule,
        );
        state = step.state;
        const outcome = step.late ? 'late' : 'counted';
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        if (step.verdict === undefined) continue;
        commit = record.offset + 1;
        const { modelSha256 } = state;
        verdicts.push({ key: modelSha256, ...ports.encodeVerdict(verdictRecord(step.verdict, state)) });
        if (step.verdict.request)
          requests.push({
            key: manifest.version,
            ...ports.encodeRequest(requestRecord(step.verdict, state, manifest)),
          });
        ports.onVerdict(step.verdict);
      }
      return { emit: emissions(ports, verdicts, requests), commit, outcomes };
    };
  };
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

/** The state as the last verdict left it; undefined before the first. */
async function resume(ports: MonitorPorts, offset: number): Promise<MonitorState | undefined> {
  const last = await ports.lastVerdict();
  if (last === undefined) return undefined;
  const written = JSON.parse(last.state) as Omit<MonitorState, 'open' | 'driftSince'> & Partial<MonitorState>;
  const state = { ...written, driftSince: written.driftSince ?? null };
  // The group was set to another place on purpose: what lies between is not in the state, so it starts anew.
  return last.lastCountsOffset + 1 === offset ? { ...state, open: undefined } : undefined;
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
