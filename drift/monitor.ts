/**
 * The monitor's decisions: counts are summed in log order into panes, the alert window is the last panes, the request window the
 * last blocks of panes, and a verdict is taken when a pane closes. Pure: the same counts in the same order give the same verdicts,
 * whatever was restarted on the way.
 */
import type { Manifest } from '../models/manifest.ts';
import type { DriftCounts } from '../schemas/generated.ts';
import { explainMoves, explainShift, type BinMove, type MarginShift, type Reference } from './explain.ts';
import { mergePanes, paneOf, rounded, sumPanes, type Pane } from './pane.ts';
import { overlapOf, withRange, type Counted } from './ranges.ts';
import {
  decideRequest,
  INITIAL_POLICY,
  type Finding,
  type PolicyState,
  type Withheld,
} from './request-policy.ts';
import { fillBlocks, requestWindow, type Blocks } from './request-window.ts';
import { PSI_CUSTOMERS, type DriftRule } from './rule.ts';
import { scorePsiOf, testWindow, type WindowTest } from './window-test.ts';

/** All that the monitor knows; written with each verdict, and read back at a restart. */
export interface MonitorState extends Blocks, PolicyState {
  readonly modelSha256: string;
  readonly activation: number;
  /** Closed panes of the alert window, oldest first. */
  readonly panes: readonly Pane[];
  /** The pane that is filling; not part of what is written. */
  readonly open: Pane | undefined;
  /** Drifted verdicts in a row. */
  readonly streak: number;
  /**
   * Since when events drift: of the first drifted verdict since the request window was calm, milliseconds since 1970; null: it is
   * calm. A drift that comes and goes is one: a challenger learns from all of it.
   */
  readonly driftSince: number | null;
  /** Whether this model and activation was complained about: `episode`, for releases that know no more. */
  readonly requested: boolean;
  /** The input that this model and activation has counted, the pane that is filling included. */
  readonly counted: Counted;
  /** Contributions of the panes that have left the alert window without drift. */
  readonly reference: Reference | null;
  /** Why there was no state to go on from, until the first verdict has said so. */
  readonly startedAnew: string | null;
}

export interface Verdict {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly events: number;
  readonly maxTimestamp: number;
  /** Of the alert window. */
  readonly psi: readonly { readonly name: string; readonly psi: number }[];
  /** Whether this verdict says drift: the alert window by its test, or the score's PSI over the request window. */
  readonly drifted: boolean;
  /** Drift that counts: often enough in a row, or by the PSI. */
  readonly alert: boolean;
  /** Whether a new model is asked for. */
  readonly request: boolean;
  readonly requestId: string;
  /** Why a drift of the request window leads to no request. */
  readonly withheld: Withheld | null;
  readonly alertTest: WindowTest;
  readonly requestTest: WindowTest;
  /** Whether the request window spans what it should, and how long it is. */
  readonly isFull: boolean;
  readonly spanMs: number;
  readonly byPsi: boolean;
  readonly moves: readonly BinMove[];
  readonly shift: MarginShift;
  readonly startedAnew: string | null;
}

export function initialState(
  modelSha256: string,
  activation: number,
  startedAnew: string | null = null,
): MonitorState {
  return {
    ...{ modelSha256, activation, panes: [], open: undefined, blocks: [], block: null, ...INITIAL_POLICY },
    ...{ streak: 0, driftSince: null, requested: false, counted: {}, reference: null, startedAnew },
  };
}

