import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CustomerEvent } from '../schemas/customer/schema.ts';
import { explain, waterfall, type Explanation } from './explanation.ts';
import { loadModel } from './load-model.io.ts';
import type { Model } from './model.ts';
import { sigmoid } from './score.ts';

const EVENT: CustomerEvent = {
  eventId: 'e1',
  customerId: 'c1',
  occurredAt: 0,
  creditScore: 600,
  geography: 'Germany',
  gender: null,
  age: 52,
  tenure: 3,
  balance: 120_000,
  numOfProducts: 1,
  hasCrCard: true,
  isActiveMember: false,
  estimatedSalary: 50_000,
};
let model: Model;
beforeAll(async () => {
  model = await loadModel('models/champion');
});
afterAll(() => model.close());

describe('explain', () => {
  it('tells all features, the largest first; they lead from the base to the margin', async () => {
    const { score, explanation } = await explain(model, EVENT, 't/0/1');
    const { contributions, baseMargin, margin } = explanation;
    expect(contributions.map(({ feature }) => feature).sort()).toEqual(
      model.manifest.features.map(({ name }) => name).sort(),
    );
    const sizes = contributions.map(({ contribution }) => Math.abs(contribution));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    const sum = contributions.reduce((total, { contribution }) => total + contribution, baseMargin);
    expect(Math.abs(sum - margin)).toBeLessThan(1e-5);
    expect(score).toEqual((await model.score([{ event: EVENT, scoreId: 't/0/1' }]))[0]);
    expect(explanation.churnProbability).toBe(sigmoid(margin));
    expect(contributions.slice(0, 3).map(({ feature, contribution }) => ({ feature, contribution }))).toEqual(
      score.reasons,
    );
    expect(contributions.find(({ feature }) => feature === 'gender')?.value).toBeNull();
    expect(contributions.find(({ feature }) => feature === 'age')?.value).toBe(52);
  });
});

describe('waterfall', () => {
  const explanation: Explanation = {
    scoreId: 't/0/1',
    eventId: 'e1',
    customerId: 'c1',
    modelVersion: 'v',
    modelSha256: '00',
    churnProbability: sigmoid(2),
    churnPrediction: true,
    riskLevel: 'HIGH',
    margin: 2,
    baseMargin: -1,
    baseProbability: sigmoid(-1),
    contributions: [
      { feature: 'age', value: 52, contribution: 5 },
      { feature: 'gender', value: null, contribution: -2 },
      { feature: 'tenure', value: 3, contribution: 0 },
    ],
  };
  const line = (label: string, number: string, bar: string): string =>
    `${label.padEnd(30)} ${number}  ${bar}`;

  it('begins each bar where the one above it ended', () => {
    // 36 cells from −1 to 4: 7.2 a unit.
    expect(waterfall(explanation)).toEqual([
      'log-odds'.padStart(36),
      line('average customer 26.9 %', '−1.00', '│'),
      line('age = 52', '+5.00', `${'─'.repeat(35)}►`),
      line('gender = missing', '−2.00', `${' '.repeat(22)}◄${'─'.repeat(13)}`),
      line('tenure = 3', '+0.00', `${' '.repeat(22)}·`),
      line('this customer    88.1 %', '+2.00', `${' '.repeat(22)}│`),
    ]);
  });

  it('has room for long names and values, and puts the least of many features together', () => {
    const contributions = Array.from({ length: 41 }, (_, i) => ({
      feature: `paymentMethodOfMonth${String(i)}`,
      value: 'by bank transfer, each month',
      contribution: i < 39 ? 1 : -0.5,
    }));
    const lines = waterfall({ ...explanation, contributions, margin: 37 });
    expect(lines).toHaveLength(43);
    expect(lines[2]).toMatch(/^paymentMethodOfMonth0 = by bank transfer, each … \+1\.00 /);
    expect(lines[41]).toMatch(/^2 other features +−1\.00 /);
    expect(new Set(lines.slice(1).map((text) => /[+−]/.exec(text)!.index))).toEqual(new Set([49]));
    expect(waterfall({ ...explanation, contributions: contributions.slice(0, 40) })).toHaveLength(43);
  });
});
