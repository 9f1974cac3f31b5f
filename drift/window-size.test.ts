import { expect, test } from 'vitest';
import { LIMITS } from '../models/limits.ts';
import { profileNumbers } from './bins.ts';
import { initialState, takeCounts } from './monitor.ts';
import { RULE } from './rule.fixture.ts';
import { verdictRecord } from './verdict-records.ts';
import { windowFault } from './window-size.ts';

const series = (name: string) => profileNumbers(name, [...Array(1000).keys()]);
const profileOf = (features: number) => ({
  rows: 1000,
  features: Array.from({ length: features }, (_, i) => series(`feature${String(i)}`)),
  score: series('score'),
});

const DEFAULT = { ...RULE, windowPanes: 8, requestEvents: 20_000 };

test('hundreds of panes fit ten features, also with blocks of hours, and the default window 500 features', () => {
  expect(
    windowFault(profileOf(10), { ...DEFAULT, windowPanes: 400, requestMs: 86_400_000 }, 'v'),
  ).toBeUndefined();
  expect(windowFault(profileOf(500), DEFAULT, 'v')).toBeUndefined();
});

test('the longest window that is allowed fits a verdict, and no other', () => {
  const profile = profileOf(500);
  const fault = windowFault(profile, { ...DEFAULT, windowPanes: 1000 }, 'wide-1')!;
  const most = Number(/set it to (\d+) at most/.exec(fault)![1]);
  expect(fault).toContain('with the 6513 bins of model wide-1');
  const rule = { ...DEFAULT, windowPanes: most, minEvents: 1 };
  expect(windowFault(profile, rule, 'v')).toBeUndefined();
  expect(windowFault(profile, { ...rule, windowPanes: most + 1 }, 'v')).toBeDefined();

  // Counts as large as they can be: nearly all panes are closed by a record of a thousand events.
  let state = initialState('m'.repeat(64), 3);
  let bytes = 0;
  for (let i = 0; i < 40; i++) {
    const counts = profile.score.counts.map((_, bin) => 100 + bin);
    const record = {
      modelSha256: 'm'.repeat(64), activation: 3, sourceTopic: 'customer-events', sourcePartition: 0,
      firstOffset: i * 1000, lastOffset: i * 1000 + 999, maxTimestamp: 1_764_000_000_000, events: 1000,
      series: [...profile.features, profile.score].map(({ name }) => ({ name, counts, contributionSum: 123.456789 })), customers: [],
    }; // prettier-ignore
    const step = takeCounts(state, record, i, profile, rule);
    state = step.state;
    bytes = Buffer.byteLength(JSON.stringify(verdictRecord(step.verdict!, state)));
  }
  expect(state.panes).toHaveLength(most);
  expect(bytes).toBeLessThan(LIMITS.verdictBytes);
  expect(bytes).toBeGreaterThan(LIMITS.verdictBytes / 2);
});
