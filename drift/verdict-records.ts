/** Verdicts and retrain requests as they are written. */
import { SCORE_SERIES } from './counts.ts';
import type { MonitorState, Verdict } from './monitor.ts';
import type { DriftRule } from './rule.ts';
import { stateText } from './state-text.ts';
import { SERIES_WRITTEN } from './window-size.ts';
import { scorePsiOf, type SeriesTest } from './window-test.ts';
import type { Manifest } from '../models/manifest.ts';
import type { DriftVerdict, RetrainRequested, SeriesVerdict } from '../schemas/generated.ts';

/** What a verdict of the release before lacks. */
export const UNTESTED = {
  ...{ customers: 0, alert: false, startedAnew: null, series: [], moves: [] },
  ...{ shiftResidual: 0, referenceEvents: 0, requestWindow: null },
} satisfies Partial<DriftVerdict>;

/** The record of a verdict. `state`: as the verdict left it. */
export function verdictRecord(verdict: Verdict, state: MonitorState): DriftVerdict {
  const { alertTest, requestTest, shift } = verdict;
  return {
    modelSha256: state.modelSha256,
    activation: state.activation,
    firstCountsOffset: verdict.firstOffset,
    lastCountsOffset: verdict.lastOffset,
    events: verdict.events,
    drifted: verdict.drifted,
    psi: verdict.psi,
    state: stateText(state),
    customers: alertTest.customers,
    alert: verdict.alert,
    startedAnew: verdict.startedAnew,
    series: written(verdict).map((i) => ({
      ...testOf(alertTest.series[i]!, requestTest.series[i]!),
      shift: shiftOf(verdict, i),
    })),
    moves: verdict.moves,
    shiftResidual: shift.residual,
    referenceEvents: shift.referenceEvents,
    requestWindow: {
      ...{ events: requestTest.events, customers: requestTest.customers, spanMs: verdict.spanMs },
      ...{ isFull: verdict.isFull, scorePsi: scorePsiOf(requestTest), byPsi: verdict.byPsi },
      ...{ drifted: requestTest.drifted, streak: state.requestStreak, requestId: state.episode },
      ...{
        withheld: verdict.withheld,
        weekRequests: state.requests.length,
        sinceRequest: state.sinceRequest,
      },
    },
  };
}

/** Which series have their test written, in their order: of many, those with the largest effects. */
function written({ alertTest, requestTest }: Verdict): number[] {
  const effects = alertTest.series.map(({ effect }, i) => Math.max(effect, requestTest.series[i]!.effect));
  const largest = [...effects.keys()].sort((a, b) => effects[b]! - effects[a]! || a - b);
  return largest.slice(0, SERIES_WRITTEN).sort((a, b) => a - b);
}

function testOf(alert: SeriesTest, request: SeriesTest): Omit<SeriesVerdict, 'shift'> {
  const { name, chiSquare, degrees, pValue, effect, drifted } = alert;
  return {
    ...{ name, chiSquare, degrees, pValue, effect, drifted },
    requestPsi: request.psi,
    requestChiSquare: request.chiSquare,
    requestDegrees: request.degrees,
    requestPValue: request.pValue,
    requestEffect: request.effect,
    requestDrifted: request.drifted,
  };
}

const shiftOf = ({ shift }: Verdict, series: number): number => shift.features[series]?.shift ?? shift.margin;

/** The retrain request that a verdict makes. */
export function requestRecord(
  verdict: Verdict,
  state: MonitorState,
  { version }: Pick<Manifest, 'version'>,
  rule: DriftRule,
): RetrainRequested {
  const { requestTest, byPsi } = verdict;
  const features = requestTest.series.filter(({ name }) => name !== SCORE_SERIES);
  const { threshold, significance, minEffect } = rule;
  return {
    requestId: verdict.requestId,
    modelVersion: version,
    modelSha256: state.modelSha256,
    activation: state.activation,
    countsOffset: verdict.lastOffset,
    requestedAt: verdict.maxTimestamp,
    reason: reasonOf(verdict, rule),
    scorePsi: scorePsiOf(requestTest),
    maxFeaturePsi: Math.max(...features.map(({ psi }) => psi)),
    events: requestTest.events,
    driftSince: state.driftSince,
    ...{
      customers: requestTest.customers,
      spanMs: verdict.spanMs,
      byPsi,
      threshold,
      significance,
      minEffect,
    },
    series: written(verdict).map((i) => ({ ...requestTest.series[i]!, shift: shiftOf(verdict, i) })),
  };
}

/** Why a new model is asked for, in one sentence: the largest drift, and its largest move. */
function reasonOf({ requestTest, byPsi, moves }: Verdict, { threshold }: DriftRule): string {
  const { events, customers, series } = requestTest;
  const over = `over ${String(events)} events of effectively ${customers.toFixed(0)} customers`;
  const drifted = series.filter((one) => one.drifted);
  if (drifted.length === 0 && byPsi)
    return `PSI of score is ${scorePsiOf(requestTest).toFixed(3)}, above ${String(threshold)}, ${over}`;
  const largest = drifted.reduce((a, b) => (b.effect > a.effect ? b : a));
  const move = moves.find(({ series: name }) => name === largest.name);
  const moved =
    move === undefined ? '' : `, ${move.bin} from ${percent(move.expected)} to ${percent(move.found)}`;
  return `PSI of ${largest.name} is ${largest.psi.toFixed(3)} (effect ${largest.effect.toFixed(3)}, p ${largest.pValue.toExponential(0)}${moved}) ${over}`;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
