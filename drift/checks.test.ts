/** What others may have written to our topics: each kind of nonsense is named, and what we write ourselves is not. */
import { expect, test } from 'vitest';
import type { Manifest } from '../models/manifest.ts';
import type { DriftCounts, DriftVerdict, RetrainRequested } from '../schemas/generated.ts';
import { profileNumbers } from './bins.ts';
import { countsFault, countsMisfit, fitsProfile, requestFault, verdictFault } from './checks.ts';
import { initialState, takeCounts } from './monitor.ts';
import { readState } from './state-text.ts';
import { RULE } from './rule.fixture.ts';

const age = profileNumbers('age', [...Array(1000).keys()]);
const profile: Manifest['profile'] = { rows: 1000, features: [age], score: { ...age, name: 'score' } };
const bins = (n: number): number[] => [n, ...new Array<number>(12).fill(0)];
const series = (name: string, counts = bins(100), contributionSum = 0) => ({ name, counts, contributionSum });

const COUNTS: DriftCounts = {
  modelSha256: 'm', activation: 3, sourceTopic: 't', sourcePartition: 0, firstOffset: 0, lastOffset: 99, maxTimestamp: 1,
  events: 100, series: [series('age'), series('score')], customers: [],
}; // prettier-ignore

test('the counts of a scorer are fine', () => {
  expect([countsFault(COUNTS), countsMisfit(COUNTS, profile)]).toEqual([undefined, undefined]);
  expect(countsFault({ ...COUNTS, activation: -1, firstOffset: 99, lastOffset: 300 })).toBeUndefined();
  expect(countsFault({ ...COUNTS, customers: sketch(100) })).toBeUndefined();
});

const sketch = (events: number): number[] => [...new Array<number>(255).fill(0), events];
const ODD_COUNTS: [string, Partial<DriftCounts>, string][] = [
  ['an activation below -1', { activation: -2 }, 'activation'],
  ['half an activation', { activation: 1.5 }, 'activation'],
  ['a model of 1 MB', { modelSha256: 'm'.repeat(1_000_000) }, 'modelSha256'],
  ['no topic', { sourceTopic: '' }, 'sourceTopic'],
  ['a negative partition', { sourcePartition: -1 }, 'sourcePartition'],
  ['partition 1e9', { sourcePartition: 1e9 }, 'sourcePartition'],
  ['a range backwards', { firstOffset: 100 }, 'firstOffset'],
  ['a negative offset', { firstOffset: -1 }, 'firstOffset'],
  ['an offset that is no number', { lastOffset: NaN }, 'firstOffset'],
  ['an offset beyond all', { lastOffset: 1e300 }, 'lastOffset'],
  ['more events than offsets', { lastOffset: 98 }, 'events'],
  ['no events', { events: 0 }, 'events'],
  ['1e15 events', { events: 1e15, lastOffset: 1e15 }, 'events'],
  ['counters of one event too few', { customers: sketch(99) }, 'customers'],
  ['a counter too many', { customers: [...sketch(100), 0] }, 'customers'],
  ['a negative counter', { customers: [-1, ...sketch(101).slice(1)] }, 'customers'],
  ['a time before 1970', { maxTimestamp: -1 }, 'maxTimestamp'],
  ['a time after the last date', { maxTimestamp: 9e15 }, 'maxTimestamp'],
];
test.each(ODD_COUNTS)('counts: %s', (_, odd, fault) => {
  expect(countsFault({ ...COUNTS, ...odd })).toBe(fault);
});

const MISFITS: [string, DriftCounts['series'], string][] = [
  ['no series', [], '0 series'],
  ['a series too many', [series('age'), series('age'), series('score')], '3 series'],
  ['another series', [series('rage'), series('score')], 'series rage'],
  ['another order', [series('score'), series('age')], 'series score'],
  ['a bin too few', [series('age', [100]), series('score')], 'age: 1 bins'],
  ['a bin too many', [series('age'), series('score', [...bins(100), 0])], 'score: 14 bins'],
  ['a negative count', [series('age', [101, -1, ...bins(0).slice(2)]), series('score')], 'age: a count'],
  ['half a count', [series('age', [99.5, 0.5, ...bins(0).slice(2)]), series('score')], 'age: a count'],
  ['no number', [series('age', bins(NaN)), series('score')], 'age: a count'],
  ['another sum', [series('age'), series('score', bins(99))], 'score: the sum of its counts'],
  ['an infinite contribution', [series('age', bins(100), Infinity), series('score')], 'age: contributionSum'],
];
test.each(MISFITS)('counts: %s', (_, odd, fault) => {
  expect(countsMisfit({ ...COUNTS, series: odd }, profile)).toBe(fault);
});

const rule = { ...RULE, paneEvents: 100, minEvents: 1000 };
const { state } = takeCounts(initialState('m', 3), COUNTS, 0, profile, rule);
const VERDICT: DriftVerdict = {
  modelSha256: 'm', activation: 3, firstCountsOffset: 0, lastCountsOffset: 0, events: 100, drifted: false,
  psi: [{ name: 'age', psi: 0.1 }], state: JSON.stringify({ ...state, open: undefined }), customers: 0, alert: false,
  startedAnew: null, series: [], moves: [], shiftResidual: 0, referenceEvents: 0, requestWindow: null,
}; // prettier-ignore
const withState = (more: object): DriftVerdict => ({
  ...VERDICT,
  state: JSON.stringify({ ...state, ...more }),
});
const pane = state.panes[0]!;

