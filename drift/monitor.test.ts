import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Manifest } from '../models/manifest.ts';
import type { DriftCounts, DriftVerdict } from '../schemas/generated.ts';
import { profileNumbers } from './bins.ts';
import { mergeCounts } from './counts.ts';
import { CUSTOMER_COUNTERS } from './customers.ts';
import { initialState, takeCounts, type Beside, type MonitorState, type Verdict } from './monitor.ts';
import { psi } from './psi.ts';
import { RULE as rule } from './rule.fixture.ts';
import { readState, stateText } from './state-text.ts';

const counts = fc.array(fc.nat(1000), { minLength: 5, maxLength: 5 });

test('PSI: 0 on itself, never negative, finite, symmetric', () => {
  fc.assert(
    fc.property(counts, counts, (a, b) => {
      expect(psi(a, a)).toBe(0);
      expect(psi(a, b)).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(psi(a, b))).toBe(true);
      expect(psi(a, b)).toBeCloseTo(psi(b, a), 12);
    }),
  );
  // By hand: shares .5/.5 against .25/.75.
  expect(psi([50, 50], [25, 75])).toBeCloseTo(0.25 * Math.log(2) + -0.25 * Math.log(0.5 / 0.75), 12);
  expect(() => psi([1], [1, 2])).toThrow('same bins');
});

const training = profileNumbers('age', [...Array(1000).keys()]);
const profile: Manifest['profile'] = {
  rows: 1000,
  features: [training],
  score: { ...training, name: 'score' },
};
const even = [...new Array<number>(10).fill(10), 0, 0, 0];
const shifted = [...new Array<number>(5).fill(0), ...new Array<number>(5).fill(20), 0, 0, 0];

function record(age: readonly number[], more: Partial<DriftCounts> = {}): DriftCounts {
  const series = [age, even].map((values, i) => ({
    name: i === 0 ? 'age' : 'score',
    counts: values,
    contributionSum: 0,
  }));
  return {
    modelSha256: 'm', activation: 3, sourceTopic: 't', sourcePartition: 0, firstOffset: 0, lastOffset: 99, maxTimestamp: 1,
    events: age.reduce((a, b) => a + b, 0), series, customers: [], ...more,
  }; // prettier-ignore
}

function run(
  records: readonly DriftCounts[],
  from = initialState('m', 3),
  beside: Beside = {},
  by = rule,
): { state: MonitorState; verdicts: Verdict[]; late: number } {
  let state = from;
  let late = 0;
  const verdicts: Verdict[] = [];
  records.forEach((counts_, offset) => {
    const step = takeCounts(state, counts_, offset, profile, by, beside);
    state = step.state;
    if (step.late) late += 1;
    if (step.verdict !== undefined) verdicts.push(step.verdict);
  });
  return { state, verdicts, late };
}
const times = (n: number, counts_: readonly number[], more: Partial<DriftCounts> = {}): DriftCounts[] =>
  Array.from({ length: n }, () => record(counts_, more));

test('no drift: verdicts, no request', () => {
  const { verdicts } = run(times(100, even));
  expect(verdicts).toHaveLength(20);
  expect(verdicts.some(({ drifted, request }) => drifted || request)).toBe(false);
});

test('drift: one request, when it has persisted and not before there is evidence', () => {
  const { verdicts } = run(times(100, shifted));
  expect(verdicts.map(({ drifted }) => drifted).slice(0, 5)).toEqual([false, false, false, true, true]);
  expect(verdicts.map(({ request }) => request).indexOf(true)).toBe(5);
  expect(verdicts.filter(({ request }) => request)).toHaveLength(1);
  expect(verdicts[5]).toMatchObject({ events: 2000, firstOffset: 10, lastOffset: 29 });
});

test('a short disturbance is no drift', () => {
  const { verdicts } = run([...times(40, even), ...times(5, shifted), ...times(60, even)]);
  expect(verdicts.some(({ request }) => request)).toBe(false);
});

test('a drift that comes and goes has lasted since it first came; one that has gone has not', () => {
  const slow = { ...rule, requestEvents: 6000 };
  const at = (from: number, n: number, of: readonly number[]): DriftCounts[] =>
    Array.from({ length: n }, (_, i) => record(of, { maxTimestamp: from + i }));
  const on = [...at(0, 100, even), ...at(100, 40, shifted)];
  const flapping = [...on, ...at(140, 40, even), ...at(180, 40, shifted)];
  const first = run(on, undefined, {}, slow).state.driftSince;
  expect(first).toBeGreaterThanOrEqual(100);
  expect(run(flapping, undefined, {}, slow).state).toMatchObject({ driftSince: first });
  expect(run([...on, ...at(140, 140, even)], undefined, {}, slow).state.driftSince).toBeNull();
});

