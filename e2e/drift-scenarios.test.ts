/** What the scenarios of the simulator, and changes of inputs, do to the stream, in the monitor's own measure. */
import { describe, expect, it } from 'vitest';
import { simulateEvents, type StreamDrift } from '../producers/simulate-events.io.ts';
import { createBinOf, profileCategories, profileNumbers } from '../drift/bins.ts';
import { psi } from '../drift/psi.ts';
import { drawEvents } from '../producers/draw-rows.ts';
import { driftOf, parseDrift, splitDrift } from '../producers/drift-expression.ts';
import { DRIFT_SCENARIOS, type DriftName } from '../producers/drift-scenarios.ts';
import { createDrifter } from '../producers/drift-stream.ts';
import { BANK, BANK_READER } from '../schemas/customer/bank.fixture.ts';
import { isPoison } from '../schemas/event.ts';
import type { CustomerEvent } from '../schemas/customer/schema.ts';

const draw = (drift?: StreamDrift, count = 10_000) => [...simulateEvents(count, 1, 'e-', drift)];
const calm = draw().map(({ event }) => event);
const FEATURES = [
  'creditScore', 'geography', 'gender', 'age', 'tenure',
  'balance', 'numOfProducts', 'hasCrCard', 'isActiveMember', 'estimatedSalary',
] as const; // prettier-ignore

/** PSI of each feature of some events against the calm stream. */
function indices(events: readonly CustomerEvent[]): Map<string, number> {
  return new Map(
    FEATURES.map((name) => {
      const values = calm.map((event) => event[name]);
      const profile =
        name === 'geography' || name === 'gender'
          ? profileCategories(name, [...new Set(values.map(String))], values as string[])
          : profileNumbers(
              name,
              values.map((value) => (value === null ? null : Number(value))),
            );
      const binOf = createBinOf(profile);
      const counts = new Array<number>(profile.counts.length).fill(0);
      for (const event of events) counts[binOf(event[name] ?? null)]! += 1;
      return [name, psi(profile.counts, counts)];
    }),
  );
}
const rate = (rows: readonly { churned: boolean | undefined }[]): number =>
  rows.filter(({ churned }) => churned).length / rows.length;

describe.each(Object.keys(DRIFT_SCENARIOS) as DriftName[])('%s', (name) => {
  const drifted = draw({ name, overEvents: 0 });
  const events = drifted.map(({ event }) => event);

  it('moves its feature over the threshold and no other, with events that the scorer accepts', () => {
    const alone = name === 'missing-values' ? ['creditScore'] : [];
    for (const [feature, index] of indices(events)) {
      if (feature === DRIFT_SCENARIOS[name].feature) expect([feature, index >= 0.2]).toEqual([feature, true]);
      else if (!alone.includes(feature)) expect([feature, index < 0.1]).toEqual([feature, true]);
    }
    expect(events.filter((event) => isPoison(BANK_READER.read(event)))).toEqual([]);
  });

  it('claims a truth about each customer, of the law where customers behave otherwise', () => {
    expect(drifted.every(({ churned }) => churned !== undefined)).toBe(true);
    const before = rate(draw());
    const after = rate(drifted);
    const moved = { geography: 0.02, gender: 0.004, 'less-active': 0.02, 'new-product': -0.01 } as const;
    const expected = name in moved ? moved[name as keyof typeof moved] : 0;
    if (expected === 0) expect(after).toBe(before);
    else expect((after - before) / expected).toBeGreaterThan(1);
  });
});

describe.each([
  ['age+10', ['age']],
  ['age-3', ['age']],
  ['balance*1.5', ['balance']],
  ['tenure=missing:30%', ['tenure']],
  ['geography=Germany:60%', ['geography']],
  ['geography=Atlantis', ['geography']],
  ['isActiveMember=false:80%;numOfProducts=5:30%', ['isActiveMember', 'numOfProducts']],
  ['creditScore+400;estimatedSalary*0', ['creditScore', 'estimatedSalary']],
] as const)('%s', (text, features) => {
  const drifted = createDrifter(driftOf(parseDrift(splitDrift([text]), BANK)), 0, 1);
  const rows = [...drawEvents(draw(), 10_000, 1, 'r-', Date.now(), 1)];
  const changed = rows.map(drifted);
  const events = changed.map(({ event }) => event);

  it('moves its features over the threshold and no other, on rows drawn from others, which the scorer accepts', () => {
    for (const [feature, index] of indices(events))
      if ((features as readonly string[]).includes(feature))
        expect([feature, index >= (text === 'age-3' ? 0.1 : 0.2)]).toEqual([feature, true]);
      else expect([feature, index < 0.1]).toEqual([feature, true]);
    expect(events.filter((event) => isPoison(BANK_READER.read(event)))).toEqual([]);
  });

  it('leaves outcomes as they were', () => {
    expect(changed.map(({ churned }) => churned)).toEqual(rows.map(({ churned }) => churned));
  });
});

it('comes gradually if asked to: the share of the drifted grows with the stream', () => {
  const events = draw({ name: 'unseen-country', overEvents: 10_000 }).map(({ event }) => event);
  const share = (from: number, to: number): number =>
    events.slice(from, to).filter(({ geography }) => geography === 'Portugal').length / (to - from);
  expect(share(0, 2000)).toBeLessThan(0.06);
  expect(share(4000, 6000)).toBeGreaterThan(0.1);
  expect(share(8000, 10_000)).toBeGreaterThan(0.22);
});
