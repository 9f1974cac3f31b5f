/** A verdict for people: its tests, what moved, and what that does to the scores. */
import { SCORE_SERIES } from '../drift/counts.ts';
import { rankShifts, type FeatureShift } from '../drift/explain.ts';
import type { DriftVerdict, SeriesVerdict } from '../schemas/generated.ts';

const WIDTH = 18;
/** Features whose shift is shown. */
const SHIFTS_SHOWN = 5;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
const pText = (p: number): string => (p < 1e-4 ? p.toExponential(0) : p.toFixed(4));

/** The series of a verdict with its tests; a verdict of an older release has PSI alone. */
export function seriesLines({ psi, series }: DriftVerdict, threshold: number): string[] {
  const tests = new Map(series.map((test) => [test.name, test]));
  const mark = (value: number): string => (value >= threshold ? `  at or above ${String(threshold)}` : '');
  const line = ({ name, psi: value }: DriftVerdict['psi'][number]): string =>
    [name.padEnd(WIDTH), value.toFixed(4).padStart(8), ...testCells(tests.get(name))].join('') + mark(value);
  const head = ['series'.padEnd(WIDTH), 'PSI'.padStart(8), ...HEAD].join('');
  const lines = [...psi].sort((a, b) => b.psi - a.psi).map(line);
  return series.length === 0 ? lines : [head, ...lines];
}

const CELLS = [10, 8, 14, 10, 8];
const HEAD = ['effect', 'p', 'request PSI', 'effect', 'p'].map((title, i) => title.padStart(CELLS[i]!));

function testCells(test: SeriesVerdict | undefined): string[] {
  if (test === undefined) return [];
  const { effect, pValue, requestPsi, requestEffect, requestPValue, drifted, requestDrifted } = test;
  const cells = [effect.toFixed(4), pText(pValue), requestPsi.toFixed(4), requestEffect.toFixed(4), pText(requestPValue)]; // prettier-ignore
  const words = [
    ...(drifted ? ['drifted'] : []),
    ...(requestDrifted ? ['drifted over the request window'] : []),
  ];
  return [
    ...cells.map((cell, i) => cell.padStart(CELLS[i]!)),
    words.length === 0 ? '' : `  ${words.join(', ')}`,
  ];
}

/** The bins that moved, by series. */
export const moveLines = ({ moves }: DriftVerdict): string[] =>
  moves.map(
    ({ series, bin, expected, found }) =>
      `${series.padEnd(WIDTH)} ${bin}: ${percent(expected)} of the profile, ${percent(found)} of the window`,
  );

/** Features by how far they moved the mean margin, those that drifted first. */
export interface Shifts {
  /** Of the mean margin, log-odds. */
  readonly margin: number;
  readonly residual: number;
  /** Events without drift that it is measured from; 0: the base margin of the model. */
  readonly referenceEvents: number;
  readonly features: readonly FeatureShift[];
}

/** What moved the mean margin; undefined: the verdict of an older release does not say it. */
export function shiftsOf({ series, shiftResidual, referenceEvents }: DriftVerdict): Shifts | undefined {
  const score = series.find(({ name }) => name === SCORE_SERIES);
  if (score === undefined) return undefined;
  const features = series
    .filter((one) => one !== score)
    .map((one) => ({ name: one.name, shift: one.shift, drifted: one.drifted || one.requestDrifted }));
  return { margin: score.shift, residual: shiftResidual, referenceEvents, features: rankShifts(features) };
}

export function shiftLines(verdict: DriftVerdict): string[] {
  const shifts = shiftsOf(verdict);
  if (shifts === undefined) return [];
  const { margin, referenceEvents, features } = shifts;
  const from = referenceEvents === 0 ? 'the base margin' : `${String(referenceEvents)} events without drift`;
  const shown = features.slice(0, SHIFTS_SHOWN).map(({ name, shift }) => `${name} ${signed(shift)}`);
  return [`mean margin ${signed(margin)} log-odds from ${from}: ${shown.join(', ')}`];
}

const WITHHELD = {
  window: 'the request window is not full',
  persistence: 'not often enough in a row yet',
  asked: 'this drift was asked about',
  cooldown: 'too soon after another request',
  budget: 'the requests of the week are spent',
} as const;

/** What a verdict says about a retrain request; nothing if it is of an older release. */
export function requestWords({ requestWindow }: DriftVerdict): string {
  if (requestWindow === null) return '';
  const { events, customers, isFull, requestId, withheld } = requestWindow;
  const window = `request window: ${String(events)} events${isFull ? '' : ', not full'}, effectively ${customers.toFixed(0)} customers`;
  const why =
    withheld !== null && withheld in WITHHELD ? WITHHELD[withheld as keyof typeof WITHHELD] : withheld;
  const asked = requestId === null ? '' : `; asked: ${requestId}`;
  return `. ${window}${asked}${why === null ? '' : `; no request now: ${why}`}`;
}
