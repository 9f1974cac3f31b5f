/** Labelled data of any shape: trained, or refused before with the reason. All of it is invented. */
import { describe, expect, it } from 'vitest';
import { createSession } from '../scoring/onnx.io.ts';
import { openModel } from '../scoring/model.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { assertTrainable, type Dataset } from './dataset.ts';
import { examine } from './examine.ts';
import { gateRules } from './gate.ts';
import { GYM, gymWith, input, inventGym } from './invented.fixture.ts';
import { runTraining, type TrainingOutcome } from './run.ts';
import { splitDataset } from './split.ts';

/** All that `bankchurn train` does between reading and writing. */
function train(
  dataset: Dataset,
  customer: CustomerSchema = GYM,
): TrainingOutcome & { before: readonly string[] } {
  assertTrainable(dataset, customer, 'gym.csv');
  const split = splitDataset(dataset, 42);
  const examination = examine(dataset, split, customer);
  const task = { customer, dataset, split, examination, gate: gateRules(customer, null), seed: 42 };
  return { ...runTraining(task, { parameters: { rounds: 20 } }), before: examination.warnings };
}

const opens = async ({ release }: TrainingOutcome): Promise<void> =>
  (await openModel(release, createSession)).close();

describe('any customer schema', () => {
  const outcome = train(inventGym(3000));

  it('trains a model of the schema’s inputs that can be served, and passes the default gate', async () => {
    const { manifest } = outcome.release;
    expect(manifest.features).toEqual([
      { name: 'visits', kind: 'numeric' },
      { name: 'fee', kind: 'numeric' },
      { name: 'sauna', kind: 'numeric' },
      { name: 'club', kind: 'categorical', categories: ['North', 'South', 'West'] },
      { name: 'months', kind: 'numeric' },
    ]);
    expect(manifest.version).toMatch(/^gym-/);
    expect(outcome.verdict).toEqual({
      passed: true,
      reason: expect.stringMatching(
        /^ROC AUC 0\.[89]\d+ \(at least 0\.55.*; log loss 0\.\d+ \(at most 0\./,
      ) as string,
    });
    expect([outcome.before, outcome.warnings]).toEqual([[], []]);
    await opens(outcome);
  });

  it('leaves out a retired input', () => {
    const inputs = GYM.inputs.map((one) => (one.name === 'fee' ? { ...one, isRetired: true } : one));
    const { release } = train(inventGym(500), { ...GYM, inputs });
    expect(release.manifest.features.map(({ name }) => name)).toEqual(['visits', 'sauna', 'club', 'months']);
  });

  it('groups customers as the schema’s slices say: by level, by band, by flag', () => {
    const { slices } = outcome.report;
    expect(Object.keys(slices['club']!)).toEqual(['North', 'South', 'West', 'missing']);
    expect(Object.keys(slices['fee']!)).toEqual(['below 20', '20 to below 40.5', '40.5 and above']);
    expect(Object.keys(slices['sauna']!)).toEqual(['false', 'true']);
    const readme = outcome.documents.get('README.md')!;
    expect(readme).toContain('The gate: ROC AUC');
    expect(readme).not.toContain('(the gate)');
    expect(train(inventGym(500), { ...GYM, slices: [] }).documents.get('README.md')).not.toContain(
      'Groups of',
    );
  });
});

describe('few or uneven customers', () => {
  it('200 customers: trained, with the interval in a warning', async () => {
    const outcome = train(inventGym(200));
    expect(outcome.warnings.join()).toMatch(/the holdout says little: of its 4\d customers \d+ left, so the ROC AUC of 0\.\d+ may be anything from 0\.\d+ to/); // prettier-ignore
    expect(outcome.documents.get('DATA.md')).toContain('the holdout says little');
    await opens(outcome);
  });

  it.each([0.01, 0.6])('a share of %s churned: trained', async (churn) => {
    const outcome = train(inventGym(4000, { churn, signal: 2 }));
    const { tp, fp, fn, tn } = outcome.evaluation.confusion;
    expect(Math.abs((tp + fn) / (tp + fp + fn + tn) - churn)).toBeLessThan(0.02);
    expect(outcome.evaluation.roc_auc).toBeGreaterThan(0.8);
    await opens(outcome);
  });

  it('too few in the holdout to say anything: refused', () => {
    expect(() => train(inventGym(300, { churn: 0.09 }))).toThrow(
      /the holdout \(stratified-42\) has 6\d customers, \d of them left: it needs 5 who left and 5 who stayed.*Add customers/,
    );
    expect(() => train(inventGym(99))).toThrow(
      /99 customers, \d+ of them left \(Quit yes\), \d+ stayed \(no\)/,
    );
  });
});

describe('columns that teach nothing', () => {
  const odd = gymWith(input('always', 'number'), input('none', 'integer'), input('blank', 'category'), input('same', 'category')); // prettier-ignore
  const more = () => ({ always: 7, none: null, blank: null, same: 'x' });

  it('constant and all-missing ones: trained without using them, with a warning', async () => {
    const outcome = train(inventGym(1000, { more }), odd);
    expect(outcome.before).toEqual([
      'no model can use always (one value), none (always missing), blank (always missing), same (one value)',
    ]);
    const { contributions } = outcome.report;
    expect([contributions['always'], contributions['none'], contributions['same']]).toEqual([0, 0, 0]);
    expect(outcome.release.manifest.features.map(({ name }) => name)).not.toContain('blank');
    await opens(outcome);
  });

  it('nothing else: refused', () => {
    const customer = { ...odd, inputs: odd.inputs.slice(-4), slices: [] };
    expect(() => train(inventGym(500, { more }), customer)).toThrow(
      'no input has two different values in the training part of gym: there is nothing to learn from',
    );
  });

  it('10,000 levels: refused, with the inputs and what to do', () => {
    const wide = gymWith(input('locker', 'category'), input('street', 'category'));
    const levels = (row: number) => ({ locker: `l${String(row)}`, street: `s${String(row % 500)}` });
    expect(() => train(inventGym(12_500, { more: levels }), wide)).toThrow(
      /would have 105\d\d columns, allowed are 2000 .*The widest are locker \(9999 levels\), street \(500 levels\), club \(3 levels\): list the levels that matter under `levels` of the input and name the rest with `other`/,
    );
  });

  it('a model no better than noise: the gate refuses it, and says why', () => {
    const { verdict } = train(inventGym(3000, { signal: 0 }));
    expect(verdict.passed).toBe(false);
    expect(verdict.reason).toMatch(/FAILED: ROC AUC 0\.[45]\d+ \(at least 0\.55.*FAILED: log loss/);
  });
});

describe('data that mislead', () => {
  it('a perfect separator: a warning that names the input; others are not named', async () => {
    const leaky = gymWith(input('refund', 'number'), input('closed', 'category'), input('noise', 'category'));
    const outcome = train(
      inventGym(1000, {
        more: (row, churned) => ({
          refund: churned ? 10 + (row % 7) : null,
          closed: churned ? 'gone' : ['here', 'there'][row % 2]!,
          noise: `n${String(row)}`,
        }),
      }),
      leaky,
    );
    expect(outcome.before.map((warning) => warning.slice(0, 40))).toEqual([
      'refund alone tells who left (ROC AUC 1.0',
      'closed alone tells who left (ROC AUC 1.0',
    ]);
    expect(outcome.documents.get('DATA.md')).toContain('- refund alone tells who left');
    expect(outcome.evaluation.roc_auc).toBe(1);
    await opens(outcome);
  });

  it('copies of a row on both sides: counted in a warning; rows of one customer stay on one side', () => {
    const once = inventGym(1000);
    const twice = (idOf: (id: string) => string): Dataset => ({
      ...once,
      events: [
        ...once.events,
        ...once.events.map((event) => ({ ...event, customerId: idOf(event.customerId) })),
      ],
      labels: Uint8Array.from([...once.labels, ...once.labels]),
      rowNumbers: Array.from({ length: 2000 }, (_, i) => i + 1),
    });
    const copied = twice((id) => `${id}-again`);
    const [warning] = examine(copied, splitDataset(copied, 42), GYM).warnings;
    expect(warning).toMatch(
      /^3\d\d of the 40\d rows of the holdout have the same inputs as a row of the training part/,
    );
    const known = twice((id) => id);
    const split = splitDataset(known, 42);
    const held = new Set(split.holdout.map((row) => known.events[row]!.customerId));
    expect(split.train.filter((row) => held.has(known.events[row]!.customerId))).toEqual([]);
    expect(Math.abs(split.holdout.length - 400)).toBeLessThan(10);
    expect(examine(known, split, GYM).warnings).toEqual([]);
  });

  it('a given holdout that parts the rows of a customer: counted in a warning', () => {
    const dataset = inventGym(400);
    const events = dataset.events.map((event, row) => ({ ...event, customerId: `c-${String(row >> 1)}` }));
    const rows = Array.from({ length: 200 }, (_, i) => 2 * i + 1);
    const paired = { ...dataset, events };
    const { warnings } = examine(paired, splitDataset(paired, 42, { name: 'mine', rows }), GYM);
    expect(warnings[0]).toContain('200 of the 200 rows of the holdout are of customers of the training part');
  });
});
