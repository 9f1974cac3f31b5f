import { expect, test } from 'vitest';
import { UNTESTED } from '../drift/verdict-records.ts';
import type { DriftVerdict } from '../schemas/generated.ts';
import { moveLines, requestWords, seriesLines, shiftLines, shiftsOf } from './drift-show.ts';

const test_ = (name: string, drifted: boolean, shift: number) => ({
  ...{ name, chiSquare: 90, degrees: 9, pValue: 1e-15, effect: 0.05, drifted, requestPsi: 0.02 },
  ...{
    requestChiSquare: 9,
    requestDegrees: 9,
    requestPValue: 0.43,
    requestEffect: 0,
    requestDrifted: false,
    shift,
  },
});
const older: DriftVerdict = {
  ...{ modelSha256: 'm', activation: 3, firstCountsOffset: 0, lastCountsOffset: 9, events: 4000, drifted: true },
  ...{ psi: [{ name: 'balance', psi: 0.01 }, { name: 'age', psi: 0.3 }, { name: 'score', psi: 0.02 }], state: '{}', ...UNTESTED },
}; // prettier-ignore
const verdict: DriftVerdict = {
  ...older,
  series: [test_('balance', false, -0.2), test_('age', true, 0.1), test_('score', false, -0.1)],
  moves: [{ series: 'age', bin: '44 to 47', expected: 0.1, found: 0.141 }],
  referenceEvents: 9000,
  requestWindow: {
    ...{
      events: 20_000,
      customers: 19_500.4,
      spanMs: 1,
      isFull: true,
      scorePsi: 0.02,
      byPsi: false,
      drifted: false,
    },
    ...{ streak: 0, requestId: 'm/3/9', withheld: 'asked', weekRequests: 1, sinceRequest: 500 },
  },
};

test('a verdict with its tests: the largest PSI first, what drifted, what moved', () => {
  const lines = seriesLines(verdict, 0.2);
  expect(lines[0]).toMatch(/^series +PSI +effect +p +request PSI +effect +p$/);
  expect(lines[1]).toMatch(/^age +0\.3000 +0\.0500 +1e-15 +0\.0200 +0\.0000 +0\.4300 {2}drifted {2}at or above 0\.2$/);
  expect(lines[2]).toMatch(/^score/);
  expect(moveLines(verdict)).toEqual(['age                44 to 47: 10.0 % of the profile, 14.1 % of the window']);
}); // prettier-ignore

test('what moves the scores: the feature that drifted before one that moved them further', () => {
  expect(shiftLines(verdict)).toEqual(['mean margin −0.1000 log-odds from 9000 events without drift: age +0.1000, balance −0.2000']);
  expect(shiftsOf(verdict)).toMatchObject({ margin: -0.1, residual: 0, referenceEvents: 9000 });
}); // prettier-ignore

test('the request, and why there is none now', () => {
  expect(requestWords(verdict)).toBe(
    '. request window: 20000 events, effectively 19500 customers; asked: m/3/9; no request now: this drift was asked about',
  );
});

test('a verdict of the release before: PSI alone', () => {
  expect(seriesLines(older, 0.2)).toEqual(['age                 0.3000  at or above 0.2', 'score               0.0200', 'balance             0.0100']);
  expect([moveLines(older), shiftLines(older), requestWords(older)]).toEqual([[], [], '']);
}); // prettier-ignore
