import { expect, test } from 'vitest';
import { UNTESTED } from '../drift/verdict-records.ts';
import type { DriftVerdict } from '../schemas/generated.ts';
import { asJson, conclusion } from './drift.ts';

const verdict = (activation: number): DriftVerdict => ({
  ...{ modelSha256: 'f00d'.repeat(16), activation, firstCountsOffset: 0, lastCountsOffset: 9, events: 4000 },
  ...{ drifted: true, psi: [{ name: 'age', psi: 0.3 }], state: '{}', ...UNTESTED },
});
const active = {
  version: 'churn-beef',
  modelSha256: 'beef',
  activation: 7,
  since: '2026-11-24T10:00:00.000Z',
};
const words = (about: DriftVerdict | undefined, served: typeof active | undefined): string =>
  conclusion({ verdict: about, active: served }, 'drift-verdicts', 500);

test('a verdict about the model in service', () => {
  expect(words(verdict(7), active)).toBe('drifted: 4000 events against model f00df00d');
  expect(asJson({ verdict: verdict(7), active })).toMatchObject({ drifted: true, active, current: true });
});

test('after a swap: the verdict there is accuses another model, and says so', () => {
  expect(words(verdict(3), active)).toMatch(
    /^no verdict yet about churn-beef \(active since 2026-11-24T10:00:00\.000Z\): one is taken every 500 events\. The last one was about model f00df00d \(activation 3\)$/,
  );
  expect(asJson({ verdict: verdict(3), active })).toMatchObject({ activation: 3, active, current: false });
});

test('no verdict; no model log', () => {
  expect(words(undefined, undefined)).toBe('no verdict yet on drift-verdicts: one is taken every 500 events');
  expect(words(undefined, active)).toMatch(/^no verdict yet about churn-beef \(active since /);
  expect(asJson({ verdict: undefined, active: undefined })).toEqual({ active: null, current: false });
  expect(words(verdict(-1), undefined)).toContain('drifted: 4000 events');
});