test('a newer activation begins anew and may ask again; an older one is late', () => {
  const first = run(times(100, shifted));
  const second = run(
    [...times(3, shifted, { activation: 2 }), ...times(40, shifted, { activation: 4, modelSha256: 'n' })],
    first.state,
  );
  expect(second.late).toBe(3);
  expect(second.state).toMatchObject({ modelSha256: 'n', activation: 4, requested: true });
  expect(second.verdicts.filter(({ request }) => request)).toHaveLength(1);
});

test('a restart from the state of the last verdict gives the same verdicts', () => {
  const records = [...times(33, even), ...times(60, shifted)];
  const { verdicts } = run(records);
  let state = initialState('m', 3);
  let resume = 0;
  const again: Verdict[] = [];
  for (let offset = 0; offset < records.length; offset++) {
    const step = takeCounts(state, records[offset]!, offset, profile, rule);
    state = step.state;
    if (step.verdict === undefined) continue;
    again.push(step.verdict);
    resume = offset + 1;
    state = JSON.parse(JSON.stringify({ ...state, open: undefined })) as MonitorState; // killed, and read back
    offset = resume - 1;
  }
  expect(again).toEqual(verdicts);
});

test('counts merge by addition', () => {
  fc.assert(
    fc.property(counts, counts, (a, b) => {
      expect(mergeCounts(a, b)).toEqual(a.map((n, i) => n + b[i]!));
    }),
  );
  expect(() => mergeCounts([1], [1, 2])).toThrow('do not merge');
});

test('a state of the release before goes on: its panes count each event as a customer, its request is known by its old name', () => {
  const { state } = run(times(100, shifted));
  const { modelSha256, activation, panes, streak, driftSince, counted } = state;
  const older = panes.map((pane) => ({ ...pane, customers: undefined, contributions: undefined }));
  const text = JSON.stringify({
    modelSha256,
    activation,
    panes: older,
    streak,
    driftSince,
    requested: true,
    counted,
  });
  const verdict = { modelSha256, activation, state: text } as DriftVerdict;
  const read = readState(verdict)!;
  expect(read).toMatchObject({ episode: 'm/3', blocks: [], block: null, requests: [], reference: null });
  const { verdicts } = run(times(60, shifted), read);
  expect(verdicts[0]).toMatchObject({ alert: true, isFull: false, events: 2000 });
  expect(verdicts.some(({ request }) => request)).toBe(false);
  const refused = { refusedAt: (id: string) => (id === 'm/3' ? -10_000 : undefined) };
  const again = run(times(60, shifted), read, refused);
  expect(again.verdicts.filter(({ request }) => request)).toHaveLength(1);
  // The release before reads what this one writes: the names that it knows are there.
  expect(JSON.parse(stateText(again.state))).toMatchObject({
    modelSha256,
    activation,
    streak: 29,
    requested: true,
    counted,
  });
});

test('the request window spans what it should in events and time, and moves by an eighth', () => {
  const slow = { ...rule, requestEvents: 4000, requestMs: 8000 };
  const at = (n: number): DriftCounts[] =>
    Array.from({ length: n }, (_, i) => record(even, { maxTimestamp: i * 100 }));
  const { verdicts } = run(at(200), initialState('m', 3), {}, slow);
  const first = verdicts.find(({ isFull }) => isFull)!;
  expect([first.requestTest.events >= 4000, first.spanMs >= 8000, first.spanMs < 10_000]).toEqual([
    true,
    true,
    true,
  ]);
  for (const verdict of verdicts.filter(({ isFull }) => isFull)) expect(verdict.spanMs).toBeLessThan(10_000);
});

test('one customer with a thousand events is no drift; as many customers with one each are', () => {
  const busy = new Array<number>(CUSTOMER_COUNTERS).fill(0);
  busy[7] = 100;
  const many = [...new Array<number>(100).fill(1), ...new Array<number>(CUSTOMER_COUNTERS - 100).fill(0)];
  const stream = (customers: number[]): DriftCounts[] => [
    ...times(40, even),
    ...times(10, shifted, { customers }),
  ];
  expect(run(stream(busy)).verdicts.some(({ drifted }) => drifted)).toBe(false);
  expect(run([...stream(many), ...times(10, shifted)]).verdicts.some(({ alert }) => alert)).toBe(true);
});
