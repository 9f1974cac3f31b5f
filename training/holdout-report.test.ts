import { describe, expect, it } from 'vitest';
import { createSimulator } from '../producers/simulator.ts';
import { BANK } from '../schemas/customer/bank.fixture.ts';
import { reportHoldout, type ScoredHoldout } from './holdout-report.ts';

const next = createSimulator({ seed: 2, startMs: 0, stepMs: 1, idPrefix: '' });
const customers = Array.from({ length: 1500 }, next);
const events = customers.map(({ event }) => event);
events[0] = { ...events[0]!, geography: null, age: null };
const labels = Uint8Array.from(customers, ({ churned }) => Number(churned));
/** Finds who left among women always, among men never; the threshold is passed by certain scores only. */
const scores = Float64Array.from(events, ({ gender }, row) =>
  labels[row] === 1 && gender === 'Female' ? 1 : 0,
);
const holdout: ScoredHoldout = { events, labels, scores, contributions: { tenure: 0.1, age: 0.7 } };

describe('reportHoldout', () => {
  const report = reportHoldout(holdout, BANK, 0.5, 1);

  it('parts all customers by geography, gender and age, and tells the gap in recall', () => {
    for (const groups of Object.values(report.slices)) {
      const slices = Object.values(groups);
      expect(slices.reduce((sum, { rows }) => sum + rows, 0)).toBe(1500);
      expect(slices.reduce((sum, { churned }) => sum + churned, 0)).toBe(labels.reduce((a, b) => a + b));
    }
    expect(Object.keys(report.slices['age']!)).toEqual([
      'below 30', '30 to 39', '40 to 49', '50 to 59', '60 and above', 'missing',
    ]); // prettier-ignore
    expect(Object.keys(report.slices['geography']!)).toEqual(['France', 'Germany', 'Spain', 'missing']);
    expect(report.slices['gender']!['Female']).toMatchObject({ recall: 1, precision: 1 });
    expect(report.slices['gender']!['Male']).toMatchObject({ recall: 0, precision: null });
    expect(report.recall_gaps['gender']).toBe(1);
    expect(report.slices['age']!['40 to 49']!.rows).toBe(
      events.filter(({ age }) => age !== null && age >= 40 && age < 50).length,
    );
  });

  it('tells nothing of a group with nobody to tell it from', () => {
    const missing = report.slices['age']!['missing']!;
    expect(missing.rows).toBe(1);
    expect(missing.roc_auc).toBeNull();
    if (missing.churned === 0) expect([missing.recall, missing.recall_interval]).toEqual([null, null]);
  });

  it('is the same again, and fits into JSON', () => {
    expect(reportHoldout(holdout, BANK, 0.5, 1)).toEqual(report);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('sorts features by contribution', () => {
    expect(Object.keys(report.contributions)).toEqual(['age', 'tenure']);
  });
});