test('the monitor’s own verdict is fine, and its state is read back; one of an older release too', () => {
  expect(verdictFault(VERDICT)).toBeUndefined();
  expect(readState(VERDICT)).toEqual(state);
  expect(fitsProfile(state, profile)).toBe(true);
  const older = withState({ counted: undefined, driftSince: undefined });
  expect(readState(older)).toEqual({ ...state, counted: {} });
});

const ODD_VERDICTS: [string, Partial<DriftVerdict>, string][] = [
  ['an activation below -1', { activation: -2 }, 'activation'],
  ['a range backwards', { firstCountsOffset: 1 }, 'firstCountsOffset'],
  ['no events', { events: 0 }, 'events'],
  ['no series', { psi: [] }, 'psi'],
  ['a PSI below 0', { psi: [{ name: 'age', psi: -1 }] }, 'psi'],
  ['a PSI that is no number', { psi: [{ name: 'age', psi: NaN }] }, 'psi'],
];
test.each(ODD_VERDICTS)('a verdict: %s', (_, odd, fault) => {
  expect(verdictFault({ ...VERDICT, ...odd })).toBe(fault);
});

const ODD_STATES: [string, DriftVerdict][] = [
  ['no JSON', { ...VERDICT, state: '{' }],
  ['null', { ...VERDICT, state: 'null' }],
  ['a number', { ...VERDICT, state: '7' }],
  ['nothing', { ...VERDICT, state: '{}' }],
  ['of another model', withState({ modelSha256: 'n' })],
  ['of another activation', withState({ activation: 1e15 })],
  ['panes that are none', withState({ panes: [null] })],
  ['a pane without counts', withState({ panes: [{ ...pane, counts: null }] })],
  ['a pane of texts', withState({ panes: [{ ...pane, counts: [['a']] }] })],
  ['a pane with negative counts', withState({ panes: [{ ...pane, counts: [[-1]] }] })],
  ['more panes than a window has', withState({ panes: new Array(1001).fill(pane) })],
  ['half a streak', withState({ streak: 0.5 })],
  ['half a streak of requests', withState({ requestStreak: 0.5 })],
  ['an episode that is a number', withState({ episode: 7 })],
  ['requests that are none', withState({ requests: ['x'] })],
  ['a million requests', withState({ requests: new Array(1001).fill(1) })],
  ['a cooldown below 0', withState({ sinceRequest: -1 })],
  ['blocks that are none', withState({ blocks: [null] })],
  ['a block that is none', withState({ block: 7 })],
  ['a pane with too few counters', withState({ panes: [{ ...pane, customers: [1] }] })],
  ['a pane with endless contributions', withState({ panes: [{ ...pane, contributions: ['x'] }] })],
  ['a reference that is none', withState({ reference: { events: 1, contributions: 7 } })],
  ['drift since ever', withState({ driftSince: 'ever' })],
  ['ranges that are none', withState({ counted: { t: { 0: 'x' } } })],
  ['ranges of nothing', withState({ counted: { t: null } })],
];
test.each(ODD_STATES)('a state: %s', (_, odd) => {
  expect(readState(odd)).toBeUndefined();
});

test('a state with other bins than the profile does not fit it; a longer window is cut at the next pane', () => {
  const unlike = { ...state, panes: [{ ...pane, counts: [bins(100), [100]] }] };
  expect(fitsProfile(unlike, profile)).toBe(false);
  expect(fitsProfile({ ...state, panes: [{ ...pane, counts: [bins(100)] }] }, profile)).toBe(false);
  const unlikeBlock = { ...state, block: { ...pane, counts: [bins(100)] } };
  const unlikeSums = { ...state, reference: { events: 1, contributions: [1] } };
  expect([fitsProfile(unlikeBlock, profile), fitsProfile(unlikeSums, profile)]).toEqual([false, false]);
  const long = { ...state, panes: new Array<typeof pane>(9).fill(pane) };
  const next = { ...COUNTS, firstOffset: 100, lastOffset: 199 };
  expect(takeCounts(long, next, 1, profile, rule).state.panes).toHaveLength(4);
});

const REQUEST: RetrainRequested = {
  requestId: 'r', modelVersion: 'v', modelSha256: 'm', activation: 3, countsOffset: 10, requestedAt: 1000, reason: 'PSI',
  scorePsi: 0.3, maxFeaturePsi: 0.5, events: 4000, driftSince: 900, customers: 0, spanMs: 0, byPsi: false, threshold: 0,
  significance: 0, minEffect: 0, series: [],
}; // prettier-ignore
const ODD_REQUESTS: [string, Partial<RetrainRequested>, string | undefined][] = [
  ['fine', {}, undefined],
  ['fine without a beginning', { driftSince: null }, undefined],
  ['no id', { requestId: '' }, 'requestId'],
  ['a PSI without end', { maxFeaturePsi: Infinity }, 'maxFeaturePsi'],
  ['a time that is no number', { requestedAt: NaN }, 'requestedAt'],
  ['since 9e15', { driftSince: 9e15 }, 'driftSince'],
  ['since after the request', { driftSince: 1001 }, 'driftSince'],
  ['a negative offset', { countsOffset: -1 }, 'countsOffset'],
];
test.each(ODD_REQUESTS)('a request: %s', (_, odd, fault) => {
  expect(requestFault({ ...REQUEST, ...odd })).toBe(fault);
});