/** A newer activation begins anew; when requests were made outlives it. */
function nextActivation(
  { requests, sinceRequest, startedAnew }: MonitorState,
  { modelSha256, activation }: DriftCounts,
): MonitorState {
  return { ...initialState(modelSha256, activation, startedAnew), requests, sinceRequest };
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

/** What is known beside the counts. */
export interface Beside {
  /** Whose offsets the record's range is of; else the record's topic. */
  readonly stream?: string;
  /** See `Finding`; else no request was refused. */
  readonly refusedAt?: Finding['refusedAt'];
}

/**
 * Takes one record of counts. A newer activation, or another model under the same one, begins a new window.
 *
 * @param offset of the record in `drift-counts`.
 */
export function takeCounts(
  state: MonitorState,
  counts: DriftCounts,
  offset: number,
  profile: Manifest['profile'],
  rule: DriftRule,
  { stream = counts.sourceTopic, refusedAt = () => undefined }: Beside = {},
): Step {
  if (counts.activation < state.activation) return { state, verdict: undefined, late: true };
  const isSame = counts.activation === state.activation && counts.modelSha256 === state.modelSha256;
  const former = isSame ? state : nextActivation(state, counts);
  const range = { stream, partition: counts.sourcePartition, ...counts };
  const overlap = overlapOf(former.counted, range);
  const current = { ...former, counted: withRange(former.counted, range) };
  const added = paneOf(counts, offset);
  const open = current.open === undefined ? added : mergePanes(current.open, added);
  if (open.events < rule.paneEvents)
    return { state: { ...current, open }, verdict: undefined, late: false, overlap };
  return { ...closePane({ ...current, open: undefined }, rounded(open), profile, rule, refusedAt), late: false, overlap }; // prettier-ignore
}

/** The newest panes, each of which must show the drift of the window. */
const NEWEST = 2;

function closePane(
  state: MonitorState,
  pane: Pane,
  profile: Manifest['profile'],
  rule: DriftRule,
  refusedAt: Finding['refusedAt'],
): Pick<Step, 'state' | 'verdict'> {
  const all = [...state.panes, pane];
  const panes = all.slice(-rule.windowPanes);
  const window = sumPanes(panes);
  const alertTest = testWindow(window, panes.slice(-NEWEST), profile, rule);
  const blocks = fillBlocks(state, pane, rule);
  const { pane: cycle, isFull } = requestWindow(blocks, rule);
  const requestTest = testWindow(cycle, panes.slice(-NEWEST), profile, rule);
  const byPsi = requestTest.customers >= PSI_CUSTOMERS * rule.minCustomers && scorePsiOf(requestTest) > rule.threshold; // prettier-ignore
  const drifted = (window.events >= rule.minEvents && alertTest.drifted) || byPsi;
  const streak = drifted ? state.streak + 1 : 0;
  const requestId = `${state.modelSha256.slice(0, 16)}/${String(state.activation)}/${String(pane.lastOffset)}`;
  const timeMs = Math.max(window.maxTimestamp, cycle.maxTimestamp);
  const finding = { test: requestTest, isFull, byPsi, events: pane.events, timeMs, requestId, refusedAt };
  const { request, withheld, ...policy } = decideRequest(state, finding, rule);
  const isDrift = streak > 0 || policy.requestStreak > 0;
  const isGone = !isDrift && policy.calm >= rule.persistence;
  const driftSince = isGone ? null : (state.driftSince ?? (isDrift ? pane.minTimestamp : null));
  const reference =
    driftSince === null ? addReference(state.reference, all.slice(0, -rule.windowPanes)) : state.reference;
  const next = { ...state, ...blocks, ...policy, panes, streak, driftSince, reference, requested: policy.episode !== null, startedAnew: null }; // prettier-ignore
  const verdict: Verdict = {
    ...{ firstOffset: panes[0]!.firstOffset, lastOffset: pane.lastOffset, events: window.events },
    ...{ maxTimestamp: timeMs, psi: alertTest.series.map(({ name, psi }) => ({ name, psi })), drifted },
    ...{ alert: streak >= rule.persistence || byPsi, request, requestId, withheld, alertTest, requestTest },
    ...{ isFull, spanMs: cycle.maxTimestamp - cycle.minTimestamp, byPsi },
    moves: alertTest.drifted ? explainMoves(window, alertTest, profile) : explainMoves(cycle, requestTest, profile), // prettier-ignore
    shift: explainShift(window, reference, profile),
    startedAnew: state.startedAnew,
  };
  return { state: next, verdict };
}

/** Adds panes that have left the window. */
const addReference = (reference: Reference | null, panes: readonly Pane[]): Reference | null =>
  panes.reduce<Reference | null>(
    (sum, { events, contributions }) => ({
      events: (sum?.events ?? 0) + events,
      contributions: contributions.map((value, i) => value + (sum?.contributions[i] ?? 0)),
    }),
    reference,
  );
