/**
 * The monitor's decisions: counts are summed in log order into panes, the window is the last panes, a verdict is taken
 * when a pane closes. Pure: the same counts in the same order give the same verdicts, whatever was restarted on the way.
 */
import type { Manifest } from '../models/manifest.ts';
import type { DriftCounts } from '../schemas/generated.ts';
import { mergeCounts, SCORE_SERIES } from './counts.ts';
import { psi } from './psi.ts';
import { overlapOf, withRange, type Counted } from './ranges.ts';

/** When drift is drift. */
export interface DriftRule {
  /** Events that close a pane. */
  readonly paneEvents: number;
  /** Panes of the window. */
  readonly windowPanes: number;
  /** Fewer events in the window are no evidence. */
  readonly minEvents: number;
  /** PSI of the score or of any feature from which a verdict is "drifted". */
  readonly threshold: number;
  /** Drifted verdicts in a row that ask for a new model. */
  readonly persistence: number;
}

/** Counts of one stretch of the log, series by series in the profile's order (score last). */
export interface Pane {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly events: number;
  /** Earliest and latest of its records' greatest event times, milliseconds since 1970: partitions are not read in step. */
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
  readonly counts: readonly (readonly number[])[];
}

/** All that the monitor knows; written with each verdict, and read back at a restart. */
export interface MonitorState {
  readonly modelSha256: string;
  readonly activation: number;
  /** Closed panes, oldest first. */
  readonly panes: readonly Pane[];
  /** The pane that is filling; not part of what is written. */
  readonly open: Pane | undefined;
  /** Drifted verdicts in a row. */
  readonly streak: number;
  /** Since when events drift, as far as the first pane of the streak tells, milliseconds since 1970; null: no streak. */
  readonly driftSince: number | null;
  /** Whether this model and activation was complained about already. */
  readonly requested: boolean;
  /** The input that this model and activation has counted, the pane that is filling included. */
  readonly counted: Counted;
}

export interface Verdict {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly events: number;
  readonly maxTimestamp: number;
  readonly psi: readonly { readonly name: string; readonly psi: number }[];
  readonly drifted: boolean;
  /** Whether a new model is asked for, for the first time for this model and activation. */
  readonly request: boolean;
}

export function initialState(modelSha256: string, activation: number): MonitorState {
  return {
    modelSha256,
    activation,
    panes: [],
    open: undefined,
    streak: 0,
    driftSince: null,
    requested: false,
    counted: {},
  };
}

/** What one record of counts leads to. */
export interface Step {
  readonly state: MonitorState;
  /** Where the pane closed. */
  readonly verdict: Verdict | undefined;
  /** The record was of an older activation: dropped. */
  readonly late: boolean;
  /** The last offset that was counted before of the record's partition, if the record begins at or before it: events count twice. */
  readonly overlap?: number | undefined;
}

/**
 * Takes one record of counts. A newer activation, or another model under the same one, begins a new window.
 *
 * @param offset of the record in `drift-counts`.
 * @param stream whose offsets the record's range is of.
 */
export function takeCounts(
  state: MonitorState,
  counts: DriftCounts,
  offset: number,
  profile: Manifest['profile'],
  rule: DriftRule,
  stream = counts.sourceTopic,
): Step {
  if (counts.activation < state.activation) return { state, verdict: undefined, late: true };
  const isSame = counts.activation === state.activation && counts.modelSha256 === state.modelSha256;
  const former = isSame ? state : initialState(counts.modelSha256, counts.activation);
  const range = { stream, partition: counts.sourcePartition, ...counts };
  const overlap = overlapOf(former.counted, range);
  const current = { ...former, counted: withRange(former.counted, range) };
  const open = addToPane(current.open, counts, offset);
  if (open.events < rule.paneEvents)
    return { state: { ...current, open }, verdict: undefined, late: false, overlap };
  const panes = [...current.panes, open].slice(-rule.windowPanes);
  const found = judge(panes, profile, rule);
  const streak = found.drifted ? current.streak + 1 : 0;
  const request = streak >= rule.persistence && !current.requested;
  const driftSince = streak === 1 ? open.minTimestamp : streak === 0 ? null : current.driftSince;
  const requested = current.requested || request;
  const next = { ...current, panes, open: undefined, streak, driftSince, requested };
  return { state: next, verdict: { ...found, request }, late: false, overlap };
}

function addToPane(pane: Pane | undefined, record: DriftCounts, offset: number): Pane {
  const counts = record.series.map((series) => series.counts);
  const { events, maxTimestamp } = record;
  if (pane === undefined) {
    const span = { minTimestamp: maxTimestamp, maxTimestamp };
    return { firstOffset: offset, lastOffset: offset, events, ...span, counts };
  }
  return {
    firstOffset: pane.firstOffset,
    lastOffset: offset,
    events: pane.events + events,
    minTimestamp: Math.min(pane.minTimestamp, maxTimestamp),
    maxTimestamp: Math.max(pane.maxTimestamp, maxTimestamp),
    counts: pane.counts.map((series, i) => mergeCounts(series, counts[i]!)),
  };
}

function judge(
  panes: readonly Pane[],
  profile: Manifest['profile'],
  rule: DriftRule,
): Omit<Verdict, 'request'> {
  const window = panes.reduce((sum, pane) => ({
    ...pane,
    counts: sum.counts.map((series, i) => mergeCounts(series, pane.counts[i]!)),
  }));
  const events = panes.reduce((sum, pane) => sum + pane.events, 0);
  const expected = [
    ...profile.features.map(({ name, counts }) => ({ name, counts })),
    { name: SCORE_SERIES, counts: profile.score.counts },
  ];
  const indices = expected.map(({ name, counts }, i) => ({ name, psi: psi(counts, window.counts[i]!) }));
  return {
    firstOffset: panes[0]!.firstOffset,
    lastOffset: window.lastOffset,
    events,
    maxTimestamp: Math.max(...panes.map((pane) => pane.maxTimestamp)),
    psi: indices,
    drifted: events >= rule.minEvents && indices.some((series) => series.psi >= rule.threshold),
  };
}
